"""A file of keys: replaced whole or not at all, by one process at a time, and readable by its owner alone."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from backend.core import folders
from backend.core.clock import now

if sys.platform != "win32":
    import fcntl

_DRAFT = ".draft-"
_LOOK_SECONDS = 1.0

_Keys = TypeVar("_Keys")


class Followed(Generic[_Keys]):
    """What a file of keys holds, for a process that runs: it is looked at once a second, and when asked to.

    Attributes:
        keys: What the file held at the last look.
        version: Which state of the file that was; None before the first look, which reads the file again.
    """

    def __init__(
        self,
        keys: _Keys,
        parse: Callable[[str], _Keys],
        *,
        path: Path | None,
        on_fault: Callable[[Exception], None],
    ) -> None:
        self.keys = keys
        self.version: tuple[int, ...] | None = None
        self._parse = parse
        self._path = path
        self._on_fault = on_fault
        self._looked_at = now().timestamp()

    def is_due(self) -> bool:
        """Tell, once a second, that it is time for a look."""
        moment = now().timestamp()
        if self._path is None or abs(moment - self._looked_at) < _LOOK_SECONDS:
            return False
        self._looked_at = moment
        return True

    def look(self) -> None:
        """Read the file if it has changed. One that cannot be read leaves the keys of before."""
        found = version(self._path) if self._path else None
        if self._path is None or found is None or found == self.version:
            return
        self.version = found
        try:
            self.keys = self._parse(self._path.read_text("ascii"))
        except (OSError, ValueError) as error:
            self._on_fault(error)


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
    prefix = f"{_DRAFT}{target.name}-"  # drafts of another file are under another lock
    for leftover in target.parent.glob(f"{prefix}*"):
        leftover.unlink()
    descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=prefix)  # mode 0600 from the start
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
    folders.sync(target.parent)


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
