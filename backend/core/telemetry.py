"""One span for each request, for whoever follows requests through several services: OpenTelemetry, fenced.

A span says what a log line says: method, route template, status, time, the request's id. No query, body,
address, header, message or statement of the database is in it, since nothing of those is given to it. The
libraries are an extra (`requirements/telemetry.txt`), and are loaded only where an endpoint is set.
"""

import importlib
import re
from dataclasses import dataclass
from typing import Final, Protocol

from backend.core.bootstrap import SettingMissingError
from backend.core.config import Settings

_PARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
"""W3C Trace Context, 3.2.2: version, trace, parent, flags."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The span of a proxy of ours in which a request was made."""

    trace_id: int
    span_id: int
    is_sampled: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that was answered.

    Attributes:
        route: The template of its path; None where no route matched.
        status: 0 where its connection was lost before.
        began: Unix nanoseconds.
        nanoseconds: How long it took.
    """

    method: str
    route: str | None
    status: int
    began: int
    nanoseconds: int
    request_id: str
    parent: Parent | None


class Spans(Protocol):
    """Takes spans away."""

    def end(self, request: Ended) -> None:
        """Take the span of a request. Never waits, and never raises."""

    def close(self) -> None:
        """Send what is left, for some seconds at most."""


def make_spans(settings: Settings) -> Spans | None:
    """Return where spans go; None where no endpoint is set.

    Raises:
        SettingMissingError: An endpoint is set, and the libraries are not installed.
    """
    if settings.telemetry.endpoint is None:
        return None
    try:
        module = importlib.import_module("backend.core.tracing")
    except ModuleNotFoundError as error:
        raise SettingMissingError(
            "SAFEPLATE_TELEMETRY__ENDPOINT is set, and OpenTelemetry is not installed: run `make telemetry`, "
            "or install safeplate[telemetry]."
        ) from error
    spans: Spans = module.OtlpSpans(settings.telemetry)
    return spans


def read_parent(header: str) -> Parent | None:
    """Return what a `traceparent` header names; None where it is not in the form."""
    found = _PARENT.fullmatch(header)
    if found is None:
        return None
    return Parent(int(found[1], 16), int(found[2], 16), is_sampled=bool(int(found[3], 16) & 1))
