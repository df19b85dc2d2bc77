"""A copy of everything that is kept about somebody, for them to take away."""

from backend.services.export.download import ExportExpiredError, ExportNotReadyError, open_file
from backend.services.export.making import Exports
from backend.services.export.requests import (
    ExportNotFoundError,
    TooManyExportsError,
    list_exports,
    purge,
    read,
    request,
    to_response,
)

__all__ = [
    "ExportExpiredError",
    "ExportNotFoundError",
    "ExportNotReadyError",
    "Exports",
    "TooManyExportsError",
    "list_exports",
    "open_file",
    "purge",
    "read",
    "request",
    "to_response",
]
