"""What a power cut leaves: a trace of system calls, replayed as far as the disk had promised to keep.

A write is *sent* when its call begins, and *kept* once a later `fsync` of the same file has returned. What
was sent and not kept may be on the disk, or not, or in part: a cut is tried with none of it, and with some.
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

CALLS: Final = "pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync,ftruncate,openat,unlink"
SECTOR: Final = 512
"""Bytes that a disk writes whole or not at all."""

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_FILE = re.compile(r"^\d+<([^>]*)>")
_BYTES = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True)
class Call:
    """One call, at the moment when it began or when it returned."""

    name: str
    path: str
    has_returned: bool
    data: bytes = b""
    numbers: tuple[int, ...] = ()


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """Return the calls of a trace, each at its beginning and again at its end."""
    begun: dict[str, tuple[str, str]] = {}
    for line in lines:
        if match := _CALL.match(line):
            process, name, rest = match[1], match[2], match[3]
            arguments, unfinished, _ = rest.partition(" <unfinished ...>")
            yield _call(name, arguments, has_returned=False)
            if unfinished:
                begun[process] = name, arguments
            else:
                yield _call(name, arguments, has_returned=True)
        elif match := _RESUMED.match(line):
            name, arguments = begun.pop(match[1], (match[2], ""))
            yield _call(name, arguments + match[3], has_returned=True)


def _call(name: str, arguments: str, *, has_returned: bool) -> Call:
    file = _FILE.match(arguments)
    path = _decode(file[1]).decode(errors="replace") if file and file[1].startswith("\\x") else ""
    if name in {"openat", "unlink"}:
        found = _BYTES.search(arguments)
        path = _decode(found[1]).decode(errors="replace") if found else ""
        return Call(name, path, has_returned, data=arguments.encode())
    data = b"".join(_decode(part) for part in _BYTES.findall(arguments))
    tail = arguments.rpartition('"')[2].partition(")")[0]
    return Call(name, path, has_returned, data, tuple(map(int, re.findall(r"-?\b\d+\b", tail))))


def _decode(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass
class _File:
    kept: bytearray = field(default_factory=bytearray)
    sent: list[tuple[int, bytes]] = field(default_factory=list)  # an offset of -1: cut to a length
    has_name: bool = False
    """Whether the folder's entry was kept too."""


class Disk:
    """The files of one folder, as calls leave them."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._files = {
            str(path): _File(bytearray(path.read_bytes()), has_name=True) for path in folder.glob("*.db*")
        }
        self._syncing: dict[str, int] = {}

    def apply(self, call: Call) -> None:
        """Do what a call does."""
        if call.path == self._folder and call.name == "fsync" and call.has_returned:
            for file in self._files.values():
                file.has_name = True
        if (
            not call.path.startswith(f"{self._folder}/")
            or ".db" not in call.path
            or call.path.endswith("-shm")
        ):
            return
        if call.name == "unlink":
            self._files.pop(call.path, None)
            return
        file = self._files.setdefault(call.path, _File())
        if call.name in {"fsync", "fdatasync"}:
            self._sync(call, file)
        elif not call.has_returned and call.name == "pwrite64":
            file.sent.append((call.numbers[-1], call.data))
        elif not call.has_returned and call.name == "ftruncate":
            file.sent.append((-1, _length(call)))

    def _sync(self, call: Call, file: _File) -> None:
        if not call.has_returned:
            self._syncing[call.path] = len(file.sent)
            return
        for change in file.sent[: (count := self._syncing.pop(call.path, 0))]:
            _write(file.kept, *change)
        del file.sent[:count]

    def cut(self, folder: Path, chance: random.Random | None) -> None:
        """Write the files as a power cut would leave them now.

        Args:
            folder: Where to.
            chance: Which sectors of what was sent and not kept are there all the same; None for none.
        """
        for path, file in self._files.items():
            content = bytearray(file.kept)
            if chance is None:
                if not file.has_name:
                    continue
            else:
                if not file.has_name and chance.random() < 0.5:
                    continue
                for change in _some(file.sent, chance):
                    _write(content, *change)
            (folder / Path(path).name).write_bytes(content)


def _some(sent: list[tuple[int, bytes]], chance: random.Random) -> Iterator[tuple[int, bytes]]:
    """Return about half of what was sent, sector by sector."""
    for offset, data in sent:
        size = len(data) if offset < 0 else SECTOR
        for start in range(0, len(data), size):
            if chance.random() < 0.5:
                yield offset + start, data[start : start + size]


def _length(call: Call) -> bytes:
    return call.numbers[-1].to_bytes(8)


def _write(content: bytearray, offset: int, data: bytes) -> None:
    if offset < 0:
        del content[int.from_bytes(data) :]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
