"""Tables, their constraints, and the enums they store.

Importing the package registers every table.
"""

from backend.models import credentials, health, jobs, sessions, users

__all__ = ["credentials", "health", "jobs", "sessions", "users"]
