"""What is said to be stored keeps its name in a power cut: its folder is synced after it has the name."""

import os
import stat
from email.message import EmailMessage
from pathlib import Path

import pytest

from backend.core import archive, folders, keyfile, keys, masters
from backend.core.ledger import FileLedger
from backend.core.mail import FileMailer
from backend.core.masters import MasterKeys

pytestmark = pytest.mark.anyio

Kept = dict[Path, set[str]]
"""Of each folder that was synced, the names that were in it then."""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Return what is kept, from now on."""
    found: Kept = {}
    fsync = os.fsync

    def note(descriptor: int) -> None:
        fsync(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            found[Path(f"/proc/self/fd/{descriptor}").readlink()] = set(os.listdir(descriptor))

    monkeypatch.setattr(os, "fsync", note)
    return found


def test_a_new_data_folder_and_its_keys_are_kept(tmp_path: Path, kept: Kept) -> None:
    data_dir = tmp_path / "srv" / "data"

    keys.create_files(data_dir)

    assert "srv" in kept[tmp_path]
    assert "data" in kept[data_dir.parent]
    assert "keys" in kept[data_dir]
    assert kept[data_dir / "keys"] == {"master.key", "signing.json"}


def test_keys_that_another_process_made_are_kept_before_they_are_used(tmp_path: Path, kept: Kept) -> None:
    keys.create_files(tmp_path / "data")
    kept.clear()

    keys.create_files(tmp_path / "data")

    assert kept[tmp_path / "data" / "keys"] == {"master.key", "signing.json"}


def test_a_key_that_was_replaced_is_kept(tmp_path: Path, kept: Kept) -> None:
    path = tmp_path / "master.key"
    path.touch()

    keyfile.replace(path, "new")

    assert kept[tmp_path] == {"master.key"}


async def test_a_new_ledger_a_letter_and_a_backup_are_kept(tmp_path: Path, kept: Kept) -> None:
    message = EmailMessage()
    message["Message-ID"] = "<letter@example.com>"
    master = MasterKeys(masters.parse(keys.generate()[0])).wrapper

    await FileLedger(tmp_path / "ledger").append(["line"])
    assert "ledger" in kept[tmp_path]
    await FileMailer(tmp_path / "outbox").send(message)
    assert kept[tmp_path / "outbox"] == {"letter.eml"}
    assert "outbox" in kept[tmp_path]
    archive.write(tmp_path / "backup", b"{}", {}, master=master)
    assert "backup" in kept[tmp_path]


def test_a_file_system_that_cannot_sync_folders_is_no_reason_not_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)

    folders.make(tmp_path / "new")

    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_we_may_write_to_and_not_read_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, open_ = MasterKeys(masters.parse(keys.generate()[0])).wrapper, os.open

    def refuse(path: str | Path, *arguments: int) -> int:  # the tests may be allowed everything
        if Path(path) == tmp_path:
            raise PermissionError(13, "Permission denied")
        return open_(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)

    archive.write(tmp_path / "backup", b"{}", {}, master=master)

    assert (tmp_path / "backup").exists()


def test_a_folder_that_cannot_be_synced_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(OSError, match="Input/output"):
        folders.make(tmp_path / "new")
