"""The one source of time, which tests can set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - this is the one place


_source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return _source()


@contextmanager
def set_source(source: Callable[[], datetime]) -> Iterator[None]:
    """Read the time from another source within the block (tests, drills)."""
    global _source  # noqa: PLW0603 - time is one for the whole process
    previous, _source = _source, source
    try:
        yield
    finally:
        _source = previous
