"""The digest under which keys, secrets and capabilities are stored and looked up."""

import hashlib


def digest(value: str) -> str:
    """Return the SHA-256 that stands in place of a secret value, in hexadecimal.

    Values of 256 random bits need no slow password hash. Looking a digest up by index leaks no time
    about the value: an attacker cannot choose digests that begin as a stored one does without
    knowing the value itself.
    """
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
