"""Counting side by side: whoever takes a guess back waits for others in the order in which they wait."""

import asyncio

import pytest
from sqlalchemy import insert, select

from backend.api.dependencies import Resources
from backend.core.config import RateLimitSettings
from backend.core.errors import RateLimitedError
from backend.models.attempts import Attempts as Bucket
from backend.services.attempts import Attempt, Attempts
from tests.conftest import FakeClock

pytestmark = pytest.mark.anyio
FIRST, LAST = "0" * 64, "f" * 64


async def test_a_guess_is_taken_back_in_the_order_of_the_keys(resources: Resources) -> None:
    database = resources.database
    if database.is_sqlite:
        pytest.skip("SQLite has one writer: nothing waits for a row")
    async with database.unit() as session:
        for key in (LAST, FIRST):  # as they lie: the other way round
            await session.execute(insert(Bucket).values(key=key, level=1.0, counted_at=0.0))

    async def forgive() -> None:
        async with database.unit() as session:
            await resources.attempts.forgive(session, Attempt({FIRST: 1.0, LAST: 1.0}))

    async with database.unit() as guess:
        await guess.execute(select(Bucket).where(Bucket.key == FIRST).with_for_update())
        forgiving = asyncio.create_task(forgive())
        await asyncio.sleep(0.3)
        free = select(Bucket.key).where(Bucket.key == LAST).with_for_update(skip_locked=True)
        assert await guess.scalar(free) == LAST
    await forgiving

    async with database.reader() as reader:
        assert list(await reader.scalars(select(Bucket.level))) == [0.0, 0.0]


async def test_of_two_free_guesses_the_one_with_the_earlier_clock_may_be_counted_last(
    resources: Resources, time: FakeClock
) -> None:
    counting = RateLimitSettings.model_validate({"enabled": True})
    attempts = Attempts(resources.database, keyring=resources.keyring, settings=counting)
    await attempts.count("amira")
    time.advance(seconds=-0.01)

    counted = await attempts.count("boris")

    assert counted.weights


async def test_a_clock_that_goes_back_keeps_nobody_out(resources: Resources, time: FakeClock) -> None:
    counting = RateLimitSettings.model_validate({"enabled": True})
    attempts = Attempts(resources.database, keyring=resources.keyring, settings=counting)
    await attempts.count("amira")
    time.advance(days=-1)
    for _ in range(5):  # the free ones, and the first after them
        await attempts.count("amira")

    with pytest.raises(RateLimitedError):
        await attempts.count("amira")
    time.advance(days=-1)

    await attempts.count("amira")
    with pytest.raises(RateLimitedError):  # what was counted is not forgotten
        await attempts.count("amira")
