"""Medians and percentiles, and what several runs of one thing come to."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Outcome


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a load on a candidate.

    Attributes:
        cpu_microseconds: Processor time of the server's processes for each request.
        megabytes: Proportional set size of its largest process after the run.
    """

    outcome: Outcome
    cpu_microseconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Medians of the runs; what went wrong is summed up over all of them."""

    rate: float
    p50: float
    p99: float
    cpu_microseconds: float
    megabytes: float
    refused: int
    broken: int
    slowest: float
    fastest: float


def summarise(samples: Sequence[Sample]) -> Summary:
    """Return the medians of some runs."""
    outcomes = [sample.outcome for sample in samples]
    rates = [outcome.rate for outcome in outcomes]
    return Summary(
        rate=median(rates),
        p50=median(outcome.p50 for outcome in outcomes),
        p99=median(outcome.p99 for outcome in outcomes),
        cpu_microseconds=median(sample.cpu_microseconds for sample in samples),
        megabytes=median(sample.megabytes for sample in samples),
        refused=sum(outcome.refused for outcome in outcomes),
        broken=sum(outcome.broken for outcome in outcomes),
        slowest=min(rates),
        fastest=max(rates),
    )


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that so many per cent do not pass; 0 where there is none."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * share / 100) - 1] if ordered else 0.0
