"""May these people eat this?"""

from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from backend.api import problems
from backend.api.dependencies import LANGUAGE, Configuration, CurrentUser, Keys, Readings, Working, limited
from backend.api.routes import StrictRoute
from backend.core.errors import InvalidInputError, RateLimitedError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.screening import (
    BatchLine,
    GuestCheck,
    MenuCheck,
    MenuResponse,
    ScreeningBatch,
    ScreeningCheck,
    ScreeningResponse,
)
from backend.services import health, screening

router = APIRouter(prefix="/screening", tags=["screening"], route_class=StrictRoute)

_REFUSALS = problems.responses(AccessTokenInvalidError, health.ProfileNotFoundError, InvalidInputError)


class _LinesResponse(StreamingResponse):
    """JSON values, one a line."""

    media_type = "application/x-ndjson"


@router.post("/check", dependencies=[LANGUAGE], responses=_REFUSALS)
async def check_label(
    log: Readings, user: CurrentUser, data: ScreeningCheck, keyring: Keys, worker: Working
) -> ScreeningResponse:
    """Check a label, a list of ingredients or a recipe against profiles and guests.

    Nothing of the text or of what guests avoid is stored or logged. The answer is never "safe":
    `no_conflict_found` says that nothing was found in what was understood.
    """
    return await screening.check(log, user, data, keyring=keyring, worker=worker)


@router.post(
    "/guest",
    responses=problems.responses(screening.GuestsOffError, InvalidInputError, RateLimitedError),
    dependencies=[limited("guest_check"), LANGUAGE],
)
async def check_label_for_guests(
    settings: Configuration, data: GuestCheck, worker: Working
) -> ScreeningResponse:
    """Check a label for guests, without an account. Nothing of the question is stored or logged."""
    return await screening.check_for_guests(data, offered=settings.screening.guests, worker=worker)


@router.post(
    "/batch",
    dependencies=[LANGUAGE],
    response_class=_LinesResponse,
    responses=_REFUSALS
    | {int(HTTPStatus.OK): {"model": BatchLine, "description": "One line for each label"}},
)
async def check_batch(
    log: Readings,
    user: CurrentUser,
    data: ScreeningBatch,
    keyring: Keys,
    worker: Working,
    response: Response,
) -> StreamingResponse:
    """Check up to 1,000 labels for the same people: one line of JSON for each, in order, as it is ready.

    What is wrong with one label stands in its own line.
    """
    lines = await screening.check_batch(log, user, data, keyring=keyring, worker=worker)
    return _LinesResponse(lines, headers=response.headers)


@router.post("/menu", dependencies=[LANGUAGE], responses=_REFUSALS)
async def check_menu(
    log: Readings, user: CurrentUser, data: MenuCheck, keyring: Keys, worker: Working
) -> MenuResponse:
    """Check every dish of a menu for everybody at the table.

    A dish of which only the name is known is `unknown`, or `likely` where its name suggests something.
    """
    return await screening.check_menu(log, user, data, keyring=keyring, worker=worker)
