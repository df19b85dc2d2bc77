"""Sealing, keyed hashes and key derivation: pure functions over bytes."""

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32  # AES-256
_NONCE_BYTES = 12  # NIST SP 800-38D, 5.2.1.1
_VERSION = b"\x01"


class SealBrokenError(Exception):
    """A sealed document was altered, moved to another row, or sealed under another key."""


def new_key() -> bytes:
    """Return 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plaintext: bytes, *, associated: bytes) -> bytes:
    """Encrypt and authenticate with AES-256-GCM.

    Args:
        key: 32 bytes.
        plaintext: What to hide.
        associated: What the result is bound to; opening needs exactly the same bytes.

    Returns:
        A version byte, the 12-byte random nonce, then the ciphertext with its 16-byte tag.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, associated)


def open_sealed(key: bytes, sealed: bytes, *, associated: bytes) -> bytes:
    """Return the plaintext of `seal`.

    Raises:
        SealBrokenError: The bytes, the key or what they are bound to do not belong together.
    """
    nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if sealed[:1] != _VERSION or len(nonce) < _NONCE_BYTES:
        raise SealBrokenError
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, associated)
    except InvalidTag as error:
        raise SealBrokenError from error


def extract(key: bytes) -> bytes:
    """Return what keys for single purposes are derived from, and the key is not (HKDF, RFC 5869, 2.2)."""
    return keyed_hash(bytes(KEY_BYTES), key)


def expand(extracted: bytes, purpose: str) -> bytes:
    """Derive a 32-byte key for one purpose from what was extracted (RFC 5869, 2.3)."""
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=purpose.encode()).derive(extracted)


def keyed_hash(key: bytes, message: bytes) -> bytes:
    """Return the 32-byte HMAC-SHA-256 of the message."""
    return hmac.digest(key, message, hashlib.sha256)


def is_equal(left: bytes, right: bytes) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    return hmac.compare_digest(left, right)


def to_base64url(data: bytes) -> str:
    """Encode without padding (RFC 4648, 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Decode the canonical, unpadded form, and nothing else.

    Raises:
        ValueError: Padding, foreign characters, or bits that a decoder would drop.
    """
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if to_base64url(data) != text:
        message = "not canonical base64url"
        raise ValueError(message)
    return data


def new_code() -> str:
    """Return six random decimal digits."""
    return f"{secrets.randbelow(1_000_000):06}"


def new_link_token() -> str:
    """Return 256 random bits as text for a link."""
    return secrets.token_urlsafe(KEY_BYTES)
