"""Processes that a drill ends or stops: only those that it started, and their children."""

import os
import signal
from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(child) for child in text.split()]


def workers(pid: int) -> list[int]:
    """Return the processes that serve, of a server that has several."""
    return [child for child in children(pid) if b"serve" in Path(f"/proc/{child}/cmdline").read_bytes()]


def kill(pid: int) -> None:
    """End a process and all that it started, at once: none of them gets to tidy up."""
    os.kill(pid, signal.SIGSTOP)  # it must not replace a process that ends
    for child in children(pid):
        kill(child)
    os.kill(pid, signal.SIGKILL)


def family(pid: int) -> set[int]:
    """Return a process and all that it started, and those started."""
    found = {pid}
    for child in children(pid):
        found |= family(child)
    return found
