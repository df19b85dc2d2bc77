"""System calls that `strace -f -y -xx` wrote down, each at the moment when it began and when it returned."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from tests.drills import parts

ANSWERS: Final = frozenset({"write", "writev", "sendto", "sendmsg"})
_FILES: Final = ("pwrite64", "fsync", "fdatasync", "ftruncate")
_NAMES: Final = ("openat", "unlink", "unlinkat", "rename", "link", "linkat", "mkdir", "rmdir")
CALLS: Final = ",".join((*_FILES, *_NAMES, *sorted(ANSWERS)))

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_FILE = re.compile(r"^[\w-]+<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
_BYTES = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_RESULT = re.compile(r"\) += (-?\d+)")


@dataclass(frozen=True)
class Call:
    """One call, at the moment when it began or when it returned.

    Attributes:
        thread: Who made it.
        path: The file that it is on, or the name that it is about; empty for anything else.
        other: The second name, of a call that has two.
        flags: How a file is opened, as the trace has it.
    """

    name: str
    thread: str = ""
    path: str = ""
    has_returned: bool = False
    is_done: bool = False
    data: bytes = b""
    numbers: tuple[int, ...] = ()
    other: str = ""
    flags: str = ""


def wrapper(log: Path) -> tuple[str, ...]:
    """Return the command that writes down the calls of another, and of all that it starts."""
    options = ("-f", "-y", "-xx", "-s", "300000", "--seccomp-bpf", "-o", str(log), "-e", f"trace={CALLS}")
    return (parts.find("strace", "strace"), *options)


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """Return the calls of a trace, each at its beginning and again at its end."""
    begun: dict[str, str] = {}
    for line in lines:
        if match := _CALL.match(line):
            thread, name, rest = match[1], match[2], match[3]
            arguments, unfinished, _ = rest.partition(" <unfinished ...>")
            yield _call(name, thread, arguments, has_returned=False)
            if unfinished:
                begun[thread] = arguments
            else:
                yield _call(name, thread, arguments, has_returned=True)
        elif match := _RESUMED.match(line):
            yield _call(match[2], match[1], begun.pop(match[1], "") + match[3], has_returned=True)


def _call(name: str, thread: str, arguments: str, *, has_returned: bool) -> Call:
    file, texts, result = _FILE.match(arguments), _BYTES.findall(arguments), _RESULT.search(arguments)
    is_done = has_returned and result is not None and int(result[1]) >= 0
    if name in _NAMES:
        base = _decode(file[1]).decode(errors="replace") if file else ""
        names = [str(PurePath(base, _decode(text).decode(errors="replace"))) for text in texts]
        path, other = (*names, "", "")[:2]
        return Call(
            name, thread, path, has_returned, is_done, other=other, flags=arguments.rpartition('"')[2]
        )
    path = _decode(file[1]).decode(errors="replace") if file and not file[2] else ""
    data = b"".join(map(_decode, texts))
    tail = arguments.rpartition('"')[2].partition(")")[0]
    numbers = tuple(map(int, re.findall(r"-?\b\d+\b", tail)))
    return Call(name, thread, path, has_returned, is_done, data, numbers)


def _decode(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
