"""Servers as processes: started pinned, asleep while another is measured, and what they cost."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine

_START_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
_SETTLE_SECONDS, _LOOK_SECONDS, _IDLE = 60.0, 0.5, 0.1


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes:
        url: Where.
        seconds_to_ready: From the start of its process to its first answer.
    """

    process: subprocess.Popen[bytes]
    url: str
    seconds_to_ready: float

    def cpu_seconds(self) -> float:
        """Return the processor time of its processes so far, in seconds."""
        return sum(_cpu_ticks(pid) for pid in self.pids()) / _TICKS

    def megabytes(self) -> list[float]:
        """Return the proportional set size of each process that serves, in MB, the largest first."""
        return sorted((_pss(pid) for pid in self.pids()), reverse=True)

    def settle(self) -> None:
        """Wait until it has done what earlier runs left in its queues: nobody waits for that any more."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            before = self.cpu_seconds()
            time.sleep(_LOOK_SECONDS)
            if self.cpu_seconds() - before < _IDLE * _LOOK_SECONDS:
                return

    def sleep(self) -> None:
        """Stop, so that nothing of it disturbs another."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.pids():
            os.kill(pid, number)

    def pids(self) -> list[int]:
        """Return its processes, each before those that it started."""
        found = [self.process.pid]
        for pid in found:
            found += _children(pid)
        return found


@contextmanager
def running(
    command: Sequence[str],
    *,
    port: int,
    live: str,
    environment: Mapping[str, str],
    log: Path,
    cores: frozenset[int],
) -> Iterator[Server]:
    """Run a server on some cores until the end of the block.

    Args:
        command: With its arguments.
        port: Where it will listen on loopback.
        live: A path that it answers once it is ready.
        environment: What it is told, besides what every process is.
        log: Where what it writes goes: a log that nobody reads is written all the same.
        cores: Where it may run.

    Raises:
        RuntimeError: It did not come up; the message has the end of its log.
    """
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output, machine.on(cores):
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        _await(process, url + live, log)
        yield Server(process, url, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{process.args} did not answer at {url}:\n{log.read_text(errors='replace')[-2000:]}")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, task.read_text().split())
    return found


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # user and system time


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
