"""The application: `create_app(settings)` wires everything and reads nothing from the environment itself."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from backend import __version__
from backend.api import (
    admin,
    audit,
    auth,
    catalog,
    contract,
    credentials,
    docs,
    erasure,
    export,
    factors,
    health,
    pages,
    problems,
    screening,
    shortcuts,
    system,
    users,
)
from backend.api.dependencies import Resources
from backend.api.middleware import Announcements, RequestGuard, RequestLog, SecurityHeaders
from backend.core import bootstrap, keys, logging, metrics, migrations
from backend.core.config import MailSettings, Settings
from backend.core.database import CommitInDoubtError, Database
from backend.core.errors import CorruptedError, UnavailableError
from backend.core.logging import logger
from backend.core.passkeys import relying_party
from backend.core.passwords import PasswordPool
from backend.core.rate_limits import RateLimits
from backend.core.telemetry import make_spans
from backend.core.tokens import Tokens
from backend.core.workers import Worker
from backend.services import screening as screening_service
from backend.services import system as system_service
from backend.services.attempts import Attempts
from backend.services.audit import AuditGroup
from backend.services.catalog import Catalogs
from backend.work import Work

_END_SECONDS: Final = 4.0
"""How long a process that is to end waits for the job at hand; requests had their time before."""

OWN_MACHINE: Final = ("127.0.0.1", "localhost", "::1")

# What pages of other origins may send and read, where any are allowed.
_HEADERS_IN: Final = (
    "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match",
    "If-None-Match", "Request-Id",
)  # fmt: skip
_HEADERS_OUT: Final = (
    "Content-Language", "Deprecation", "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy",
    "Request-Id", "Retry-After", "Sunset", "WWW-Authenticate",
)  # fmt: skip
_DESCRIPTION = """Accounts, sealed health profiles, and answers with evidence to "may these people eat this?".

