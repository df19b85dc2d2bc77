"""Logging: one line per event, JSON in production, and only the keys on a list.

An event is a constant name in snake case; everything variable is a key-value pair. What is not on the list is
dropped, so that a body, an address, a token or a health value cannot reach a log by mistake.
"""

import logging
import re
import sys
from typing import TYPE_CHECKING, TextIO

from backend.core.config import LogSettings

# structlog takes rich along where it is installed, for a kind of traceback that is never written here: that
# would be half a hundred modules more in every process.
_hidden = "rich" not in sys.modules
if _hidden:
    sys.modules["rich"] = None  # type: ignore[assignment] # "not there", as the import system has it
import structlog  # noqa: E402 - see above
from structlog.contextvars import (  # noqa: E402 - as above
    bind_contextvars,
    clear_contextvars,
    get_contextvars,
)

if _hidden:
    del sys.modules["rich"]

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

__all__ = [
    "ALLOWED_KEYS",
    "bind_contextvars",
    "clear_contextvars",
    "configure",
    "get_contextvars",
    "logger",
]

ALLOWED_KEYS = frozenset(
    {
        "event", "level", "timestamp", "exception", "error", "frames",
        "request_id", "user_id", "method", "route", "status", "milliseconds", "code",
    }
)  # fmt: skip

_PLACE = re.compile(r"%(?:\(\w+\))?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[a-zA-Z%]")
"""Of a format of the standard library."""

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger("safeplate")


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is when the line is written: a stream kept from before may be closed."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override] # the base class has an attribute
        return sys.stderr


class _Lines:
    """Writes each event as a line to standard error, whatever that is then, in one piece."""

    def msg(self, line: str) -> None:
        """Write a line."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


def configure(settings: LogSettings) -> None:
    """Send our events, and those of the libraries, through one formatter to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _summarise_exception,
        _drop_unlisted,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        # Ours are written as they are: the standard library would look through the stack for who wrote each.
        processors=[*shared, renderer],
        logger_factory=lambda *_: _Lines(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.level.upper())),
        cache_logger_on_first_use=False,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_leave_texts_out, *shared],
            # A library's message without the texts in it, which may hold a URL or what a caller sent.
            use_get_message=False,
            pass_foreign_args=True,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    # Our own access line replaces uvicorn's, which would log query strings and addresses.
    logging.getLogger("uvicorn.access").disabled = True
    # It tells about every look at the schema's revision.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    # It writes what it found in a body into its messages.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True


def _leave_texts_out(_: "WrappedLogger", __: str, event: "EventDict") -> "EventDict":
    """Fill the places of a library's message with its numbers, and with dots where a text would stand."""
    given = event.pop("positional_args", None)
    values = iter(given if isinstance(given, tuple) else ())

    def fill(place: re.Match[str]) -> str:
        if place[0] == "%%":
            return "%"
        value = next(values, None)
        return str(value) if isinstance(value, int | float) else "..."

    if given:
        event["event"] = _PLACE.sub(fill, event["event"])
    return event


def _summarise_exception(_: "WrappedLogger", __: str, event: "EventDict") -> "EventDict":
    """Keep the type and the places of an exception; its message may hold what a caller sent."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if not info or info[0] is None:
        return event
    event["exception"] = f"{info[0].__module__}.{info[0].__qualname__}"
    frames = []
    trace = info[2]
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    event["frames"] = frames[-12:]
    return event


def _drop_unlisted(_: "WrappedLogger", __: str, event: "EventDict") -> "EventDict":
    return {key: value for key, value in event.items() if key in ALLOWED_KEYS or key.startswith("_")}
