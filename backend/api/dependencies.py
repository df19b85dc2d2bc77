"""What endpoints ask for: sessions, the person who acts, and the parts that reach outside."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars

from backend.api.routes import MAX_TAGS
from backend.core import caller, languages
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
from backend.utils.text import primary_language

_LANGUAGE: Final = re.compile(r"\.[a-z]{2}$")  # of a tag: a version is the same in every language


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
_MAX_ACCEPTED = 1_000  # characters of Accept-Language that are read


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


async def _use_catalog(request: Request, resources: _Resources) -> None:
    accepted = request.headers.get("Accept-Language", "")
    catalog.bind(await resources.catalogs.refresh(), accept_language=accepted[:_MAX_ACCEPTED])


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

    async def count(request: Request, resources: _Resources) -> None:
        room = await resources.limits.count(name, caller.current().ip_prefix)
        if room is not None:
            request.state.rate_limit = room.headers()
            room.require()

    return Depends(count)


_Tags = frozenset[str] | None


def _tags_in(header: str) -> _Tags:
    if header.strip() == "*":
        return None
    # If-Match compares strongly: a weak tag, or what is no tag at all, matches nothing (RFC 9110, 13.1.1).
    tags = [tag.strip() for tag in header.split(",")]
    return frozenset(
        _LANGUAGE.sub("", tag[1:-1]) for tag in tags if len(tag) > 2 and tag[0] == tag[-1] == '"'
    )


async def _tags(if_match: Annotated[str | None, Header(max_length=MAX_TAGS)] = None) -> _Tags:
    if if_match is None:
        raise PreconditionRequiredError
    return _tags_in(if_match)


async def _tags_if_any(if_match: Annotated[str | None, Header(max_length=MAX_TAGS)] = None) -> _Tags:
    return None if if_match is None else _tags_in(if_match)


IfMatch = Annotated[frozenset[str] | None, Depends(_tags)]
"""The entity tags of what a change may start from; None where the caller accepts any (`*`)."""

IfMatchAny = Annotated[frozenset[str] | None, Depends(_tags_if_any)]
"""The same, where a change may leave the version out: it is then one of whatever there is."""

ProfileId = Annotated[Literal["me"] | UUID, Path(description="A profile's id, or `me` for one's own.")]
PageLimit = Annotated[int, Query(ge=1, le=200)]
PageCursor = Annotated[UUID | None, Query()]


async def _language(
    user: CurrentUser,
    response: Response,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,  # noqa: ARG001 - read at the edge
) -> str:
    own = primary_language(user.locale)
    wanted = languages.preferred(catalog.LANGUAGES)
    chosen = wanted or (own if own in catalog.LANGUAGES else languages.FALLBACK)
    say_language(response, chosen)
    return chosen


Language = Annotated[str, Depends(_language)]
"""The language of names: what the request asks for, else the account's."""


async def _public_language(
    response: Response,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,  # noqa: ARG001 - as above
) -> None:
    say_language(response, languages.preferred(catalog.LANGUAGES) or languages.FALLBACK)


LANGUAGE = Depends(_public_language)
"""The language of names where nobody's account counts: what the request asks for, else English."""


def say_language(response: Response, language: str) -> None:
    """Say in which language the answer is, and what decided that."""
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"


def set_tag(response: Response, tag: str) -> None:
    """Say which version of what the answer shows; in another language it is another (RFC 9110, 8.8.3)."""
    language = response.headers.get("Content-Language")
    response.headers["ETag"] = f'"{tag}.{language}"' if language else f'"{tag}"'
