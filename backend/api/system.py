"""Whether the service lives and works, and what answers here."""

from fastapi import APIRouter, Response

from backend import __version__
from backend.api import problems
from backend.api.dependencies import Configuration, Database, Keys
from backend.schemas.system import JsonWebKeySet, Liveness, Readiness, ServiceInfo
from backend.services import system

router = APIRouter(tags=["system"])


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
