"""What endpoints ask for: sessions, the person who acts, and the parts that reach outside."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession

from backend.api.routes import MAX_TAGS
from backend.core import caller, languages
from backend.core.config import Settings
from backend.core.database import Database as DatabasePort
from backend.core.errors import PreconditionRequiredError
from backend.core.keys import Keyring
from backend.core.logging import bind_contextvars
from backend.core.passkeys import RelyingParty as RelyingPartyPort
from backend.core.passwords import PasswordPool
from backend.core.rate_limits import RateLimits
from backend.core.tokens import AccessTokenInvalidError
from backend.core.tokens import Tokens as TokensPort
from backend.core.workers import Worker
from backend.services import admin, catalog, sessions
from backend.services.attempts import Attempts as AttemptsPort
from backend.services.audit import AuditGroup
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
    readings: AuditGroup
    attempts: AttemptsPort
    catalogs: Catalogs
    party: RelyingPartyPort
    worker: Worker


# Dependencies are coroutines although they wait for nothing: the framework would run plain functions in
# threads, which took two fifths of an authenticated request's time.
#
# Each takes the request itself, and none the resources of another: solving a dependency costs the framework
# many times what reading an attribute costs.
def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


async def _settings(request: Request) -> Settings:
    return _resources(request).settings


async def _database(request: Request) -> DatabasePort:
    return _resources(request).database


async def _keyring(request: Request) -> Keyring:
    return _resources(request).keyring


async def _tokens(request: Request) -> TokensPort:
    return _resources(request).tokens


async def _passwords(request: Request) -> PasswordPool:
    return _resources(request).passwords


async def _readings(request: Request) -> AuditGroup:
    return _resources(request).readings


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with _resources(request).database.unit() as session:
        yield session


async def _reader(request: Request) -> AsyncIterator[AsyncSession]:
    async with _resources(request).database.reader() as session:
        yield session


async def _catalog_change(request: Request) -> AsyncIterator[None]:
    yield
    _resources(request).catalogs.expire()


async def _attempts(request: Request) -> AttemptsPort:
    return _resources(request).attempts


async def _party(request: Request) -> RelyingPartyPort:
    return _resources(request).party


async def _worker(request: Request) -> Worker:
    return _resources(request).worker


async def _sign_in_parts(request: Request) -> SignInParts:
    return SignInParts(
        database=_resources(request).database,
        tokens=_resources(request).tokens,
        attempts=_resources(request).attempts,
        party=_resources(request).party,
        passwords=_resources(request).passwords,
    )


async def _erasing(request: Request) -> Terms:
    return Terms(grace=_resources(request).settings.erasure.grace, keyring=_resources(request).keyring)


Configuration = Annotated[Settings, Depends(_settings)]
Database = Annotated[DatabasePort, Depends(_database)]
Keys = Annotated[Keyring, Depends(_keyring)]
Tokens = Annotated[TokensPort, Depends(_tokens)]
Passwords = Annotated[PasswordPool, Depends(_passwords)]
Readings = Annotated[AuditGroup, Depends(_readings)]
Attempts = Annotated[AttemptsPort, Depends(_attempts)]
RelyingParty = Annotated[RelyingPartyPort, Depends(_party)]
Working = Annotated[Worker, Depends(_worker)]
SigningIn = Annotated[SignInParts, Depends(_sign_in_parts)]
Erasing = Annotated[Terms, Depends(_erasing)]

# "function", not the default "request": commit before the response is sent, or a client may see 201 for a row
# that was never stored.
Session = Annotated[AsyncSession, Depends(_session, scope="function")]
Reader = Annotated[AsyncSession, Depends(_reader, scope="function")]

CatalogChange = Annotated[None, Depends(_catalog_change, scope="function")]
"""Named before the session, and so ended after its commit: this process then looks at what it changed."""


class _SignedIn(OAuth2PasswordBearer):
    """Who acts with the access token of a request. The documents show the scheme that it is part of."""

    async def __call__(self, request: Request) -> Identity:  # type: ignore[override] # what the scheme gives is a token
        """Return who acts.

        Raises:
            AccessTokenInvalidError: There is no token, it is not valid, or its session has ended.
        """
        token = await super().__call__(request)
        if not token:
            raise AccessTokenInvalidError
        resources = _resources(request)
        identity = await sessions.authenticate(resources.database, token, tokens=resources.tokens)
        bind_contextvars(user_id=str(identity.id))
        return identity


_signed_in = _SignedIn(tokenUrl="/api/v1/auth/login", scheme_name="OAuth2PasswordBearer", auto_error=False)
CurrentUser = Annotated[Identity, Depends(_signed_in)]


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

    async def count(request: Request) -> None:
        room = await _resources(request).limits.count(name, caller.current().ip_prefix)
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