No answer ever says that a food is safe: it says what was found, where, and what was not understood."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application for a data folder and a schema that are ready.

    Args:
        settings: Given by tests and the command line; otherwise read from the environment.

    Raises:
        KeysMissingError: There are no keys, neither in the settings nor in the data folder.
        SettingMissingError: Spans shall go somewhere, and OpenTelemetry is not installed.
    """
    settings = settings or Settings()
    logging.configure(settings.log)
    app = FastAPI(
        title="Safeplate",
        summary="May these people eat this?",
        description=_DESCRIPTION,
        version=__version__,
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
        # The framework's own telemetry would send query strings and exception messages along.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.resources = _resources(settings)
    app.state.loading = None
    # Any may find the database, the counters or the hashing pool busy, or lose the database while it answers
    # to the commit, or find a row that somebody altered.
    common = problems.responses(UnavailableError, CommitInDoubtError, CorruptedError)
    for feature in (
        # In the order of how often they are asked: the framework tries each path in turn, and tries those of
        # a router within another three times.
        users, health, screening, auth, audit, export, factors, credentials, catalog, erasure, admin,
    ):  # fmt: skip
        app.include_router(feature.router, prefix="/api/v1", responses=common)
    app.include_router(system.router)
    app.include_router(docs.pages_router)
    app.include_router(pages.router)
    if settings.http.docs:
        app.include_router(docs.router)
    problems.install(app)
    contract.install(app, public_url=_address(settings.mail))
    system.install(app)
    shortcuts.install(app)
    _surround(app, settings)
    return app


def create_prepared_app() -> FastAPI:
    """Build the application where nobody ran `safeplate serve`: prepares the folder now, the schema at start.

    Raises:
        SettingMissingError: The host forgets its disk, and the database or the keys would be on it.
    """
    settings = Settings()
    bootstrap.prepare_folder(settings)
    app = create_app(settings)
    app.state.migrates_at_start = True
    return app


def load_lists() -> None:
    """Read the catalogue and the words of labels, which takes a second; at once where that was done.

    Raises:
        CatalogFaultError: A file of the catalogue is not as it was shipped.
        LexiconFaultError: A file of words is not.
    """
    screening_service.shipped_lexicon()  # which is read with the catalogue


def _address(mail: MailSettings) -> str | None:
    """Return where people reach the service, if somebody said so.

    `safeplate serve` sets one itself where it listens on this machine alone, which nobody else reaches.
    """
    is_said = "public_url" in mail.model_fields_set and urlsplit(mail.public_url).hostname not in OWN_MACHINE
    return mail.public_url if is_said else None


async def require_fitting_keys(settings: Settings) -> None:
    """Check, before anything serves, that the keys open what the database holds.

    Raises:
        KeysMissingError: There are none.
        KeysUnfitError: They do not.
        UnavailableError: The database cannot be reached.
    """
    keyring, database = keys.load(settings), Database(settings)
    try:
        await system_service.require_fitting_keys(database, keyring=keyring)
    finally:
        await database.dispose()


def has_faulty_lists(app: FastAPI) -> bool:
    """Tell whether the lists could not be read, for which the process ends."""
    loading: asyncio.Future[object] | None = app.state.loading
    return loading is not None and _fault_of(loading) is not None


def _fault_of(loading: asyncio.Future[object]) -> BaseException | None:
    return loading.exception() if loading.done() and not loading.cancelled() else None


def _end_if_faulty(loading: asyncio.Future[object]) -> None:
    """End as if somebody had asked for it: nothing that this process could do would put its files right."""
    if (fault := _fault_of(loading)) is not None:
        logger.error("lists_unreadable", exc_info=fault)
        signal.raise_signal(signal.SIGTERM)


def _surround(app: FastAPI, settings: Settings) -> None:
    # The last one added is the outermost: a browser may read what the guard refuses too.
    app.add_middleware(Announcements)
    app.add_middleware(RequestGuard, settings=settings.http)
    app.add_middleware(SecurityHeaders, public_url=settings.mail.public_url)
    if settings.http.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.http.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_HEADERS_IN,
            expose_headers=_HEADERS_OUT,
            allow_credentials=True,
            max_age=600,
        )
    app.state.spans = make_spans(settings)
    app.add_middleware(RequestLog, settings=settings.http, spans=app.state.spans)


def _resources(settings: Settings) -> Resources:
    keyring, database = keys.load(settings), Database(settings)
    return Resources(
        settings=settings,
        database=database,
        keyring=keyring,
        tokens=Tokens(keyring, settings.auth),
        passwords=PasswordPool(settings.password),
        limits=RateLimits(settings),
        party=relying_party(settings),
        readings=AuditGroup(database, keyring=keyring),
        attempts=Attempts(database, keyring=keyring, settings=settings.rate_limit),
        catalogs=Catalogs(database, max_age=settings.catalog.max_age),
        worker=Worker(),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    resources: Resources = app.state.resources
    # What needs no list is answered meanwhile, and what needs one waits in the same line.
    app.state.loading = asyncio.wrap_future(resources.worker.begin(load_lists))
    app.state.loading.add_done_callback(_end_if_faulty)
    if getattr(app.state, "migrates_at_start", False):
        await migrations.upgrade(resources.settings)
        await system_service.require_fitting_keys(resources.database, keyring=resources.keyring)
    metrics.tell_build(__version__, resources.database.engine.dialect.name)
    sampling = asyncio.create_task(metrics.sample(resources.database))
    work = Work(
        resources.settings, resources.database, resources.keyring, resources.attempts, resources.catalogs
    )
    working = asyncio.create_task(work.go_on()) if resources.settings.jobs.enabled else None
    yield
    if working is not None:
        work.end()
        await asyncio.wait([working], timeout=_END_SECONDS)
        working.cancel()
        await asyncio.wait([working])
    app.state.loading.cancel()
    sampling.cancel()
    await asyncio.wait([sampling])
    if app.state.spans is not None:
        await asyncio.to_thread(app.state.spans.close)
    resources.passwords.close()
    resources.worker.close()
    await resources.limits.close()
    await resources.database.dispose()
