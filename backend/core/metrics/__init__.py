"""What is counted of the running service, in Prometheus's terms: nothing of anybody's, no endless label.

Always counted, and shown only where a setting says so (`exposition.py`).
"""

from backend.core.metrics.exposition import expose, render
from backend.core.metrics.sampling import sample
from backend.core.metrics.series import (
    Hash,
    JobCounts,
    hashing,
    rate_limited,
    request_ended,
    screening,
    tell_build,
    tell_jobs,
    waiting_for_connection,
)

__all__ = [
    "Hash",
    "JobCounts",
    "expose",
    "hashing",
    "rate_limited",
    "render",
    "request_ended",
    "sample",
    "screening",
    "tell_build",
    "tell_jobs",
    "waiting_for_connection",
]
