"""SQLite's log, flipped bit by bit: damage in its middle is told from a power cut at its end."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.core.database.wal import LogDamagedError, require_whole_log

COMMITS = 30


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return a database whose commits are all in its log, as a kill leaves it."""
    path, left = tmp_path / "open.db", tmp_path / "left.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (number INTEGER)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for number in range(COMMITS):
            connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{left}{end}")
    return left


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM numbers").fetchone()[0])


def test_a_whole_log_passes_and_so_does_none(written: Path) -> None:
    require_whole_log(written)

    assert _count(written) == COMMITS
    require_whole_log(written)  # the last connection took the log with it


def test_a_log_that_a_power_cut_has_cut_short_passes(written: Path) -> None:
    log = written.with_name("left.db-wal")
    for length in (0, 31, 32, 40, len(log.read_bytes()) - 4_120, len(log.read_bytes()) - 1):
        log.write_bytes(log.read_bytes()[:length])

        require_whole_log(written)


def test_each_flipped_bit_that_would_drop_later_commits_is_noticed(written: Path) -> None:
    log = written.with_name("left.db-wal")
    whole, chance = log.read_bytes(), random.Random(3)
    unnoticed = []
    for position in chance.sample(range(len(whole) - 2 * 4_120), 60):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << chance.randrange(8)
        log.write_bytes(flipped)
        try:
            require_whole_log(written)
        except LogDamagedError:
            continue
        shutil.copy(written, written.with_name("again.db"))
        shutil.copy(log, written.with_name("again.db-wal"))
        if _count(written.with_name("again.db")) != COMMITS:
            unnoticed.append(position)

    assert unnoticed == []
