"""The service's keys: the master key that wraps people's data keys, and the keys that sign.

They come from settings, or from files in `<data>/keys` that `safeplate serve` creates with mode 0600. They
are never stored in the database, and no key has a default.
"""

import hashlib
import os
import tempfile
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from backend.core import signing
from backend.core.config import AuthSettings, Settings
from backend.core.signing import KeySet, SigningKeys
from backend.utils.security import (
    KEY_BYTES,
    SealBrokenError,
    derive,
    from_base64url,
    keyed_hash,
    new_key,
    open_sealed,
    seal,
    to_base64url,
)

_MASTER_FILE = "master.key"
_SIGNING_FILE = "signing.json"
_KEY_ID_BYTES = 8
_NOT_IN_FORM = (
    "The keys are not in the form that `safeplate keys create` prints: a master key of 32 bytes, and a set "
    "of private P-256 keys, each with a kid of its own."
)


class KeysMissingError(Exception):
    """The service has no keys: neither settings nor the data folder hold them."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of the service, in memory.

    Attributes:
        master: Wraps data keys; its derivations serve keyed hashes.
        signing: The keys that sign, which follow their file.
    """

    master: bytes = field(repr=False)
    signing: SigningKeys

    @property
    def signer(self) -> ECKey:
        """The key that signs new tokens."""
        return self.signing.signer

    def wrap(self, key: bytes, *, owner: uuid.UUID, purpose: str) -> bytes:
        """Seal a key under the master key, bound to its owner and purpose, marked with the master's id."""
        return self._id() + seal(self.master, key, associated=_binding(owner, purpose))

    def unwrap(self, wrapped: bytes, *, owner: uuid.UUID, purpose: str) -> bytes:
        """Return the key that `wrap` sealed.

        Raises:
            SealBrokenError: It is another owner's, another purpose's or another master key's, or was altered.
        """
        if wrapped[:_KEY_ID_BYTES] != self._id():
            raise SealBrokenError
        return open_sealed(self.master, wrapped[_KEY_ID_BYTES:], associated=_binding(owner, purpose))

    def fingerprint(self, purpose: str, value: str) -> str:
        """Return a keyed hash of a value that must be recognised and never read (64 hexadecimal digits)."""
        return keyed_hash(derive(self.master, purpose), value.encode()).hex()

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the public signing keys as a JWK set (RFC 7517, 5)."""
        return self.signing.public_jwks()

    def _id(self) -> bytes:
        return hashlib.sha256(b"safeplate master key id" + self.master).digest()[:_KEY_ID_BYTES]


def _binding(owner: uuid.UUID, purpose: str) -> bytes:
    return purpose.encode() + b"\x00" + owner.bytes


def load(settings: Settings) -> Keyring:
    """Read the keys from settings or the data folder.

    Raises:
        KeysMissingError: There are none, or they are not of the right form.
    """
    folder = settings.data_dir / "keys"
    master = settings.keys.master.get_secret_value() if settings.keys.master else _read(folder / _MASTER_FILE)
    life = settings.auth.access_token_ttl
    return parse(master, _signing_text(settings), life=life, path=signing_file(settings))


def parse(
    master: str,
    signing_keys: str,
    *,
    life: timedelta = AuthSettings().access_token_ttl,  # noqa: B008 - frozen, and read from nowhere
    path: Path | None = None,
) -> Keyring:
    """Build the keyring from its text form.

    Args:
        master: The master key, in base64url.
        signing_keys: The set of signing keys.
        life: How long access tokens live.
        path: Where the signing keys come from, if that is a file to follow.

    Raises:
        KeysMissingError: The text is not a 32-byte key in base64url and a JWK set of P-256 keys.
    """
    try:
        key = from_base64url(master.strip())
        found = signing.parse(signing_keys)
    except ValueError as error:
        raise KeysMissingError(_NOT_IN_FORM) from error
    if len(key) != KEY_BYTES:
        raise KeysMissingError(_NOT_IN_FORM)
    return Keyring(master=key, signing=SigningKeys(found, life=life, path=path))


def signing_file(settings: Settings) -> Path | None:
    """Return the file that holds the signing keys; None where a setting holds them."""
    return None if settings.keys.signing else settings.data_dir / "keys" / _SIGNING_FILE


def read_signing(settings: Settings) -> KeySet:
    """Return the signing keys as they are stored now.

    Raises:
        KeysMissingError: There are none, or they are not of the right form.
    """
    try:
        return signing.parse(_signing_text(settings))
    except ValueError as error:
        raise KeysMissingError(_NOT_IN_FORM) from error


def generate() -> tuple[str, str]:
    """Return a new master key and a new set of signing keys, in their text form."""
    return to_base64url(new_key()), KeySet((signing.new_key(),)).to_text()


def have_files(data_dir: Path) -> bool:
    """Tell whether the data folder holds both key files."""
    return all((data_dir / "keys" / name).exists() for name in (_MASTER_FILE, _SIGNING_FILE))


def create_files(data_dir: Path) -> None:
    """Create the data folder (0700) and, where they are missing, the key files (0600).

    Each file is written beside its place and linked into it, so that of two processes that start together one
    wins and both read the same whole file.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = data_dir / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, text in zip((_MASTER_FILE, _SIGNING_FILE), generate(), strict=True):
        if (folder / name).exists():
            continue
        descriptor, draft = tempfile.mkstemp(dir=folder)  # mode 0600 from the start
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, folder / name)
        except FileExistsError:
            continue  # another process was first, and its key is the one
        finally:
            Path(draft).unlink()


def _signing_text(settings: Settings) -> str:
    if settings.keys.signing:
        return settings.keys.signing.get_secret_value()
    return _read(settings.data_dir / "keys" / _SIGNING_FILE)


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except FileNotFoundError as error:
        message = (
            f"There is no key at {path}. `safeplate serve` creates keys in its data folder; elsewhere set "
            "SAFEPLATE_KEYS__MASTER and SAFEPLATE_KEYS__SIGNING to what `safeplate keys create` prints."
        )
        raise KeysMissingError(message) from error
