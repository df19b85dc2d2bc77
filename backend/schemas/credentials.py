"""Bodies about proving an address and about passwords."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from backend.schemas.base import Incoming, Secret
from backend.schemas.users import Email, Password

LinkToken = Annotated[Secret, Field(min_length=1, max_length=100)]
"""The `token` of a link that was mailed."""

MailedCode = Annotated[Secret, Field(min_length=6, max_length=6)]
"""The six digits beside a link that was mailed."""


class AddressRequest(Incoming):
    """An address to which something is to be mailed, if somebody here has it."""

    email: Email


class MailedProof(Incoming):
    """What was mailed: a link's token; or instead the code, with the address that the account has now."""

    token: LinkToken | None = None
    email: Email | None = None
    code: MailedCode | None = None

    @model_validator(mode="after")
    def _has_one_proof(self) -> Self:
        by_link = self.token is not None
        if [self.email is not None, self.code is not None] != [not by_link] * 2:
            raise PydanticCustomError("token_or_code", "needs either a token, or an email and a code")
        return self


class EmailVerify(MailedProof):
    """What was mailed, and the account's password: whoever opened the account and has the address."""

    password: Password


class PasswordReset(MailedProof):
    """What was mailed, and the password to set."""

    new_password: Password


class EmailChangeConfirm(MailedProof):
    """What was mailed to the new address, and the account's password: whoever asked and has the address."""

    password: Password


class EmailChangeUndo(Incoming):
    """The token of the link that was mailed to the old address."""

    token: LinkToken


class EmailChange(Incoming):
    """The address that the account shall have."""

    new_email: Email


class PasswordChange(Incoming):
    """The password that is, and the one that shall be."""

    current_password: Password
    new_password: Password
