"""Bodies about administering accounts. None has a member about anybody's health."""

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from backend.models.users import UserRole
from backend.schemas.base import Incoming, Outgoing, Text
from backend.schemas.users import Password

AccountSearch = Annotated[
    Text,
    StringConstraints(strip_whitespace=True),  # first: a blank text is an empty one
    StringConstraints(min_length=1, max_length=254),
]


class UserQuery(Incoming):
    """Which accounts to list: those that pass every filter, the oldest first.

    Attributes:
        search: How the address or the user name begins; case does not count, and no character is a wildcard.
        cursor: The `next_cursor` of the page before.
    """

    search: AccountSearch | None = None
    role: UserRole | None = None
    disabled: bool | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: uuid.UUID | None = None


class RoleChange(Incoming):
    """The role that an account shall have."""

    role: UserRole


class PasswordSet(Incoming):
    """The password that an account shall have."""

    password: Password


class AdminUserResponse(Outgoing):
    """An account, as an administrator sees it."""

    id: uuid.UUID
    email: str
    username: str
    email_verified: bool
    role: UserRole
    locale: str
    created_at: datetime
    disabled_at: datetime | None
    erase_at: datetime | None


class AdminUserPage(Outgoing):
    """Some accounts, and where the next ones begin."""

    items: tuple[AdminUserResponse, ...]
    next_cursor: str | None
