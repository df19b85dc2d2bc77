"""The bars: what each asks for, what was measured, and whether it holds."""

from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.sections import POSTGRES, REFERENCE, SQLITE

Results = dict[str, dict[str, dict[str, Any]]]
"""By section, then by candidate."""


class Bar(NamedTuple):
    """One bar.

    Attributes:
        section: What must have been measured.
        limit: The least, or the most where `at_most`.
        value: What was measured, from a section's results.
    """

    section: str
    words: str
    limit: float
    value: Callable[[dict[str, dict[str, Any]]], float]
    at_most: bool = False

    def holds(self, value: float) -> bool:
        """Tell whether a value is within the bar."""
        return value <= self.limit if self.at_most else value >= self.limit


class Verdict(NamedTuple):
    """A bar that was tried."""

    words: str
    limit: str
    value: float
    holds: bool


def judge(results: Results) -> list[Verdict]:
    """Return what became of each bar whose section was measured."""
    verdicts = []
    for bar in BARS:
        if bar.section in results:
            value = bar.value(results[bar.section])
            limit = f"{'<=' if bar.at_most else '>='} {bar.limit:g}"
            verdicts.append(Verdict(bar.words, limit, value, bar.holds(value)))
    return verdicts


def _rate(over: str, under: str) -> Callable[[dict[str, dict[str, Any]]], float]:
    return lambda found: float(found[over]["rate"] / (found[under]["rate"] or float("nan")))


def _tail(name: str) -> Callable[[dict[str, dict[str, Any]]], float]:
    return lambda found: float(found[name]["p99"] / found[name]["p50"])


def _failed(*names: str) -> Callable[[dict[str, dict[str, Any]]], float]:
    return lambda found: float(sum(found[name]["refused"] + found[name]["broken"] for name in names))


def _most_megabytes(found: dict[str, dict[str, Any]]) -> float:
    return float(max(found["two workers"]["megabytes of each"]))


_PUT = "PUT of a profile, 64 clients"
_ME = "GET /users/me"
BARS = (
    Bar("account", f"{_ME}: of the reference handler's rate", 0.70, _rate(POSTGRES, REFERENCE)),
    Bar("account", f"{_ME}: times fastapi-users' rate", 2.5, _rate(POSTGRES, "fastapi-users")),
    Bar("account", f"{_ME}, 32 clients: p99 in p50", 6, _tail(POSTGRES), at_most=True),
    Bar(
        "reading", f"GET of a sealed profile: of {_ME}'s rate", 0.75,
        _rate(f"{POSTGRES}: profile", f"{POSTGRES}: account"),
    ),
    Bar("writing", f"{_PUT}, SQLite: errors", 0, _failed(SQLITE), at_most=True),
    Bar("writing", f"{_PUT}, SQLite: p99 in p50", 8, _tail(SQLITE), at_most=True),
    Bar("writing", f"{_PUT}: of a bare transaction's rate", 0.6, _rate(POSTGRES, REFERENCE)),
    Bar("signing-in", "login: of the hash's rate", 0.9, _rate(POSTGRES, "the hash alone")),
    Bar(
        "flood", f"{_ME} in a login flood: p99 in p99 at rest", 3,
        lambda found: float(found[POSTGRES]["p99 flooded"] / found[POSTGRES]["p99 at rest"]), at_most=True,
    ),
    Bar("workers", "two workers, of a share each: times one's rate", 1.7, _rate("two workers", POSTGRES)),
    Bar("workers", "memory of each worker, MB", 120, _most_megabytes, at_most=True),
    Bar(
        "starting", "first answer: in the smallest app's time", 1.5,
        lambda found: float(found[SQLITE]["seconds"] / found["smallest app"]["seconds"]), at_most=True,
    ),
)  # fmt: skip
