"""The cores: one for the server that is measured, the other for what drives it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

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
