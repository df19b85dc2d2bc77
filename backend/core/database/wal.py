"""SQLite's log, read by ourselves: what it drops without a word when the service starts.

SQLite reads its log up to the first frame whose checksum is wrong, and takes that for the end: a power cut
leaves such a tail. One wrong bit further up looks the same to it, and every later commit would be gone
unnoticed. But each commit is on the disk before the next begins (`synchronous = FULL`): a whole commit behind
a broken one means damage, and no power cut.

Format: https://www.sqlite.org/fileformat2.html#walformat
"""

import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_MAGIC: Final = 0x377F0682  # the last bit tells the byte order of the checksums

_AGAIN: Final = 0.5
"""Seconds until damage is looked at again: another process may have been writing while we read."""


class LogDamagedError(Exception):
    """The log holds commits that cannot be reached any more."""


@dataclass(frozen=True, slots=True)
class _Frame:
    is_whole: bool
    commits: bool


def require_whole_log(database: Path) -> None:
    """Check, before a database is opened, that its log was not damaged in the middle.

    Damage in the very last commit cannot be told from a power cut, and passes.

    Raises:
        LogDamagedError: Later commits would be dropped.
    """
    try:
        _require_whole(database)
    except LogDamagedError:
        time.sleep(_AGAIN)
        _require_whole(database)


def _require_whole(database: Path) -> None:
    log = database.with_name(f"{database.name}-wal")
    content = log.read_bytes() if log.exists() else b""
    if len(content) <= _HEADER:
        return
    frames = _frames(content)
    broken = next((number for number, frame in enumerate(frames) if not frame.is_whole), len(frames))
    in_doubt = next((number for number in range(broken, len(frames)) if frames[number].commits), len(frames))
    lost = sum(frame.is_whole and frame.commits for frame in frames[in_doubt + 1 :])
    if lost:
        raise LogDamagedError(
            f"The log {log} is damaged in frame {broken + 1} of {len(frames)}: what was stored after it, in "
            f"{lost} commits or more, would be lost. Keep a copy of the database and its log, and restore a "
            "backup."
        )


def _frames(content: bytes) -> list[_Frame]:
    """Return the frames of the log's present round: those of an older one have other salts."""
    magic, _, page, _, salts = struct.unpack(">IIII8s", content[:24])
    order = ">" if magic & 1 else "<"
    if magic & ~1 != _MAGIC:
        raise LogDamagedError("The log's header is damaged: keep a copy of it, and restore a backup.")
    before = struct.unpack(">II", content[24:_HEADER])
    found = []
    size = _FRAME_HEADER + page
    for start in range(_HEADER, len(content) - size + 1, size):
        frame = content[start : start + size]
        if frame[8:16] != salts:
            found.append(_Frame(is_whole=False, commits=False))
            continue
        stored = struct.unpack(">II", frame[16:_FRAME_HEADER])
        # Each frame's sum goes on from that of the one before it, as it stands there: so a whole one behind a
        # broken one can be told.
        is_whole = _checksum(frame[:8] + frame[_FRAME_HEADER:], before, order) == stored
        found.append(_Frame(is_whole, commits=frame[4:8] != bytes(4)))
        before = stored
    return found


def _checksum(data: bytes, before: tuple[int, ...], order: str) -> tuple[int, int]:
    first, second = before
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
