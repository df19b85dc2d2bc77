"""Proving an address, and setting a new password: by a mailed link or by the old one."""

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

__all__ = [
    "Letters",
    "LinkInvalidError",
    "change_password",
    "replace_password",
    "request_reset",
    "request_verification",
    "reset_password",
    "verify_email",
]
