"""Keys, secrets and capabilities: how they are made; `web.digests` has what is stored of them.

All are 256 bits in lower-case hexadecimal, which survives every form, shell and log unchanged.
"""

import re
import secrets

from django.utils.crypto import salted_hmac

_HEX_256 = re.compile(r"[0-9a-f]{64}")


def new_sitekey() -> str:
    """Make the public name of a site: 160 random bits."""
    return secrets.token_hex(20)


def new_secret() -> str:
    """Make a secret of 256 random bits; so large a number needs no slow password hash."""
    return secrets.token_hex(32)


def derive(purpose: str, *parts: object) -> str:
    """Derive an unguessable 256-bit value from SECRET_KEY that can be made again at a retry.

    Only its digest is stored, so that a copy of the database opens nothing; a client that lost the
    answer of the network asks again and gets the same value.
    """
    message = "|".join(str(part) for part in parts)
    return salted_hmac(f"captcha.{purpose}", message, algorithm="sha256").hexdigest()


def is_well_formed(value: str) -> bool:
    """Tell whether this can be a value of `derive` or `new_secret` at all."""
    return _HEX_256.fullmatch(value) is not None
