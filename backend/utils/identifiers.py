"""Identifiers that sort by time."""

import secrets
import time
import uuid

_RANDOM_BITS = 74


def uuid7() -> uuid.UUID:
    """Return a version 7 UUID: 48 bits of Unix milliseconds, then randomness (RFC 9562, 5.7)."""
    random = secrets.randbits(_RANDOM_BITS)
    high, low = random >> 62, random & ((1 << 62) - 1)
    milliseconds = time.time_ns() // 1_000_000 & ((1 << 48) - 1)
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
