"""A file of keys: replaced whole or not at all, by one process at a time, and readable by its owner alone."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_DRAFT = ".draft-"


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the one lock on changes of a file. It ends with the process, however that ends."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _give_to_owner_of(path, descriptor)
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, text: str) -> None:
    """Put a new text in the place of the old one, under `lock`.

    The text is on the disk before it has the name, and the name before this returns. Drafts of a process that
    was killed are removed: they hold private keys.
    """
    target = path.resolve()  # a link stays a link
    for leftover in target.parent.glob(f"{_DRAFT}*"):
        leftover.unlink()
    descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=_DRAFT)  # mode 0600 from the start
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            _give_to_owner_of(target, file.fileno())
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def version(path: Path) -> tuple[int, ...] | None:
    """Return what changes whenever the file is replaced; None where there is none to look at."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ino, state.st_size


def _give_to_owner_of(path: Path, descriptor: int) -> None:
    # Keys that root has changed must stay readable for the service, which runs as another user.
    owner, mine = path.stat(), os.fstat(descriptor)
    if sys.platform != "win32" and (owner.st_uid, owner.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
