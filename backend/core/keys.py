"""The service's keys: the master key that wraps people's data keys, and the keys that sign tokens.

They come from settings, or from files in `<data>/keys` that `safeplate serve` creates with mode 0600. They
are never stored in the database, and no key has a default.
"""

import hashlib
import json
import os
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from backend.core.config import Settings
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


class KeysMissingError(Exception):
    """The service has no keys: neither settings nor the data folder hold them."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of the service, in memory.

    Attributes:
        master: Wraps data keys; its derivations serve keyed hashes.
        signing: Private signing keys by `kid`; the first one signs.
    """

    master: bytes
    signing: Mapping[str, ECKey]

    @property
    def signer(self) -> ECKey:
        """The key that signs new tokens."""
        return next(iter(self.signing.values()))

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
        return {"keys": [key.as_dict(private=False) for key in self.signing.values()]}

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
    signing = (
        settings.keys.signing.get_secret_value() if settings.keys.signing else _read(folder / _SIGNING_FILE)
    )
    return parse(master, signing)


def parse(master: str, signing: str) -> Keyring:
    """Build the keyring from its text form.

    Raises:
        KeysMissingError: The text is not a 32-byte key in base64url and a JWK set of P-256 keys.
    """
    try:
        key = from_base64url(master.strip())
        members = [ECKey.import_key(item) for item in json.loads(signing)["keys"]]
    except (ValueError, KeyError, TypeError) as error:
        message = "The keys are not in the form that `safeplate keys create` prints."
        raise KeysMissingError(message) from error
    is_usable = all(item.is_private and item.curve_name == "P-256" and item.kid for item in members)
    if len(key) != KEY_BYTES or not members or not is_usable:
        message = "The master key must be 32 bytes, and the signing keys private P-256 keys with a kid."
        raise KeysMissingError(message)
    return Keyring(master=key, signing={str(item.kid): item for item in members})


def generate() -> tuple[str, str]:
    """Return a new master key and a new set of signing keys, in their text form."""
    key = ECKey.generate_key("P-256", private=True)
    kid = key.thumbprint()  # RFC 7638: the id follows from the key, so two keys never share one
    jwk = {**key.as_dict(private=True), "kid": kid, "use": "sig", "alg": "ES256"}
    return to_base64url(new_key()), json.dumps({"keys": [jwk]})


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


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except FileNotFoundError as error:
        message = (
            f"There is no key at {path}. `safeplate serve` creates keys in its data folder; elsewhere set "
            "SAFEPLATE_KEYS__MASTER and SAFEPLATE_KEYS__SIGNING to what `safeplate keys create` prints."
        )
        raise KeysMissingError(message) from error
