"""Bodies about accounts."""

import uuid
from datetime import datetime
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from backend.models.users import UserRole
from backend.schemas.base import Incoming, LanguageTag, Outgoing, SecretText, Text
from backend.utils.validators import identity_key

_MAX_KEY = 256  # characters, the width of `users.username_key`


def _refuse_long_key(value: str) -> str:
    # NFKC can make 18 characters of one: the normal form must fit its column too.
    if len(identity_key(value)) > _MAX_KEY:
        raise PydanticCustomError("normal_form_too_long", "is too long in its normal form")
    return value


def _refuse_unusable_address(value: str) -> str:
    try:
        # The form alone is checked: a look-up would leak the address to a name server.
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise PydanticCustomError("email", "is not an email address") from error


Email = Annotated[
    Text,
    StringConstraints(min_length=3, max_length=254),  # RFC 5321, 4.5.3.1.3
    AfterValidator(_refuse_unusable_address),
    AfterValidator(_refuse_long_key),
]
Username = Annotated[
    Text,
    StringConstraints(pattern=r"^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{2,49}$", max_length=50),
    AfterValidator(_refuse_long_key),
]
"""3 to 50 letters, digits, dots, hyphens and underscores; no `@`, since sign-in takes address or name."""

Password = Annotated[SecretText, Field(min_length=1, max_length=1024)]
"""A password as it was typed: a letter may come as several characters, which the policy counts as one."""


class UserCreate(Incoming):
    """A new account."""

    email: Email
    username: Username
    password: Password


class UserUpdate(Incoming):
    """Changes to one's own account; what is left out, or null, stays."""

    username: Username | None = None
    locale: LanguageTag | None = None


class UserResponse(Outgoing):
    """An account, as its owner sees it."""

    id: uuid.UUID
    email: str
    username: str
    email_verified: bool
    role: UserRole
    locale: str
    created_at: datetime
