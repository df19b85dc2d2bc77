"""Rate limits, in memory and in Redis."""

import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.core.config import Settings
from backend.core.errors import RateLimitedError, UnavailableError
from backend.core.rate_limits import RateLimits

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
