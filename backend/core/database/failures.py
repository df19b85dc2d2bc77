"""What became of a unit of work that failed: undone, in doubt, or refused for a reason that passes."""

import errno
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from backend.core.errors import UnavailableError

# Too many connections or no memory, shutting down or cancelled, lock timeout.
_PASSING_STATES: Final = ("53", "57", "55P03")
# The connection broke, its server shuts down, restarts or dropped it for saying nothing: or became a standby.
_LOST_STATES: Final = ("08", "57P01", "57P02", "57P03", "57P05", "25P03", "25006")
_UNDONE_STATES: Final = ("40001", "40P01")  # serialization failure, deadlock
# What a network says of a way that is gone, besides the resets and broken pipes that are ConnectionErrors.
_NO_WAY: Final = frozenset(
    {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.ENOTCONN, errno.EBADF}
)
# The event loop's words, in an error without a class of its own, for a write just after the connection's end.
_CLOSED_BY_LOOP: Final = "the handler is closed"
# SQLite could not write the whole commit, or not begin to: nothing of it is stored.
_UNSTORED_BY_SQLITE: Final = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_CONSTRAINT")
_DOUBT_SECONDS: Final = 5  # a failover takes as long; a repetition before its end meets nobody


class UnreachableError(ConnectionError):
    """No server of the database lets a connection in; the message says why, and holds no secret."""


class UnitUndoneError(UnavailableError):
    """The database undid a unit of work, or never heard of it: it may be done again from its beginning."""


class CommitInDoubtError(UnavailableError):
    """The connection was lost, or no answer came, after the end of a unit had been asked for.

    The unit is stored or not, as a whole. It is never done again here: that might be twice.
    """

    code = "commit-in-doubt"
    title = "It is not known whether this was stored"

    def __init__(self) -> None:
        super().__init__(retry_after=_DOUBT_SECONDS)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the loss of the database into an answer that asks the caller to come back."""
    try:
        yield
    except Exception as error:
        if meaning := _meaning_of(error):
            raise meaning from error
        raise


def _meaning_of(error: Exception) -> UnavailableError | None:
    """Return what an error says of a unit; None where it says nothing of the database."""
    if isinstance(error, PoolTimeoutError | UnreachableError | TimeoutError):
        return UnavailableError()
    state = state_of(_of_driver(error))
    was_invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    if was_invalidated or is_lost(error) or state.startswith(_UNDONE_STATES):
        return UnitUndoneError()
    if _is_refusal(error) or state.startswith(_PASSING_STATES):
        return UnavailableError()
    return None


def _is_refusal(error: Exception) -> bool:
    """Tell whether a driver will not do what it was asked, and the values that it was given are not why."""
    driver = _of_driver(error)
    if isinstance(driver, asyncpg.InterfaceError):
        return not isinstance(driver, asyncpg.DataError)
    return isinstance(error, OperationalError | InterfaceError)


def is_lost(error: BaseException) -> bool:
    """Tell whether a connection is of no more use, by the driver's error or SQLAlchemy's around it.

    A server that shuts down says so on a connection that nobody uses, and only then closes it. In between the
    driver takes those words for a fault of its own (`InternalClientError`), whoever asks next.
    """
    driver = _of_driver(error)
    if isinstance(driver, OSError):
        is_network = isinstance(driver, ConnectionError | ssl.SSLError) or driver.errno in _NO_WAY
        return is_network and not isinstance(driver, UnreachableError)
    if isinstance(driver, RuntimeError):
        return _CLOSED_BY_LOOP in str(driver)
    return isinstance(driver, asyncpg.InternalClientError) or state_of(driver).startswith(_LOST_STATES)


def drop_lost_connections(context: ExceptionContext) -> None:
    """Tell the pool to give up all its connections where one leads to a server that is of no more use.

    After a failover the old primary, now a standby, still answers, and refuses to write; a server that does
    not answer at all in time may be frozen. New connections find the one that works.
    """
    if leads_nowhere(context.original_exception):
        context.is_disconnect = True


def leads_nowhere(error: BaseException) -> bool:
    """Tell whether a connection's server is of no more use, or does not answer in time."""
    return isinstance(error, OSError) or is_lost(error)


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


def _of_driver(error: BaseException) -> BaseException:
    """Return the driver's own error, inside SQLAlchemy's, inside that of its adapter."""
    inner = error.orig if isinstance(error, DBAPIError) else error
    cause = getattr(inner, "orig", None) or inner
    return cause if isinstance(cause, BaseException) else error


def state_of(error: object) -> str:
    """Return the SQLSTATE of a driver's error; empty where it has none."""
    return str(getattr(error, "sqlstate", None) or "")
