"""What endpoints ask for: sessions, the person who acts, and the parts that reach outside."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message, Receive
from structlog.contextvars import bind_contextvars

from backend.core import caller, tries
from backend.core.config import Settings
from backend.core.database import Database as DatabasePort
from backend.core.errors import PreconditionRequiredError
from backend.core.keys import Keyring
from backend.core.passkeys import RelyingParty as RelyingPartyPort
from backend.core.passwords import PasswordPool
from backend.core.rate_limits import RateLimits
from backend.core.tokens import AccessTokenInvalidError
from backend.core.tokens import Tokens as TokensPort
from backend.core.workers import Worker
from backend.services import admin, catalog, sessions
from backend.services.attempts import Attempts as AttemptsPort
from backend.services.auth import SignInParts
from backend.services.catalog import Catalogs
from backend.services.erasure import Terms
from backend.services.users import Identity
from backend.utils.strict_json import parse_json


@dataclass(frozen=True, slots=True)
class Resources:
    """What one application holds for its whole life."""

    settings: Settings
    database: DatabasePort
    keyring: Keyring
    tokens: TokensPort
    passwords: PasswordPool
    limits: RateLimits
    attempts: AttemptsPort
    catalogs: Catalogs
    party: RelyingPartyPort
    worker: Worker


# Dependencies are coroutines although they wait for nothing: the framework would run plain functions in
# threads, which took two fifths of an authenticated request's time.
async def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


_Resources = Annotated[Resources, Depends(_resources)]


async def _settings(resources: _Resources) -> Settings:
    return resources.settings


async def _database(resources: _Resources) -> DatabasePort:
    return resources.database


async def _keyring(resources: _Resources) -> Keyring:
    return resources.keyring


async def _tokens(resources: _Resources) -> TokensPort:
    return resources.tokens


async def _passwords(resources: _Resources) -> PasswordPool:
    return resources.passwords


async def _session(resources: _Resources) -> AsyncIterator[AsyncSession]:
    async with resources.database.unit() as session:
        yield session


async def _reader(resources: _Resources) -> AsyncIterator[AsyncSession]:
    async with resources.database.reader() as session:
        yield session


async def _use_catalog(resources: _Resources) -> None:
    catalog.bind(await resources.catalogs.refresh())


async def _catalog_change(resources: _Resources) -> AsyncIterator[None]:
    yield
    resources.catalogs.expire()


async def _attempts(resources: _Resources) -> AttemptsPort:
    return resources.attempts


async def _party(resources: _Resources) -> RelyingPartyPort:
    return resources.party


async def _worker(resources: _Resources) -> Worker:
    return resources.worker


async def _sign_in_parts(resources: _Resources) -> SignInParts:
    return SignInParts(
        database=resources.database,
        tokens=resources.tokens,
        attempts=resources.attempts,
        party=resources.party,
        passwords=resources.passwords,
    )


async def _erasing(resources: _Resources) -> Terms:
    return Terms(grace=resources.settings.erasure.grace, keyring=resources.keyring)


Configuration = Annotated[Settings, Depends(_settings)]
Database = Annotated[DatabasePort, Depends(_database)]
Keys = Annotated[Keyring, Depends(_keyring)]
Tokens = Annotated[TokensPort, Depends(_tokens)]
Passwords = Annotated[PasswordPool, Depends(_passwords)]
Attempts = Annotated[AttemptsPort, Depends(_attempts)]
RelyingParty = Annotated[RelyingPartyPort, Depends(_party)]
Working = Annotated[Worker, Depends(_worker)]
SigningIn = Annotated[SignInParts, Depends(_sign_in_parts)]
Erasing = Annotated[Terms, Depends(_erasing)]

# "function", not the default "request": commit before the response is sent, or a client may see 201 for a row
# that was never stored.
Session = Annotated[AsyncSession, Depends(_session, scope="function")]
Reader = Annotated[AsyncSession, Depends(_reader, scope="function")]

CATALOG = Depends(_use_catalog)
"""Gives a request the catalogue that it works with from its beginning to its end."""

CatalogChange = Annotated[None, Depends(_catalog_change, scope="function")]
"""Named before the session, and so ended after its commit: this process then looks at what it changed."""

_bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/login", auto_error=False)


async def _current_user(resources: _Resources, token: Annotated[str | None, Depends(_bearer)]) -> Identity:
    if not token:
        raise AccessTokenInvalidError
    identity = await sessions.authenticate(resources.database, token, tokens=resources.tokens)
    bind_contextvars(user_id=str(identity.id))
    return identity


CurrentUser = Annotated[Identity, Depends(_current_user)]


async def _recent_user(user: CurrentUser) -> Identity:
    sessions.require_recent(user)
    return user


RecentUser = Annotated[Identity, Depends(_recent_user)]
"""Whoever signed in within the last ten minutes: for what a device left signed in must not do."""


async def _current_admin(user: CurrentUser) -> admin.Authority:
    return admin.authority_of(user)


async def _recent_admin(user: CurrentUser) -> admin.Authority:
    authority = admin.authority_of(user)
    sessions.require_recent(user)
    return authority


CurrentAdmin = Annotated[admin.Authority, Depends(_current_admin)]
RecentAdmin = Annotated[admin.Authority, Depends(_recent_admin)]
"""An administrator who signed in within the last ten minutes: for every change."""


def limited(name: str) -> Any:  # noqa: ANN401 - a dependency marker of the framework
    """Return the dependency that counts a request under a limit, by the caller's network."""

    async def count(resources: _Resources) -> None:
        await resources.limits.count(name, caller.current().ip_prefix)

    return Depends(count)


