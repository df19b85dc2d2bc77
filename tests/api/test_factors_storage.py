"""What the database holds of factors and challenges: nothing that opens an account, and not for ever."""

import httpx2
import pytest
from sqlalchemy import func, select

from backend.api.dependencies import Resources
from backend.models.factors import Challenge, Credential
from tests.authenticator import Authenticator
from tests.conftest import FakeClock
from tests.factories import erase, make_person
from tests.second_factors import (
    ask_for_passkey,
    challenge,
    enrol_passkey,
    enrol_totp,
    make_codes,
)

pytestmark = pytest.mark.anyio


async def _count(resources: Resources, table: type[Challenge | Credential]) -> int:
    async with resources.database.reader() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_what_is_stored_of_a_factor_opens_nothing(
    client: httpx2.AsyncClient, time: FakeClock, resources: Resources
) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    authenticator = Authenticator()
    await enrol_passkey(client, amira, authenticator)
    codes = await make_codes(client, amira)

    async with resources.database.reader() as session:
        rows = list(await session.scalars(select(Credential)))

    stored = [(row.secret or b"") + (row.digest or "").encode() + row.name.encode() for row in rows]
    shown = [secret.encode(), authenticator.credential_id, *(code.encode() for code in codes)]
    assert len(stored) == 12
    assert [part for part in shown if any(part in row for row in stored)] == []


async def test_a_stored_challenge_answers_nothing(client: httpx2.AsyncClient, resources: Resources) -> None:
    token = (await ask_for_passkey(client))["challenge"]

    async with resources.database.reader() as session:
        rows = (await session.execute(select(Challenge.__table__))).all()

    assert len(rows) == 1
    assert token not in repr(rows)


async def test_challenges_that_ran_out_go_with_the_next(
    client: httpx2.AsyncClient, time: FakeClock, resources: Resources
) -> None:
    for _ in range(3):
        await ask_for_passkey(client)
    before = await _count(resources, Challenge)
    time.advance(minutes=6)

    await ask_for_passkey(client)

    assert (before, await _count(resources, Challenge)) == (3, 1)


async def test_factors_and_challenges_go_with_the_account(
    client: httpx2.AsyncClient, time: FakeClock, resources: Resources
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    await enrol_passkey(client, amira, Authenticator())
    await make_codes(client, amira)
    await challenge(client)

    await erase(client, amira)

    assert (await _count(resources, Credential), await _count(resources, Challenge)) == (0, 0)
