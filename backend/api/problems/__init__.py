"""Problem documents (RFC 9457): the only place that knows which status an error answers with."""

from backend.api.problems.answers import MEDIA_TYPE, install, on_app_error, problem
from backend.api.problems.described import catalogue, refusals, responses
from backend.api.problems.kinds import KINDS, TYPE_BASE, status_of, transport_codes

__all__ = [
    "KINDS",
    "MEDIA_TYPE",
    "TYPE_BASE",
    "catalogue",
    "install",
    "on_app_error",
    "problem",
    "refusals",
    "responses",
    "status_of",
    "transport_codes",
]
