"""`safeplate doctor` opens what else is sealed: second factors, kept answers, where events came from."""

import uuid

import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.models.audit import AuditChain
from backend.models.factors import Credential
from backend.models.idempotency import IdempotencyKey
from backend.models.jobs import Job, JobKind
from backend.services import jobs
from tests.conftest import FakeClock
from tests.factories import make_person, profile_body
from tests.second_factors import enrol_totp
from tests.services.system.test_doctor import _findings
from tests.tampering import change, flipped

pytestmark = pytest.mark.anyio


async def test_a_factor_and_an_answer_that_do_not_open_are_named(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    headers = amira.headers | {"Idempotency-Key": uuid.uuid4().hex}
    (await client.post("/api/v1/health/profiles", json=profile_body(), headers=headers)).raise_for_status()
    async with resources.database.reader() as session:
        factor = (await session.scalars(select(Credential))).one()
        kept = (await session.scalars(select(IdempotencyKey))).one()
    whole = await _findings(resources)
    assert factor.secret is not None
    await change(resources, update(Credential).values(secret=flipped(factor.secret, 20)))
    await change(resources, update(IdempotencyKey).values(answer=flipped(kept.answer, 20)))

    found = await _findings(resources)

    assert whole == {}
    assert found == {
        "factors": [f"factor {factor.id} of account {amira.id}: does not open"],
        "answers": [f"answer {kept.key[:8]} of account {amira.id}: does not open"],
    }


async def test_a_place_under_another_key_is_named(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira = await make_person(client)
    other = resources.keyring.wrap(bytes(32), owner=amira.id, purpose="audit-place")
    await change(resources, update(AuditChain).where(AuditChain.owner_id == amira.id).values(place_key=other))

    found = await _findings(resources)

    assert found == {"audit": [f"chain {amira.id}: where event 1 came from does not open"]}


async def test_work_in_hand_is_late_only_when_its_lease_is_over(
    resources: Resources, time: FakeClock
) -> None:
    async with resources.database.unit() as session:
        await jobs.enqueue(session, JobKind.EXPORT, jobs.Nothing(), keyring=resources.keyring)
    time.advance(minutes=30)
    await change(resources, update(Job).values(locked_until=time.moment))
    free = await _findings(resources)
    time.advance(seconds=-1)

    held = await _findings(resources)

    assert list(free) == ["jobs"]
    assert held == {}
