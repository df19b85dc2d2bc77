"""The service's keys: the master key that wraps people's data keys, and the keys that sign.

They come from settings, or from files in `<data>/keys` that `safeplate serve` creates with mode 0600. They
are never stored in the database, and no key has a default.
"""

import os
import tempfile
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from backend.core import folders, masters, signing
from backend.core.config import AuthSettings, Settings
from backend.core.masters import MasterKeys, MasterSet
from backend.core.signing import KeySet, SigningKeys
from backend.utils.security import (
    SealBrokenError,
    expand,
    keyed_hash,
    new_key,
    open_sealed,
    seal,
    to_base64url,
)

_MASTER_FILE = "master.key"
_SIGNING_FILE = "signing.json"
_NOT_IN_FORM = (
    "The keys are not in the form that `safeplate keys create` prints: a master key of 32 bytes, or a set of "
    "them, and a set of private P-256 keys, each with a kid of its own."
)


class KeysMissingError(Exception):
    """The service has no keys: neither settings nor the data folder hold them."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of the service, in memory.

    Attributes:
        masters: Wrap data keys, and follow their file; derivations of their index serve keyed hashes.
        signing: The keys that sign, which follow their file.
    """

    masters: MasterKeys
    signing: SigningKeys

    @property
    def signer(self) -> ECKey:
        """The key that signs new tokens."""
        return self.signing.signer

    def wrap(self, key: bytes, *, owner: uuid.UUID, purpose: str) -> bytes:
        """Seal a key under the master key, bound to its owner and purpose, marked with the master's id."""
        master = self.masters.wrapper
        return master.id + seal(master.key, key, associated=_binding(owner, purpose))

    def unwrap(self, wrapped: bytes, *, owner: uuid.UUID, purpose: str) -> bytes:
        """Return the key that `wrap` sealed.

        Raises:
            SealBrokenError: It is another owner's, purpose's or unknown master key's, or was altered.
        """
        master = self.masters.find(wrapped[: masters.ID_BYTES])
        if master is None:
            raise SealBrokenError
        return open_sealed(master.key, wrapped[masters.ID_BYTES :], associated=_binding(owner, purpose))

    def fingerprint(self, purpose: str, value: str) -> str:
        """Return a keyed hash of a value that must be recognised and never read (64 hexadecimal digits).

        It stays the same when the master key changes.
        """
        return keyed_hash(expand(self.masters.current().index, purpose), value.encode()).hex()

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the public signing keys as a JWK set (RFC 7517, 5)."""
        return self.signing.public_jwks()


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The files that hold keys; None where a setting holds them."""

    master: Path | None = None
    signing: Path | None = None


def _binding(owner: uuid.UUID, purpose: str) -> bytes:
    return purpose.encode() + b"\x00" + owner.bytes


def load(settings: Settings) -> Keyring:
    """Read the keys from settings or the data folder.

    Raises:
        KeysMissingError: There are none, or they are not of the right form.
    """
    life = settings.auth.access_token_ttl
    files = KeyFiles(master_file(settings), signing_file(settings))
    return parse(_master_text(settings), _signing_text(settings), life=life, files=files)


def parse(
    master: str,
    signing_keys: str,
    *,
    life: timedelta = AuthSettings().access_token_ttl,  # noqa: B008 - frozen, and read from nowhere
    files: KeyFiles = KeyFiles(),
) -> Keyring:
    """Build the keyring from its text form.

    Args:
        master: The master key, or the set of them.
        signing_keys: The set of signing keys.
        life: How long access tokens live.
        files: Where they come from, as far as those are files to follow.

    Raises:
        KeysMissingError: The text is not 32-byte keys in base64url and a JWK set of P-256 keys.
    """
    try:
        found, signers = masters.parse(master), signing.parse(signing_keys)
    except ValueError as error:
        raise KeysMissingError(_NOT_IN_FORM) from error
    return Keyring(
        masters=MasterKeys(found, path=files.master),
        signing=SigningKeys(signers, life=life, path=files.signing),
    )


def master_file(settings: Settings) -> Path | None:
    """Return the file that holds the master keys; None where a setting holds them."""
    return None if settings.keys.master else settings.data_dir / "keys" / _MASTER_FILE


def signing_file(settings: Settings) -> Path | None:
    """Return the file that holds the signing keys; None where a setting holds them."""
    return None if settings.keys.signing else settings.data_dir / "keys" / _SIGNING_FILE


def read_masters(settings: Settings) -> MasterSet:
    """Return the master keys as they are stored now.

    Raises:
        KeysMissingError: There are none, or they are not of the right form.
    """
    try:
        return masters.parse(_master_text(settings))
    except ValueError as error:
        raise KeysMissingError(_NOT_IN_FORM) from error


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
    folder = data_dir / "keys"
    for each in (data_dir, folder):
        folders.make(each)
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
    # Whoever made them: what is sealed from now on is lost without them.
    folders.sync(folder)


def _master_text(settings: Settings) -> str:
    if settings.keys.master:
        return settings.keys.master.get_secret_value()
    return _read(settings.data_dir / "keys" / _MASTER_FILE)


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
