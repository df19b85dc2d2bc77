"""Bodies about signing in."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints

from backend.models.sessions import TokenDelivery
from backend.schemas.base import Incoming, Outgoing, Text
from backend.schemas.users import Password

FIRST_PARTY = "safeplate"


def _first_party_if_empty(value: object) -> object:
    # The documentation page sends the field empty where nothing was typed.
    return FIRST_PARTY if value == "" else value


ClientId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._~-]{0,64}$", max_length=64),
    BeforeValidator(_first_party_if_empty),
]
"""The name of an application (RFC 6749, 2.2); an empty one counts as none."""


class LoginForm(Incoming):
    """The password form of OAuth 2.0 (RFC 6749, 4.3.2), so that the button in the docs works.

    Attributes:
        username: E-mail address or user name.
        grant_type: `password` where it is sent.
        scope: Accepted and not used.
        client_id: Which application asks; the refresh token is then good for that application alone.
        client_secret: Accepted and not used.
        refresh_token_in: `cookie` for pages in a browser: an HttpOnly cookie that no script can read.
    """

    username: Annotated[Text, StringConstraints(min_length=1, max_length=254)]
    password: Password
    grant_type: Literal["password"] | None = None
    scope: Annotated[Text, StringConstraints(max_length=1000)] = ""
    client_id: ClientId = FIRST_PARTY
    client_secret: SecretStr | None = Field(default=None, max_length=200)
    refresh_token_in: TokenDelivery = TokenDelivery.BODY


class ClientChoice(Incoming):
    """Which application signs in, and how its refresh token shall travel; as in the password form."""

    client_id: ClientId = FIRST_PARTY
    refresh_token_in: TokenDelivery = TokenDelivery.BODY


class RefreshRequest(Incoming):
    """A refresh token to exchange; without one, the cookie's is taken."""

    refresh_token: SecretStr | None = Field(default=None, min_length=1, max_length=512)
    client_id: ClientId = FIRST_PARTY


class SessionResponse(Outgoing):
    """A signed-in device of one's own.

    Attributes:
        device: Its name, from what it said about itself.
        client_id: The application that it uses.
        authentication_methods: How the person signed in: names of RFC 8176.
        ip_prefix: The network that it signed in from, without the host's part.
        last_used_at: When it last exchanged its refresh token.
        expires_at: When it ends if it is not used before.
        current: Whether it is the device that asks.
    """

    id: uuid.UUID
    device: str
    client_id: str
    ip_prefix: str
    authentication_methods: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class SessionPage(Outgoing):
    """Some of one's sessions, and where the next ones begin."""

    items: tuple[SessionResponse, ...]
    next_cursor: str | None


class TokenResponse(Outgoing):
    """A pair of tokens (RFC 6749, 5.1).

    Attributes:
        expires_in: Life of the access token in seconds.
        refresh_token: Null where it travels in the cookie.
    """

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str | None
