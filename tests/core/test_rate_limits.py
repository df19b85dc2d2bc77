"""Rate limits, in memory and in Redis."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.core.config import Settings
from backend.core.errors import RateLimitedError, UnavailableError
from backend.core.rate_limits import RateLimits
from tests import loopback

pytestmark = pytest.mark.anyio
REDIS = "redis://127.0.0.1:6379/0"


def _has_redis() -> bool:
    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=["memory", "redis"])
async def limits(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RateLimits]:
    """Return limits of three sign-ins a minute."""
    redis = {}
    if request.param == "redis":
        if not _has_redis():
            pytest.skip("no Redis answers on loopback's standard port")
        redis = {"redis": {"url": REDIS}}
    limits = RateLimits(
        Settings.model_validate({"data_dir": tmp_path, "rate_limit": {"login": "3/minute"}} | redis)
    )
    yield limits
    await limits.close()


async def test_the_fourth_attempt_in_a_minute_is_told_when_to_come_back(limits: RateLimits) -> None:
    amira, boris = uuid.uuid4().hex, uuid.uuid4().hex
    rooms = [await limits.count("login", amira) for _ in range(4)]

    assert [room.remaining for room in rooms if room and room.fits] == [2, 1, 0]
    last = rooms[3]
    assert last is not None
    with pytest.raises(RateLimitedError) as caught:
        last.require()

    assert 1 <= caught.value.retry_after <= 60
    await limits.count("login", boris)
    await limits.count("registration", amira)


async def test_sign_in_is_refused_where_the_counter_cannot_be_reached(tmp_path: Path) -> None:
    limits = RateLimits(
        Settings.model_validate({"data_dir": tmp_path, "redis": {"url": "redis://127.0.0.1:1/0"}})
    )

    with pytest.raises(UnavailableError):
        await limits.count("login", "amira")
    await limits.close()


GUARDED = ("login", "registration", "refresh", "recovery")


def _limits(folder: Path, url: str) -> RateLimits:
    redis = {"url": url, "timeout": "PT0.3S"}
    limits = {"guest_check": "3/hour"} | dict.fromkeys(GUARDED, "1000/minute")
    return RateLimits(Settings.model_validate({"data_dir": folder, "redis": redis, "rate_limit": limits}))


async def _expect_guarded_to_be_refused(limits: RateLimits) -> None:
    for name in GUARDED:
        with pytest.raises(UnavailableError):
            await limits.count(name, "amira")


async def test_what_touches_nobodys_data_goes_on_without_the_counter_and_within_its_limit(
    tmp_path: Path,
) -> None:
    limits = _limits(tmp_path, "redis://127.0.0.1:1/0")

    for _ in range(3):
        await limits.count("guest_check", "amira")
    beyond = await limits.count("guest_check", "amira")
    assert beyond is not None
    with pytest.raises(RateLimitedError):
        beyond.require()
    await limits.close()


async def test_a_counter_that_dies_and_comes_back_is_used_again(tmp_path: Path) -> None:
    with loopback.redis() as first:
        limits = _limits(tmp_path, first.url)
        await limits.count("login", "amira")
        first.kill()
        await _expect_guarded_to_be_refused(limits)
        await limits.count("guest_check", "amira")
    with loopback.redis(first.port):
        async with asyncio.timeout(60):
            while not await _counts(limits):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.05)
    await limits.close()


async def test_a_counter_that_is_frozen_keeps_nobody_waiting(tmp_path: Path) -> None:
    with loopback.redis() as started:
        limits = _limits(tmp_path, started.url)
        await asyncio.gather(*(limits.count("login", "amira") for _ in range(8)))
        started.freeze()
        async with asyncio.timeout(60):  # a server that is frozen answers never
            await _expect_guarded_to_be_refused(limits)
            await asyncio.gather(*(limits.count("guest_check", f"{number}") for number in range(50)))
        started.thaw()
        async with asyncio.timeout(60):
            while not await _counts(limits):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.05)
        await limits.close()


async def _counts(limits: RateLimits) -> bool:
    try:
        await limits.count("login", "amira")
    except UnavailableError:
        return False
    return True
