"""Runs in turn: each candidate once, then each again, so that what the machine does meanwhile meets all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import load
from benchmarks.load import Load
from benchmarks.processes import Server
from benchmarks.statistics import Sample, Summary, summarise


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: runs of each, and seconds of each run."""

    repeats: int = 5
    seconds: int = 3


FULL, QUICK = Effort(), Effort(repeats=2, seconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A load on a server, made anew for each run: what a run spends, the next must not send again."""

    server: Server
    load: Callable[[], Load]


def compare(entries: Mapping[str, Entry], effort: Effort) -> dict[str, Summary]:
    """Drive each in turn, the others asleep, and return the medians of each."""
    samples: dict[str, list[Sample]] = {name: [] for name in entries}
    servers = [entry.server for entry in entries.values()]
    sleep(servers)
    for _ in range(effort.repeats):
        for name, entry in entries.items():
            samples[name].append(_sample(entry, effort.seconds))
    for server in servers:
        server.wake()
    return {name: summarise(found) for name, found in samples.items()}


def sleep(servers: Sequence[Server]) -> None:
    """Stop some servers until each is woken."""
    for server in servers:
        server.sleep()


def _sample(entry: Entry, seconds: int) -> Sample:
    server = entry.server
    server.wake()
    load.drive(server.url, entry.load(), 1)  # what a first run builds is kept for all that follow
    server.settle()
    plan = entry.load()
    before = server.cpu_seconds()
    outcome = load.drive(server.url, plan, seconds)
    spent = server.cpu_seconds() - before
    sample = Sample(outcome, spent / max(1, outcome.requests) * 1e6, server.megabytes()[0])
    server.sleep()
    return sample
