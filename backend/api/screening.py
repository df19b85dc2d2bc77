"""May these people eat this?"""

from fastapi import APIRouter

from backend.api import problems
from backend.api.dependencies import CurrentUser, Database, Keys, StrictRoute
from backend.core.errors import InvalidInputError
from backend.core.tokens import AccessTokenInvalidError
from backend.schemas.screening import ScreeningCheck, ScreeningResponse
from backend.services import health, screening

router = APIRouter(prefix="/screening", tags=["screening"], route_class=StrictRoute)


@router.post(
    "/check",
    responses=problems.responses(AccessTokenInvalidError, health.ProfileNotFoundError, InvalidInputError),
)
async def check(
    database: Database, user: CurrentUser, data: ScreeningCheck, keyring: Keys
) -> ScreeningResponse:
    """Check a label against profiles. The text is neither stored nor logged.

    The answer is never "safe": `no_conflict_found` says that nothing was found in what was understood.
    """
    return await screening.check(database, user, data, keyring=keyring)
