"""The application: `create_app(settings)` wires everything and reads nothing from the environment itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from backend import __version__
from backend.api import (
    admin,
    audit,
    auth,
    catalog,
    credentials,
    docs,
    erasure,
    export,
    factors,
    health,
    pages,
    problems,
    screening,
    system,
    users,
)
from backend.api.dependencies import Resources
from backend.api.middleware import RequestGuard, RequestLog, SecurityHeaders
from backend.core import bootstrap, keys, logging, migrations
from backend.core.config import Settings
from backend.core.database import Database
from backend.core.errors import CorruptedError, UnavailableError
from backend.core.ledger import make_ledger
from backend.core.logging import logger
from backend.core.mail import make_mailer
from backend.core.passkeys import relying_party
from backend.core.passwords import PasswordPool
from backend.core.rate_limits import RateLimits
from backend.core.tokens import Tokens
from backend.core.workers import Worker
from backend.services import audit as audit_service
from backend.services import catalog as catalog_service
from backend.services import credentials as credentials_service
from backend.services import erasure as erasure_service
from backend.services import export as export_service
from backend.services import idempotency as idempotency_service
from backend.services import jobs, sessions
from backend.services import screening as screening_service
from backend.services import system as system_service
from backend.services.attempts import Attempts
from backend.services.catalog import Catalogs
from backend.services.credentials import Letters

_TIDY_INTERVAL: Final = timedelta(hours=1)
# What pages of other origins may send and read, where any are allowed.
_HEADERS_IN: Final = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Request-Id",
)  # fmt: skip
_HEADERS_OUT: Final = ("ETag", "Location", "Request-Id", "Retry-After", "WWW-Authenticate")
_DESCRIPTION = """Accounts, sealed health profiles, and answers with evidence to "may these people eat this?".

No answer ever says that a food is safe: it says what was found, where, and what was not understood."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application for a data folder and a schema that are ready.

    Args:
        settings: Given by tests and the command line; otherwise read from the environment.

    Raises:
        KeysMissingError: There are no keys, neither in the settings nor in the data folder.
    """
    settings = settings or Settings()
    logging.configure(settings.log)
    app = FastAPI(
        title="Safeplate",
        summary="May these people eat this?",
        description=_DESCRIPTION,
        version=__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
        # The framework's own telemetry would send query strings and exception messages along.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.resources = _resources(settings)
    for feature in (
        # In the order of how often they are asked: the framework tries each path in turn, and tries those of
        # a router within another three times.
        users, health, screening, auth, audit, export, factors, credentials, catalog, erasure, admin,
    ):  # fmt: skip
        app.include_router(
            feature.router,
            prefix="/api/v1",
            # Any may find the database, the counters or the hashing pool busy, or a row that was altered.
            responses=problems.responses(UnavailableError, CorruptedError),
        )
    app.include_router(system.router)
    app.include_router(docs.pages_router)
    app.include_router(pages.router)
    if settings.http.docs:
        app.include_router(docs.router)
    problems.install(app)
    system.install(app)
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


async def require_fitting_keys(app: FastAPI) -> None:
    """Check, before an application serves, that its keys open what its database holds.

    Raises:
        KeysUnfitError: They do not.
        UnavailableError: The database cannot be reached.
    """
    resources: Resources = app.state.resources
    try:
        await system_service.require_fitting_keys(resources.database, keyring=resources.keyring)
    finally:
        await resources.database.dispose()


def _surround(app: FastAPI, settings: Settings) -> None:
    # The last one added is the outermost: a browser may read what the guard refuses too.
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
    app.add_middleware(RequestLog, settings=settings.http)


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
        readings=audit_service.AuditGroup(database, keyring=keyring),
        attempts=Attempts(database, keyring=keyring, settings=settings.rate_limit),
        catalogs=Catalogs(database, max_age=settings.catalog.max_age),
        worker=Worker(),
    )


async def work(resources: Resources) -> None:
    """Do what is due besides answering, for ever: letters, exports, audit heads, erasures, tidying up."""
    settings, database, keyring = resources.settings, resources.database, resources.keyring
    ledger = make_ledger(settings)
    letters = Letters(database, keyring=keyring, mailer=make_mailer(settings), settings=settings.mail)
    exports = export_service.Exports(database, keyring=keyring, settings=settings.jobs)

    async def send_letters() -> int:
        return await jobs.run_due(database, letters.handlers(), keyring=keyring, settings=settings.jobs)

    async def make_exports() -> int:
        # One at a time: it must not be another's turn to wait while this process makes a long one.
        return await jobs.run_due(
            database, exports.handlers(), keyring=keyring, settings=settings.jobs, batch=1
        )

    async def anchor_audit() -> int:
        await audit_service.anchor(database, ledger, keyring=keyring)
        return 0  # chains that go on growing are for the next interval: else this would never rest

    async def erase_due() -> int:
        return await erasure_service.erase_due(database, keyring=keyring)

    async def tidy_up() -> int:
        await resources.attempts.purge()
        await sessions.purge(database)
        await credentials_service.purge_links(database)
        await export_service.purge(database)
        await jobs.purge(database)
        await idempotency_service.purge(database)
        return 0

    await asyncio.gather(
        _repeat(send_letters, settings.jobs.poll_interval, resources),
        _repeat(make_exports, settings.jobs.poll_interval, resources),
        _repeat(anchor_audit, settings.audit.interval, resources),
        _repeat(erase_due, settings.erasure.interval, resources),
        _repeat(tidy_up, _TIDY_INTERVAL, resources),
    )


async def _repeat(chore: Callable[[], Awaitable[int]], interval: timedelta, resources: Resources) -> None:
    """Do a chore again at once as long as there is work, else after a while; so too if it fails."""
    while True:
        try:
            catalog_service.bind(await resources.catalogs.refresh())
            done = await chore()
        except Exception:  # noqa: BLE001 - the worker must outlive whatever one round meets; the log has it
            logger.exception("work_failed")
            done = 0
        if not done:
            await asyncio.sleep(interval.total_seconds())


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    resources: Resources = app.state.resources
    # Half a second, better now than in the first check; a fault in the files stops the start.
    screening_service.shipped_lexicon()
    if getattr(app.state, "migrates_at_start", False):
        await migrations.upgrade(resources.settings)
        await system_service.require_fitting_keys(resources.database, keyring=resources.keyring)
    worker = asyncio.create_task(work(resources)) if resources.settings.jobs.enabled else None
    yield
    if worker is not None:
        worker.cancel()
        await asyncio.wait([worker])
    resources.passwords.close()
    resources.worker.close()
    await resources.limits.close()
    await resources.database.dispose()
