"""A backup in one file: what was dumped, a manifest of it, and a code that tells whether either was altered.

The file is an uncompressed tar archive. Its members are, in this order: `manifest.json`, `manifest.mac`, and
the parts that the manifest lists with their sizes and SHA-256. The code is an HMAC of the manifest under a
key that is derived from a master key, so nobody makes or alters an archive without that. No key is in it.
Nothing is read of a part before the manifest is known to be ours.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from backend.core import folders
from backend.core.masters import MasterKey, MasterKeys
from backend.utils.security import expand, extract, is_equal, keyed_hash

_MANIFEST: Final = "manifest.json"
_MAC: Final = "manifest.mac"
_PURPOSE: Final = "backup-archive"
_LONGEST_HEAD: Final = 4 * 1024 * 1024  # bytes of a manifest: some hundred for each table and key
_PIECE: Final = 1024 * 1024


class ArchiveBrokenError(Exception):
    """The file is no archive of this service, or is not as it was written; the message says which."""


class ArchiveKeyMissingError(Exception):
    """The master key that the archive was sealed under is not here; the message names it."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the manifest says of one part: its bytes and their SHA-256, in hexadecimal digits."""

    size: int
    sha256: str


def measure(path: Path) -> Part:
    """Return size and digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
        return Part(file.tell(), digest.hexdigest())


def write(target: Path, manifest: bytes, parts: Mapping[str, Path], *, master: MasterKey) -> None:
    """Write an archive, which is there whole or not at all, and for its owner alone.

    Raises:
        FileExistsError: Something is there already.
        OSError: It cannot be written.
    """
    # A name that nobody can foresee: others may be allowed to write to the folder. Mode 0600 from the start.
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                _add(archive, _MANIFEST, io.BytesIO(manifest), len(manifest))
                seal = _seal(manifest, master)
                _add(archive, _MAC, io.BytesIO(seal), len(seal))
                for name, path in parts.items():
                    with path.open("rb") as part:
                        _add(archive, name, part, path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        _put(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    folders.sync(target.parent)


def read_manifest(path: Path, *, masters: MasterKeys) -> bytes:
    """Return the manifest, if it is as it was written.

    Raises:
        ArchiveBrokenError: It is not, or the file is no archive.
        ArchiveKeyMissingError: The master key that it was sealed under is not here.
        OSError: The file cannot be read.
    """
    with _opened(path) as archive:
        manifest, seal = _head(archive, _MANIFEST), _head(archive, _MAC)
    try:
        members = json.loads(seal)
        key_id, mac = bytes.fromhex(members["master_key"]), bytes.fromhex(members["mac"])
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveBrokenError("its code is not in the form that is written") from error
    master = masters.find(key_id)
    if master is None:
        raise ArchiveKeyMissingError(
            f"The archive was sealed under the master key {key_id.hex()}, which is not among the keys here."
        )
    if not is_equal(mac, _mac(manifest, master)):
        raise ArchiveBrokenError("its manifest was altered")
    return manifest


def unpack(path: Path, parts: Mapping[str, Part], folder: Path) -> None:
    """Write the parts into a folder, each checked against what the manifest says of it.

    Raises:
        ArchiveBrokenError: A part was altered, is missing or was added. What was written is then worthless.
        OSError: The file cannot be read, or the folder not be written.
    """
    with _opened(path) as archive:
        _head(archive, _MANIFEST)
        _head(archive, _MAC)
        for name, part in parts.items():
            member = _next(archive, name)
            if member.size != part.size:
                raise ArchiveBrokenError(f"{name} is not as long as it was")
            found = archive.extractfile(member)
            if found is None or _copy(found, folder / Path(name).name) != part.sha256:
                raise ArchiveBrokenError(f"{name} was altered")
        if archive.next() is not None:
            raise ArchiveBrokenError("something was added to it")


def _put(draft: Path, target: Path) -> None:
    """Give a whole file its name, which must be nobody's."""
    try:
        os.link(draft, target)  # unlike a rename, it takes nobody's place
    except FileExistsError:
        raise
    except OSError:
        # Sticks and shares know no second name for a file. The name is taken first, and then replaced.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            draft.replace(target)
        except BaseException:
            target.unlink()
            raise


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as archive:
            yield archive
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveBrokenError("it is no archive, or not all of one") from error


def _next(archive: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    member = archive.next()
    if member is None or member.name != name or not member.isreg():
        raise ArchiveBrokenError(f"{name} is not where it should be")
    return member


def _head(archive: tarfile.TarFile, name: str) -> bytes:
    member = _next(archive, name)
    found = archive.extractfile(member)
    if found is None or member.size > _LONGEST_HEAD:
        raise ArchiveBrokenError(f"{name} is longer than any")
    return found.read()


def _copy(source: IO[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := source.read(_PIECE):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, content)


def _seal(manifest: bytes, master: MasterKey) -> bytes:
    return json.dumps({"master_key": master.name, "mac": _mac(manifest, master).hex()}).encode()


def _mac(manifest: bytes, master: MasterKey) -> bytes:
    return keyed_hash(expand(extract(master.key), _PURPOSE), manifest)
