"""Whether the service lives and works, and what answers here."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend import __version__
from backend.api import docs, problems
from backend.api.dependencies import Configuration, Database, Keys, Resources
from backend.api.routes import PlainRoute
from backend.core import metrics
from backend.core.errors import CorruptedError
from backend.core.logging import get_contextvars, logger
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.system import JsonWebKeySet, Liveness, Readiness, ServiceInfo
from backend.services import system
from backend.utils.security import SealBrokenError, is_equal

router = APIRouter(tags=["system"], route_class=PlainRoute)
_ROOT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {}, "text/html": {"schema": {"type": "string"}}}}
}

MetricsReader = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


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


@router.get("/", response_model=ServiceInfo, responses=_ROOT)
async def read_service(request: Request, settings: Configuration) -> Response | ServiceInfo:
    """Say what answers here, and where to go on: as JSON, or to a browser as a page."""
    info = ServiceInfo(
        name="Safeplate",
        version=__version__,
        api="/api/v1",
        documentation="/docs" if settings.http.docs else None,
        openapi="/openapi.json",
        problems="/docs/problems",
        health="/readyz",
    )
    if "text/html" in request.headers.get("accept", ""):
        return docs.text_page(request, _as_text(info))
    return Response(info.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"})


def _as_text(info: ServiceInfo) -> str:
    links = {
        "Try the API": info.documentation,
        "Its description (OpenAPI)": info.openapi,
        "What can go wrong": info.problems,
        "Whether it is ready": info.health,
    }
    items = "\n".join(f"- [{name}]({link})" for name, link in links.items() if link)
    return (
        f"# {info.name} {info.version}\n\nMay these people eat this? The API is at `{info.api}`.\n\n{items}\n"
    )


@router.get("/livez")
async def read_liveness() -> Liveness:
    """Tell whether the process answers."""
    return Liveness(status="alive")


@router.get("/readyz", responses=problems.responses(system.NotReadyError))
async def read_readiness(request: Request, database: Database) -> Readiness:
    """Tell whether the service can do all of its work: the database is there, and labels can be read.

    A process that has just started answers accounts at once, and this a second later, with its lists read.
    """
    await system.require_lists(request.app.state.loading)
    await system.require_ready(database)
    return Readiness(status="ready")


@router.get("/metrics", include_in_schema=False)
async def read_metrics(settings: Configuration, credentials: MetricsReader) -> Response:
    """Show what is counted to whoever has the token that is set for it; without one nothing is here."""
    token = settings.metrics.token
    if token is None:
        return problems.problem(HTTPStatus.NOT_FOUND)
    if credentials is None or not is_equal(
        credentials.credentials.encode(), token.get_secret_value().encode()
    ):
        raise AccessTokenInvalidError
    content, media_type = metrics.render()
    return Response(content, media_type=media_type)


@router.get("/.well-known/jwks.json")
async def read_jwks(keyring: Keys, response: Response) -> JsonWebKeySet:
    """Read the public keys that verify access tokens."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return JsonWebKeySet.model_validate(keyring.public_jwks())
