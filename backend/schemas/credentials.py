"""Bodies about proving an address and about passwords."""

from typing import Annotated

from pydantic import Field, SecretStr

from backend.schemas.base import Incoming
from backend.schemas.users import Email, Password

LinkToken = Annotated[SecretStr, Field(min_length=1, max_length=100)]
"""The `token` of a link that was mailed."""


class AddressRequest(Incoming):
    """An address to which something is to be mailed, if somebody here has it."""

    email: Email


class EmailVerify(Incoming):
    """A link's token, and the account's password: whoever opened the account and has the address."""

    token: LinkToken
    password: Password


class PasswordReset(Incoming):
    """A link's token, and the password to set."""

    token: LinkToken
    new_password: Password


class PasswordChange(Incoming):
    """The password that is, and the one that shall be."""

    current_password: Password
    new_password: Password
