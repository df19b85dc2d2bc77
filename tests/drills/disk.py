"""What a power cut leaves of a folder: a trace of system calls, replayed as far as the disk had promised.

A write is *sent* when its call begins, and *kept* once a later `fsync` or `fdatasync` of the same file has
returned. A name is sent when the call that gave or took it has returned, and kept once its folder was synced.
What was sent and not kept may be on the disk, or not, or in part: a cut is tried with none and with some of
it.

Of shared memory (`-shm`) nothing is followed: SQLite makes it anew whenever a database is opened first.
"""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from tests.drills.trace import Call

SECTOR: Final = 512
"""Bytes that a disk writes whole or not at all."""


@dataclass(eq=False)
class _File:
    """One file, or one folder: whatever a name leads to."""

    is_folder: bool = False
    kept: bytearray = field(default_factory=bytearray)
    sent: list[tuple[int, bytes]] = field(default_factory=list)  # an offset of -1: cut to a length
    forgotten: int = 0
    """How many changes before those in `sent` are kept: so that two who sync at once count alike."""
    end: int = 0
    """Its length as the processes see it."""

    def send(self, offset: int, data: bytes) -> None:
        """Change it, for the processes to see."""
        self.sent.append((offset, data))
        self.end = int.from_bytes(data) if offset < 0 else max(self.end, offset + len(data))

    def keep(self, until: int) -> None:
        """Keep the changes that were sent before a sync began."""
        count = max(0, until - self.forgotten)
        for change in self.sent[:count]:
            _write(self.kept, *change)
        del self.sent[:count]
        self.forgotten += count


@dataclass(eq=False)
class _Change:
    """Names that one call gave (to a file) and took (None), together."""

    folder: str
    names: dict[str, _File | None]


class Disk:
    """The files of one folder and those below it, as calls leave them."""

    def __init__(self, folder: Path) -> None:
        """Begin with what is there now: before anything that is replayed happened."""
        self._folder = str(folder)
        self._names: dict[str, _File] = {}
        for path in folder.rglob("*"):
            content = b"" if path.is_dir() else path.read_bytes()
            self._names[str(path)] = _File(path.is_dir(), bytearray(content), end=len(content))
        self._kept_names = dict(self._names)
        self._changes: list[_Change] = []
        self._syncing: dict[tuple[str, str], tuple[_File | None, int, list[_Change]]] = {}

    def apply(self, call: Call) -> bool:
        """Do what a call does, and tell whether it is about files of the folder."""
        if call.path != self._folder and not call.path.startswith(f"{self._folder}/"):
            return False
        if call.path.endswith("-shm"):
            return False
        if call.name in {"fsync", "fdatasync"}:
            self._sync(call)
        elif call.name in {"pwrite64", "write", "ftruncate"}:
            self._change(call)
        elif call.is_done:
            self._rename(call)
        return True

    def _change(self, call: Call) -> None:
        file = self._names.get(call.path)
        if file is None or call.has_returned:
            return
        if call.name == "pwrite64":
            file.send(call.numbers[-1], call.data)
        elif call.name == "write":  # nobody writes over what is there without saying where
            file.send(file.end, call.data)
        else:
            file.send(-1, call.numbers[-1].to_bytes(8))

    def _rename(self, call: Call) -> None:
        found = self._names.get(call.path)
        if call.name == "openat":
            if found is None and "O_CREAT" in call.flags:
                self._name({call.path: _File()})
            elif found is not None and "O_TRUNC" in call.flags:
                found.send(-1, bytes(8))
        elif call.name == "mkdir":
            self._name({call.path: _File(is_folder=True)})
        elif call.name in {"link", "linkat"}:
            self._name({call.other: found})
        elif call.name == "rename":
            taken: dict[str, _File | None] = {call.path: None}
            given = {call.other: found}
            if PurePath(call.path).parent == PurePath(call.other).parent:
                self._name(taken | given)
            else:  # each folder keeps its own
                self._name(given)
                self._name(taken)
        else:
            self._name({call.path: None})

    def _name(self, names: dict[str, _File | None]) -> None:
        _apply(self._names, names)
        self._changes.append(_Change(str(PurePath(next(iter(names))).parent), names))

    def _sync(self, call: Call) -> None:
        key = (call.thread, call.path)
        if not call.has_returned:
            file = self._names.get(call.path)
            sent = file.forgotten + len(file.sent) if file else 0
            self._syncing[key] = file, sent, [one for one in self._changes if one.folder == call.path]
            return
        file, until, changes = self._syncing.pop(key)
        if not call.is_done:
            return
        if file is not None:
            file.keep(until)
        for change in changes:
            if change in self._changes:
                self._changes.remove(change)
                _apply(self._kept_names, change.names)

    def cut(self, folder: Path, chance: random.Random | None) -> None:
        """Make a folder as a power cut would leave this one now.

        Args:
            folder: Where.
            chance: What of that which was sent and not kept is there all the same; None for nothing.
        """
        names = dict(self._kept_names)
        for change in self._changes:
            if chance is not None and chance.random() < 0.5:
                _apply(names, change.names)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path, file in sorted(names.items()):
            place = folder / PurePath(path).relative_to(self._folder)
            if not place.parent.is_dir():  # the folder's own name is lost
                continue
            if file.is_folder:
                place.mkdir()
                continue
            content = bytearray(file.kept)
            for sent in _some(file.sent, chance) if chance else ():
                _write(content, *sent)
            place.write_bytes(content)


def _apply(names: dict[str, _File], changed: dict[str, _File | None]) -> None:
    for path, file in changed.items():
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file


def _some(sent: list[tuple[int, bytes]], chance: random.Random) -> Iterator[tuple[int, bytes]]:
    """Return about half of what was sent, sector by sector."""
    for offset, data in sent:
        size = len(data) if offset < 0 else SECTOR
        for start in range(0, len(data), size):
            if chance.random() < 0.5:
                yield offset + start, data[start : start + size]


def _write(content: bytearray, offset: int, data: bytes) -> None:
    if offset < 0:
        length = int.from_bytes(data)
        del content[length:]
        content.extend(bytes(length - len(content)))
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
