"""An account whose chain of events was altered: nothing happens on it that cannot be written down."""

import httpx2
import pytest
from sqlalchemy import text, update

from backend.api.dependencies import Resources
from backend.models.audit import AuditChain
from tests.erasures import ask
from tests.factories import Person, erase, make_person, sign_in
from tests.tampering import change

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["head", "key"])
async def amira(request: pytest.FixtureRequest, client: httpx2.AsyncClient, resources: Resources) -> Person:
    """Return somebody whose chain cannot grow: its head was put back, or its key was altered."""
    person = await make_person(client)
    if request.param == "head":
        async with resources.database.unit() as session:
            await session.execute(text("UPDATE audit_chains SET sequence = sequence - 1"))
    else:
        await change(resources, update(AuditChain).values(key=bytes(60)))
    return person


async def test_signing_in_and_asking_for_erasure_say_why_they_fail(
    client: httpx2.AsyncClient, amira: Person
) -> None:
    answers = [await sign_in(client, amira.username), await ask(client, amira)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(500, "seal-broken")] * 2


async def test_a_broken_chain_keeps_nobody_from_being_erased(
    client: httpx2.AsyncClient, amira: Person
) -> None:
    receipt = (await erase(client, amira)).json()["receipt"]

    assert receipt["audit"] is None
    assert (await sign_in(client, amira.username)).status_code == 401
