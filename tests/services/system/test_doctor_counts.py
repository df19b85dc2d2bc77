"""What `safeplate doctor` counts: work that waits or failed, and faults that are too many to show."""

import uuid

import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.models.jobs import Job
from backend.models.users import User
from backend.schemas.system import Finding, FindingState
from backend.services import system
from tests.conftest import FakeClock
from tests.factories import make_person
from tests.tampering import change

pytestmark = pytest.mark.anyio


async def _findings(resources: Resources, check: str) -> list[Finding]:
    examined = system.examine_data(resources.database, [], keyring=resources.keyring)
    return [finding async for finding in examined if finding.check == check]


async def test_work_that_nobody_does_is_wrong_and_work_that_failed_is_told(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    await make_person(client)
    time.advance(minutes=16)
    assert [finding.state for finding in await _findings(resources, "jobs")] == [FindingState.WRONG]

    await change(resources, update(Job).values(failed_at=time.moment))
    assert [finding.state for finding in await _findings(resources, "jobs")] == [FindingState.NOTE]


async def test_of_many_faults_the_first_are_shown_and_the_others_counted(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    await make_person(client)
    async with resources.database.unit() as session:
        user = (await session.scalars(select(User))).one()
        for number in range(101):
            session.add(
                Job(kind="notify", payload=user.data_key, run_at=user.created_at, id=uuid.UUID(int=number))
            )

    faults = await _findings(resources, "keys")

    assert len(faults) == 101
    assert faults[-1].detail == "1 more"
