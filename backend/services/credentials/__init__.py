"""Proving an address, changing it, and setting a new password: by what was mailed or by the old password."""

from backend.services.credentials.addresses import confirm_change, request_change, undo_change
from backend.services.credentials.changes import (
    change_password,
    replace_password,
    request_reset,
    request_verification,
    reset_password,
    verify_email,
)
from backend.services.credentials.letters import Letters
from backend.services.credentials.links import LinkInvalidError
from backend.services.credentials.links import purge as purge_links

__all__ = [
    "Letters",
    "LinkInvalidError",
    "change_password",
    "confirm_change",
    "purge_links",
    "replace_password",
    "request_change",
    "request_reset",
    "request_verification",
    "reset_password",
    "undo_change",
    "verify_email",
]
