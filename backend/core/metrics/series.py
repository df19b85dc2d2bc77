"""The series, and the functions that write them.

Prometheus's library decides when it is imported whether values live in this process or in files that several
share (`PROMETHEUS_MULTIPROC_DIR`, which `safeplate serve --workers` sets before it loads anything). A
value of a gauge is then summed over the processes that live, or the newest is taken.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final, NamedTuple

from prometheus_client import Counter, Gauge, Histogram

_LATENCIES: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds
_CHARACTERS: Final = (100, 300, 1_000, 3_000, 10_000, 20_000)
_UNMATCHED: Final = "unmatched"

_REQUESTS = Counter("safeplate_requests", "Requests that were answered.", ("route", "method", "status"))
_REQUEST_SECONDS = Histogram(
    "safeplate_request_seconds", "Time until the answer was sent.", ("route", "method"), buckets=_LATENCIES
)
_BUILD = Gauge(
    "safeplate_build_info", "What runs: 1.", ("version", "database"), multiprocess_mode="mostrecent"
)
_POOL_WAITING = Gauge(
    "safeplate_pool_waiting", "Units and reads that wait for a connection.", multiprocess_mode="livesum"
)
_POOL_WAIT_SECONDS = Histogram(
    "safeplate_pool_wait_seconds", "How long those waited that had to.", buckets=_LATENCIES
)
_HASHES_WAITING = Gauge(
    "safeplate_passwords_waiting", "Passwords in work or waiting for it.", multiprocess_mode="livesum"
)
_HASH_WAIT_SECONDS = Histogram(
    "safeplate_password_wait_seconds", "How long a password waited to be hashed.", buckets=_LATENCIES
)
_HASH_SECONDS = Histogram("safeplate_password_seconds", "How long a hash took.", buckets=_LATENCIES)
_SCREENING_SECONDS = Histogram("safeplate_screening_seconds", "How long a label took.", buckets=_LATENCIES)
_SCREENING_CHARACTERS = Histogram(
    "safeplate_screening_characters", "How long a label was.", buckets=_CHARACTERS
)
_RATE_LIMITED = Counter("safeplate_rate_limited", "Requests that came too often.", ("limit",))
_JOBS = Gauge(
    "safeplate_jobs",
    "Work after the answer: due, or failed for good.",
    ("state",),
    multiprocess_mode="mostrecent",
)
_JOBS_OLDEST = Gauge(
    "safeplate_jobs_oldest_seconds", "How long the oldest work has been due.", multiprocess_mode="mostrecent"
)


class JobCounts(NamedTuple):
    """How much work there is after the answer.

    Attributes:
        oldest_seconds: How long the oldest has been due; 0 where none is.
    """

    due: int
    failed: int
    oldest_seconds: float


class Hash:
    """One password in the queue: created when it is put there."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def begin(self) -> None:
        """Its turn has come; called in the thread that hashes."""
        begun = time.perf_counter()
        _HASH_WAIT_SECONDS.observe(begun - self._since)
        self._since = begun

    def end(self) -> None:
        """It is hashed."""
        _HASH_SECONDS.observe(time.perf_counter() - self._since)


def request_ended(route: str | None, method: str, status: int, seconds: float) -> None:
    """Count a request.

    Args:
        route: The template of its path, never the path; None where no route matched.
        method: One of a fixed list.
        status: What it was answered with; 0 where its connection was lost before.
        seconds: How long that took.
    """
    template = route or _UNMATCHED
    _request(template, method, status).inc()
    _latency(template, method).observe(seconds)


def tell_build(version: str, database: str) -> None:
    """Say what runs."""
    _BUILD.labels(version, database).set(1)


def rate_limited(limit: str) -> None:
    """Count a request that came too often, by the name of the limit."""
    _RATE_LIMITED.labels(limit).inc()


def tell_jobs(counts: JobCounts) -> None:
    """Say how much work there is: of the whole database, so whichever process told last is right."""
    _JOBS.labels("due").set(counts.due)
    _JOBS.labels("failed").set(counts.failed)
    _JOBS_OLDEST.set(counts.oldest_seconds)


class waiting_for_connection:  # noqa: N801 - used as the functions beside it are
    """Counts whoever waits for a connection, and how long. A class: a generator takes twice its time."""

    __slots__ = ("_begun",)

    def __enter__(self) -> None:
        """Begin to wait."""
        self._begun = time.perf_counter()
        _POOL_WAITING.inc()

    def __exit__(self, *_: object) -> None:
        """Wait no longer."""
        _POOL_WAITING.dec()
        _POOL_WAIT_SECONDS.observe(time.perf_counter() - self._begun)


@contextmanager
def hashing() -> Iterator[Hash]:
    """Count a password from when it is put into the queue until it is hashed."""
    _HASHES_WAITING.inc()
    try:
        yield Hash()
    finally:
        _HASHES_WAITING.dec()


@contextmanager
def screening(characters: int) -> Iterator[None]:
    """Count a label: its length, and how long it takes."""
    begun = time.perf_counter()
    yield
    _SCREENING_SECONDS.observe(time.perf_counter() - begun)
    _SCREENING_CHARACTERS.observe(characters)


# Looking a series up by its labels takes longer than counting: routes, methods and statuses are few.
@cache
def _request(route: str, method: str, status: int) -> Counter:
    return _REQUESTS.labels(route, method, status)


@cache
def _latency(route: str, method: str) -> Histogram:
    return _REQUEST_SECONDS.labels(route, method)
