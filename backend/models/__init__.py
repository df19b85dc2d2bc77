"""Tables, their constraints, and the enums they store.

Importing the package registers every table.
"""

from backend.models import (
    attempts,
    audit,
    credentials,
    erasure,
    export,
    factors,
    health,
    jobs,
    sessions,
    users,
)

__all__ = [
    "attempts",
    "audit",
    "credentials",
    "erasure",
    "export",
    "factors",
    "health",
    "jobs",
    "sessions",
    "users",
]
