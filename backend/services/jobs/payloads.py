"""What each kind of work is given."""

import uuid

from pydantic import BaseModel

from backend.core.caller import Caller


class ForAddress(BaseModel):
    """Payload of work for whoever has an address, if anybody has.

    Attributes:
        email_key: The address in its normal form.
        place: Where the request came from, for what is written down when the work is done.
        is_recorded: Whether it was written down already who asked.
    """

    email_key: str
    place: Caller = Caller()
    is_recorded: bool = False


class ForPerson(BaseModel):
    """Payload of work for a person."""

    user_id: uuid.UUID
    occasion: str


class ForReader(BaseModel):
    """Payload of a letter to an address that is nobody's, or nobody's any more.

    Attributes:
        page: Which of our pages the letter leads to; none where it leads nowhere.
        token: What the page needs.
        date: When what it speaks of happens.
        document: JSON for the reader to keep.
        user_id: The account that it is about, if one is.
    """

    occasion: str
    email: str
    username: str
    locale: str
    page: str | None = None
    token: str | None = None
    date: str = ""
    document: str | None = None
    user_id: uuid.UUID | None = None


class ForChange(BaseModel):
    """Payload of the letter to a new address: the link and the code of a row that is stored already."""

    token_id: uuid.UUID
    token: str
    code: str


class ForRegistration(BaseModel):
    """Payload of opening an account after the answer.

    Attributes:
        user_id: The same at every attempt.
    """

    user_id: uuid.UUID
    email: str
    username: str
    password_hash: str
    place: Caller


class ForExport(BaseModel):
    """Payload of making a copy of somebody's data."""

    export_id: uuid.UUID
    user_id: uuid.UUID


class Nothing(BaseModel):
    """Payload of work that needs none."""
