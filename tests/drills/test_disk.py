"""The simulated disk keeps what was promised, and nothing else: a drill on it is worth no more than that."""

from pathlib import Path

import pytest

from tests.drills.disk import Disk
from tests.drills.trace import calls


def _hex(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return "".join(f"\\x{byte:02x}" for byte in data)


class _Trace:
    """Lines as `strace` writes them, of calls on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []

    def open(self, name: str, flags: str = "O_RDWR|O_CREAT") -> None:
        """Open a file."""
        self.add(f'openat(AT_FDCWD<{_hex("/")}>, "{_hex(self._path(name))}", {flags}, 0600) = 5')

    def write(self, name: str, data: str, offset: int) -> None:
        """Write into a file."""
        self.add(
            f'pwrite64(5<{_hex(self._path(name))}>, "{_hex(data)}", {len(data)}, {offset}) = {len(data)}'
        )

    def sync(self, name: str = "", call: str = "fdatasync") -> None:
        """Sync a file, or the folder."""
        self.add(f"{call}(5<{_hex(self._path(name))}>) = 0")

    def names(self, call: str, *names: str, result: str = "0") -> None:
        """Change names."""
        texts = ", ".join(f'"{_hex(self._path(name))}"' for name in names)
        self.add(f"{call}({texts}) = {result}")

    def add(self, line: str, thread: int = 7) -> None:
        """Write down a line."""
        self.lines.append(f"{thread} {line}\n")

    def left(self) -> dict[str, str]:
        """Return what a power cut leaves of the files, where nothing is there that was not promised."""
        disk, target = Disk(self.folder), self.folder.parent / "left"
        for call in calls(self.lines):
            disk.apply(call)
        disk.cut(target, None)
        return {path.name: path.read_text() for path in target.iterdir()}

    def _path(self, name: str) -> str:
        return str(self.folder / name) if name else str(self.folder)


@pytest.fixture
def trace(tmp_path: Path) -> _Trace:
    """Return a trace of an empty folder, in which nothing happened yet."""
    folder = tmp_path / "folder"
    folder.mkdir()
    return _Trace(folder)


@pytest.mark.parametrize("call", ["fsync", "fdatasync"])
def test_a_name_is_kept_once_its_folder_was_synced(trace: _Trace, call: str) -> None:
    trace.open("log")
    trace.write("log", "one", 0)
    trace.sync("log")
    assert trace.left() == {}

    trace.sync(call=call)

    assert trace.left() == {"log": "one"}


def test_a_write_is_kept_once_its_file_was_synced(trace: _Trace) -> None:
    trace.open("log")
    trace.sync()
    trace.write("log", "one", 0)
    assert trace.left() == {"log": ""}

    trace.sync("log")
    trace.write("log", "two", 3)

    assert trace.left() == {"log": "one"}


def test_of_two_syncs_at_once_neither_keeps_what_was_sent_after_it_began(trace: _Trace) -> None:
    path = _hex(str(trace.folder / "log"))
    trace.open("log")
    trace.sync()
    trace.write("log", "a", 0)
    trace.add(f"fdatasync(5<{path}> <unfinished ...>", thread=1)
    trace.write("log", "b", 1)
    trace.add(f"fdatasync(6<{path}> <unfinished ...>", thread=2)
    trace.write("log", "c", 2)
    trace.add("<... fdatasync resumed>) = 0", thread=1)
    assert trace.left() == {"log": "a"}

    trace.add("<... fdatasync resumed>) = 0", thread=2)

    assert trace.left() == {"log": "ab"}


def test_a_file_that_was_removed_is_back_until_its_folder_was_synced(trace: _Trace) -> None:
    (trace.folder / "journal").write_text("before")
    trace.names("unlink", "journal")
    assert trace.left() == {"journal": "before"}

    trace.open("journal")
    trace.write("journal", "after", 0)
    trace.sync("journal")
    assert trace.left() == {"journal": "before"}

    trace.sync()

    assert trace.left() == {"journal": "after"}


def test_a_draft_takes_its_place_whole(trace: _Trace) -> None:
    (trace.folder / "key").write_text("old")
    trace.open("draft")
    trace.write("draft", "new", 0)
    trace.sync("draft")
    trace.names("rename", "draft", "key")
    assert trace.left() == {"key": "old"}

    trace.sync()

    assert trace.left() == {"key": "new"}


def test_a_call_that_failed_changed_nothing(trace: _Trace) -> None:
    (trace.folder / "key").write_text("old")
    trace.open("draft")
    trace.names("link", "draft", "key", result="-1 EEXIST (File exists)")
    trace.names("unlink", "draft")
    trace.sync()

    assert trace.left() == {"key": "old"}
