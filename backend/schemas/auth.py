"""Bodies about signing in."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from backend.schemas.base import Incoming, Outgoing, Text
from backend.schemas.users import Password


class LoginForm(Incoming):
    """The password form of OAuth 2.0 (RFC 6749, 4.3.2), so that the button in the docs works.

    Attributes:
        username: E-mail address or user name.
        grant_type: `password` where it is sent.
        scope: Accepted and not used.
        client_id: Accepted and not used.
        client_secret: Accepted and not used.
    """

    username: Annotated[Text, StringConstraints(min_length=1, max_length=254)]
    password: Password
    grant_type: Literal["password"] | None = None
    scope: Annotated[Text, StringConstraints(max_length=1000)] = ""
    client_id: Annotated[Text, StringConstraints(max_length=200)] | None = None
    client_secret: SecretStr | None = Field(default=None, max_length=200)


class RefreshRequest(Incoming):
    """A refresh token to exchange."""

    refresh_token: SecretStr = Field(min_length=1, max_length=512)


class SessionResponse(Outgoing):
    """A signed-in device of one's own.

    Attributes:
        device: Its name, from what it said about itself.
        ip_prefix: The network that it signed in from, without the host's part.
        last_used_at: When it last exchanged its refresh token.
        expires_at: When it ends if it is not used before.
        current: Whether it is the device that asks.
    """

    id: uuid.UUID
    device: str
    ip_prefix: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class SessionPage(Outgoing):
    """Some of one's sessions, and where the next ones begin."""

    items: tuple[SessionResponse, ...]
    next_cursor: str | None


class TokenResponse(Outgoing):
    """A pair of tokens (RFC 6749, 5.1). `expires_in` is the life of the access token in seconds."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str
