"""Administering accounts and the catalogue: by administrators through the API, or at the command line.

Nothing here reads a health profile, and whatever is done or read is written down in the same transaction.
"""

from backend.services.admin.authority import (
    OPERATOR,
    AccountNotFoundError,
    AdminOnlyError,
    Authority,
    OwnAccountError,
    authority_of,
)
from backend.services.admin.changes import change_role, disable, enable, end_sessions
from backend.services.admin.entries import (
    EntryCodeTakenError,
    add_entry,
    list_entries,
    read_entry,
    to_entry_response,
    update_entry,
)
from backend.services.admin.erasing import erase, erase_at_once, keep
from backend.services.admin.operating import (
    AccountDisabledError,
    create_user,
    find_user,
    remove_factors,
    send_reset_link,
    set_password,
)
from backend.services.admin.reading import list_activity, list_sessions, list_users, read_user

__all__ = [
    "OPERATOR",
    "AccountDisabledError",
    "AccountNotFoundError",
    "AdminOnlyError",
    "Authority",
    "EntryCodeTakenError",
    "OwnAccountError",
    "add_entry",
    "authority_of",
    "change_role",
    "create_user",
    "disable",
    "enable",
    "end_sessions",
    "erase",
    "erase_at_once",
    "find_user",
    "keep",
    "list_activity",
    "list_entries",
    "list_sessions",
    "list_users",
    "read_entry",
    "read_user",
    "remove_factors",
    "send_reset_link",
    "set_password",
    "to_entry_response",
    "update_entry",
]
