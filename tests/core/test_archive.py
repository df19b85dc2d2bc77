"""Archives: what is altered anywhere in one is noticed before anything is done with it."""

import errno
import os
import secrets
from pathlib import Path

import pytest

from backend.core import archive, masters
from backend.core.archive import ArchiveBrokenError, ArchiveKeyMissingError
from backend.core.masters import MasterKeys
from backend.utils.security import new_key, to_base64url

MANIFEST = b'{"format": 1}'


def _masters() -> MasterKeys:
    return MasterKeys(masters.parse(to_base64url(new_key())))


@pytest.fixture
def keys() -> MasterKeys:
    """Return master keys."""
    return _masters()


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path]:
    """Return two files."""
    found = {"database.sqlite": tmp_path / "one", "audit-heads.jsonl": tmp_path / "two"}
    for path in found.values():
        path.write_bytes(secrets.token_bytes(3_000))
    return found


@pytest.fixture
def written(tmp_path: Path, parts: dict[str, Path], keys: MasterKeys) -> Path:
    """Return an archive of both."""
    path = tmp_path / "archive"
    archive.write(path, MANIFEST, parts, master=keys.wrapper)
    return path


def _read(path: Path, parts: dict[str, Path], keys: MasterKeys, folder: Path) -> dict[str, bytes]:
    """Return what is in an archive, if it is whole."""
    folder.mkdir()
    assert archive.read_manifest(path, masters=keys) == MANIFEST
    archive.unpack(path, {name: archive.measure(part) for name, part in parts.items()}, folder)
    return {name: (folder / name).read_bytes() for name in parts}


def test_an_archive_gives_back_what_was_written(
    written: Path, parts: dict[str, Path], keys: MasterKeys, tmp_path: Path
) -> None:
    found = _read(written, parts, keys, tmp_path / "out")

    assert found == {name: part.read_bytes() for name, part in parts.items()}
    assert written.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("*.part")) == []


def test_an_archive_takes_nobodys_place(written: Path, parts: dict[str, Path], keys: MasterKeys) -> None:
    before = written.read_bytes()

    with pytest.raises(FileExistsError):
        archive.write(written, MANIFEST, parts, master=keys.wrapper)

    assert written.read_bytes() == before


def test_an_archive_is_not_written_through_what_somebody_laid_there(
    parts: dict[str, Path], keys: MasterKeys, tmp_path: Path
) -> None:
    victim, path = tmp_path / "victim", tmp_path / "laid"
    victim.write_bytes(b"whole")
    (tmp_path / "laid.part").symlink_to(victim)

    archive.write(path, MANIFEST, parts, master=keys.wrapper)

    assert victim.read_bytes() == b"whole"
    assert archive.read_manifest(path, masters=keys) == MANIFEST


def test_an_archive_is_written_where_a_file_has_one_name_alone(
    parts: dict[str, Path], keys: MasterKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no second name")  # as sticks and shares do

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "stick"
    archive.write(path, MANIFEST, parts, master=keys.wrapper)
    with pytest.raises(FileExistsError):
        archive.write(path, b"{}", parts, master=keys.wrapper)

    found = _read(path, parts, keys, tmp_path / "out")

    assert found == {name: part.read_bytes() for name, part in parts.items()}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("*.part")) == []


def test_an_archive_that_cannot_have_its_name_leaves_nothing_under_it(
    parts: dict[str, Path], keys: MasterKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no second name")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(PermissionError):
        archive.write(tmp_path / "stick", MANIFEST, parts, master=keys.wrapper)

    assert list(tmp_path.glob("*stick*")) == []


def test_one_altered_byte_is_noticed_or_changes_nothing(
    written: Path, parts: dict[str, Path], keys: MasterKeys, tmp_path: Path
) -> None:
    whole = written.read_bytes()
    content = {name: part.read_bytes() for name, part in parts.items()}
    noticed = 0

    for number, offset in enumerate(range(0, len(whole), 97)):
        changed = bytearray(whole)
        changed[offset] ^= 0x15
        written.write_bytes(changed)
        try:
            assert _read(written, parts, keys, tmp_path / f"out{number}") == content
        except ArchiveBrokenError:
            noticed += 1
        except ArchiveKeyMissingError:
            noticed += 1  # the name of the key is what was altered

    assert noticed > len(whole) // 97 // 3  # half of so small an archive is padding


@pytest.mark.parametrize("share", [0, 0.3, 0.7])
def test_an_archive_that_was_cut_off_is_noticed(
    written: Path, parts: dict[str, Path], keys: MasterKeys, tmp_path: Path, share: float
) -> None:
    whole = written.read_bytes()
    written.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(ArchiveBrokenError):
        _read(written, parts, keys, tmp_path / "out")


def test_an_archive_under_another_key_names_it(written: Path, keys: MasterKeys) -> None:
    with pytest.raises(ArchiveKeyMissingError, match=keys.wrapper.name):
        archive.read_manifest(written, masters=_masters())
