"""Hashing in the pool."""

import asyncio
import threading

import bcrypt
import pytest

from backend.core.config import PasswordSettings
from backend.core.errors import UnavailableError
from backend.core.passwords import PasswordPool

pytestmark = pytest.mark.anyio
CHEAP = PasswordSettings(memory_kib=8_192, passes=1)


async def test_a_password_matches_its_hash_alone() -> None:
    pool = PasswordPool(CHEAP)
    stored = await pool.hash("Sesame-Street-9")

    assert stored.startswith("$argon2id$v=19$m=8192,t=1,p=1$")
    assert (await pool.check("Sesame-Street-9", stored)) == (True, None)
    assert not (await pool.check("sesame-street-9", stored)).matches
    assert not (await pool.check("Sesame-Street-9", "")).matches
    assert not (await pool.check("Sesame-Street-9", None)).matches


async def test_a_hash_of_another_cost_or_kind_is_replaced() -> None:
    pool = PasswordPool(CHEAP)
    dearer = PasswordPool(PasswordSettings(memory_kib=8_192, passes=2))
    older = await pool.hash("Sesame-Street-9")
    long = "Sesame-Street-9" * 6
    ancient = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()

    upgraded = await dearer.check("Sesame-Street-9", older)
    modern = await pool.check(long, ancient)

    assert upgraded.replacement is not None
    assert "t=2" in upgraded.replacement
    assert modern.replacement is not None
    assert (await pool.check(long, modern.replacement)).matches
    assert not (await pool.check(long[:72], modern.replacement)).matches


async def test_the_pool_is_bounded_in_threads_and_in_who_may_wait() -> None:
    pool = PasswordPool(PasswordSettings(memory_kib=8_192, passes=1, threads=2, max_waiting=4))

    answers = await asyncio.gather(*(pool.hash("Sesame-Street-9") for _ in range(10)), return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, UnavailableError)]
    assert len(refused) == 6
    assert sum(thread.name.startswith("password") for thread in threading.enumerate()) >= 1
    pool.close()
