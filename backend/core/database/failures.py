"""Which failures of the database pass, and so ask the caller to come back."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from backend.core.errors import UnavailableError

# Connection lost, too many connections or no memory, shutting down or cancelled, deadlock, lock timeout.
_PASSING_STATES = ("08", "53", "57", "40P01", "55P03")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the loss of the database into an answer that asks the caller to come back."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError, ConnectionError, TimeoutError) as error:
        raise UnavailableError from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if error.connection_invalidated or state.startswith(_PASSING_STATES):
            raise UnavailableError from error
        raise
