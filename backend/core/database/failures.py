"""What became of a unit of work that failed: undone, in doubt, or refused for a reason that passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from backend.core.errors import UnavailableError

# Too many connections or no memory, shutting down or cancelled, lock timeout.
_PASSING_STATES: Final = ("53", "57", "55P03")
# The connection broke, its server shuts down, restarts or dropped it for saying nothing: or became a standby.
_LOST_STATES: Final = ("08", "57P01", "57P02", "57P03", "57P05", "25P03", "25006")
_UNDONE_STATES: Final = ("40001", "40P01")  # serialization failure, deadlock
# SQLite could not write the whole commit, or not begin to: nothing of it is stored.
_UNSTORED_BY_SQLITE: Final = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_CONSTRAINT")


class UnreachableError(ConnectionError):
    """No server of the database lets a connection in; the message says why, and holds no secret."""


DOUBT_SECONDS: Final = 5  # a failover takes as long; a repetition before its end meets nobody


class UnitUndoneError(UnavailableError):
    """The database undid a unit of work, or never heard of it: it may be done again from its beginning."""


class CommitInDoubtError(UnavailableError):
    """The connection was lost, or no answer came, after the end of a unit had been asked for.

    The unit is stored or not, as a whole. It is never done again here: that might be twice.
    """

    code = "commit-in-doubt"
    title = "It is not known whether this was stored"


@contextmanager
def translated() -> Iterator[None]:
    """Turn the loss of the database into an answer that asks the caller to come back."""
    try:
        yield
    except (PoolTimeoutError, UnreachableError, TimeoutError) as error:
        raise UnavailableError from error
    except ConnectionError as error:
        raise UnitUndoneError from error
    except DBAPIError as error:
        state = state_of(error.orig)
        if error.connection_invalidated or state.startswith((*_LOST_STATES, *_UNDONE_STATES)):
            raise UnitUndoneError from error
        if isinstance(error, OperationalError | InterfaceError) or state.startswith(_PASSING_STATES):
            raise UnavailableError from error
        raise


def drop_lost_connections(context: ExceptionContext) -> None:
    """Tell the pool to give up all its connections where one leads to a server that is of no more use.

    After a failover the old primary, now a standby, still answers, and refuses to write; a server that does
    not answer at all in time may be frozen. New connections find the one that works.
    """
    error = context.original_exception
    if isinstance(error, OSError) or state_of(error).startswith(_LOST_STATES):
        context.is_disconnect = True


def may_be_stored(error: Exception) -> bool:
    """Tell whether a unit may be stored although its commit failed."""
    if isinstance(error, OSError):
        return True  # the connection broke, or no answer came in time
    if not isinstance(error, DBAPIError) or isinstance(error, InterfaceError):
        return False  # the driver refused to send it: the connection was closed before
    if name := getattr(error.orig, "sqlite_errorname", None):
        return not name.startswith(_UNSTORED_BY_SQLITE)
    state = state_of(error.orig)
    return not state or state.startswith(_LOST_STATES)


def state_of(error: object) -> str:
    """Return the SQLSTATE of a driver's error; empty where it has none."""
    return str(getattr(error, "sqlstate", None) or "")