async def _tags(if_match: Annotated[str | None, Header(max_length=500)] = None) -> frozenset[str] | None:
    if if_match is None:
        raise PreconditionRequiredError
    if if_match.strip() == "*":
        return None
    # If-Match compares strongly: a weak tag, or what is no tag at all, matches nothing (RFC 9110, 13.1.1).
    tags = [tag.strip() for tag in if_match.split(",")]
    return frozenset(tag[1:-1] for tag in tags if len(tag) > 2 and tag[0] == tag[-1] == '"')


IfMatch = Annotated[frozenset[str] | None, Depends(_tags)]
"""The entity tags of what a change may start from; None where the caller accepts any (`*`)."""

ProfileId = Annotated[Literal["me"] | UUID, Path(description="A profile's id, or `me` for one's own.")]
PageLimit = Annotated[int, Query(ge=1, le=200)]
PageCursor = Annotated[UUID | None, Query()]


def set_tag(response: Response, tag: str) -> None:
    """Say which version of what the answer shows."""
    response.headers["ETag"] = f'"{tag}"'


class _StrictRequest(Request):
    """Reads JSON strictly."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON value
        return parse_json(await self.body())


@dataclass(slots=True)
class _KeptBody:
    """The messages of a request's body, which each try reads from the first one on."""

    receive: Receive
    messages: list[Message] = field(default_factory=list)

    def anew(self) -> Receive:
        """Return what reads the body from its beginning."""
        position = 0

        async def receive() -> Message:
            nonlocal position
            if position == len(self.messages):
                self.messages.append(await self.receive())
            position += 1
            return self.messages[position - 1]

        return receive


class StrictRoute(APIRoute):
    """A route that reads its body strictly, and works again where the database undid what it did."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            body = _KeptBody(request.receive)

            async def work() -> Response:
                # Units end with this stack. The framework's own would end them after this handler, and out
                # of its reach. Nothing of an answer has been sent yet.
                async with AsyncExitStack() as units:
                    request.scope["fastapi_function_astack"] = units
                    return await handler(_StrictRequest(request.scope, body.anew()))

            return await tries.repeated(work)

        return handle
