"""The proof of work: how it is posed and checked, without Django.

The puzzle is hashcash's (Back, 2002): find a number such that the SHA-256 of the salt, a colon and
the number in decimal begins with so many zero bits. That takes 2^bits tries on average, and
checking takes one.
"""

import hashlib
import math
import re

ALGORITHM = "SHA-256"
_NONCE = re.compile(r"[0-9]{1,20}")


def is_solved(*, salt: str, nonce: str, bits: int) -> bool:
    """Tell whether this number solves the puzzle; anything but a decimal number does not."""
    if not _NONCE.fullmatch(nonce):
        return False
    found = hashlib.sha256(f"{salt}:{nonce}".encode()).digest()
    return int.from_bytes(found) >> (256 - bits) == 0


def solve(*, salt: str, bits: int) -> str:
    """Try the numbers from 0 until one solves the puzzle.

    >>> is_solved(salt="salt", nonce=solve(salt="salt", bits=8), bits=8)
    True
    """
    number = 0
    while not is_solved(salt=salt, nonce=str(number), bits=bits):
        number += 1
    return str(number)


def extra_bits(*, count: int, free: int, most: int) -> int:
    """Return by how many bits the work grows: one at each doubling over what is free.

    >>> [extra_bits(count=count, free=3, most=5) for count in (1, 3, 4, 6, 7, 12, 13, 1000)]
    [0, 0, 1, 1, 2, 2, 3, 5]
    """
    if count <= free:
        return 0
    return min(most, math.ceil(math.log2(count / free)))
