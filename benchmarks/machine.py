"""The cores: one for the server that is measured, the other for what drives it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVER_CORES = frozenset(_CORES[:1])
"""Where a server runs; empty where this system does not pin processes."""
LOAD_CORES = frozenset(_CORES[1:] or _CORES)
ALL_CORES = frozenset(_CORES)


def describe() -> str:
    """Say in words how the cores are shared."""
    if len(_CORES) < 2:
        return "one core, or none that can be chosen: server and load share it"
    return f"server on core {_CORES[0]}, load on {len(_CORES) - 1} other; PostgreSQL where there is room"


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Run this process, and those that it starts within the block, on some cores."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


_GROUPS = Path("/sys/fs/cgroup/cpu")
_PERIOD = 10_000  # microseconds


@contextmanager
def shares(processes: Sequence[int], share: float) -> Iterator[bool]:
    """Give each process so much of a core and no more, within the block; False where this system does not.

    What drives the server, and its database, then have what they need of a machine of few cores.
    """
    with ExitStack() as stack:
        try:
            for pid in processes:
                _begin_group(stack, pid, share)
        except OSError:
            yield False
            return
        yield True


def _begin_group(stack: ExitStack, pid: int, share: float) -> None:
    group = _GROUPS / f"safeplate-bench-{pid}"
    group.mkdir()
    stack.callback(group.rmdir)
    (group / "cpu.cfs_period_us").write_text(str(_PERIOD))
    (group / "cpu.cfs_quota_us").write_text(str(round(_PERIOD * share)))
    stack.callback((_GROUPS / "cgroup.procs").write_text, str(pid))
    (group / "cgroup.procs").write_text(str(pid))
