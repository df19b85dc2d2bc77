"""Tables, their constraints, and the enums they store.

Importing the package registers every table.
"""

from backend.models import health, sessions, users

__all__ = ["health", "sessions", "users"]
