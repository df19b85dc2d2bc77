"""Whether the service lives and works, and what answers here."""

from collections.abc import AsyncIterator
from uuid import UUID

from fastapi import APIRouter, FastAPI, Request, Response
from structlog.contextvars import get_contextvars

from backend import __version__
from backend.api import problems
from backend.api.dependencies import Configuration, Database, Keys, Resources
from backend.api.routes import StrictRoute
from backend.core.errors import CorruptedError
from backend.core.logging import logger
from backend.schemas.system import JsonWebKeySet, Liveness, Readiness, ServiceInfo
from backend.services import system
from backend.utils.security import SealBrokenError

router = APIRouter(tags=["system"], route_class=StrictRoute)


def install(app: FastAPI) -> None:
    """Answer what cannot be opened with a problem of its own, and write it down on its owner's account."""
    app.add_exception_handler(CorruptedError, _on_broken_seal)
    app.add_exception_handler(SealBrokenError, _on_broken_seal)


async def watched(request: Request, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return a body piece by piece, and write down if one does not open.

    The answer has begun then, and no problem can be sent: that it ends too early is all that its reader sees.
    """
    try:
        async for piece in body:
            yield piece
    except CorruptedError as error:
        await _tell_of(request, error)
        raise


async def _on_broken_seal(request: Request, error: Exception) -> Response:
    corrupted = await _tell_of(request, error)
    return await problems.on_app_error(request, corrupted)


async def _tell_of(request: Request, error: Exception) -> CorruptedError:
    logger.error("seal_broken", exc_info=error)
    corrupted = error if isinstance(error, CorruptedError) else CorruptedError(_signed_in())
    resources: Resources = request.app.state.resources
    await system.record_broken_seal(resources.database, corrupted, keyring=resources.keyring)
    return corrupted


def _signed_in() -> UUID | None:
    user_id = get_contextvars().get("user_id")
    return UUID(user_id) if user_id else None


@router.get("/")
async def read_service(settings: Configuration) -> ServiceInfo:
    """Say what answers here."""
    documentation = "/docs" if settings.http.docs else None
    return ServiceInfo(
        name="Safeplate", version=__version__, documentation=documentation, openapi="/openapi.json"
    )


@router.get("/livez")
async def read_liveness() -> Liveness:
    """Tell whether the process answers."""
    return Liveness(status="alive")


@router.get("/readyz", responses=problems.responses(system.NotReadyError))
async def read_readiness(database: Database) -> Readiness:
    """Tell whether the database is reachable and migrated."""
    await system.require_ready(database)
    return Readiness(status="ready")


@router.get("/.well-known/jwks.json")
async def read_jwks(keyring: Keys, response: Response) -> JsonWebKeySet:
    """Read the public keys that verify access tokens."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return JsonWebKeySet.model_validate(keyring.public_jwks())
