"""Hashing in the pool, and the shipped list of common passwords."""

import asyncio
import hashlib
import random
import re
import string
import subprocess
import sys
import threading
from pathlib import Path

import bcrypt
import pytest

from backend.core.config import PasswordSettings
from backend.core.errors import UnavailableError
from backend.core.passwords import COMMON, PasswordPool, common_passwords
from backend.utils.bloom import BloomFilter
from backend.utils.passwords import spellings

pytestmark = pytest.mark.anyio
CHEAP = PasswordSettings(memory_kib=8_192, passes=1)
TOOL = Path(__file__).parents[2] / "tools" / "common_passwords.py"
README = COMMON.with_name("README.md").read_text("utf-8")


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


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "123456789",
        "qwerty",
        "letmein",
        "iloveyou",
        "trustno1",
        "football",
        "dragon",
        "azerty",
        "passwort",
    ],
)
def test_well_known_passwords_are_on_the_shipped_list(password: str) -> None:
    assert any(spelling in common_passwords() for spelling in spellings(password))


def test_the_shipped_list_takes_fewer_strangers_for_common_than_its_readme_states() -> None:
    stated = re.search(r"fewer than 1 in ([\d,]+) texts", README)
    numbers = random.Random(2_024)

    taken = sum(f"{numbers.getrandbits(96):x}" in common_passwords() for _ in range(500_000))

    assert stated is not None
    assert taken < 500_000 / int(stated[1].replace(",", ""))


def test_the_shipped_list_is_the_file_that_its_readme_describes() -> None:
    content = COMMON.read_bytes()

    assert hashlib.sha256(content).hexdigest() in README
    assert f"{len(content):,} bytes" in README


def test_few_strong_passwords_are_refused_by_mistake() -> None:
    numbers = random.Random(3)
    pool = PasswordPool(PasswordSettings(memory_kib=8_192, passes=1, policy="nist", min_length=8))

    for _ in range(500):
        password = "".join(numbers.choices(string.printable[:94], k=12))
        pool.require_strong(password, pointer="/password", personal=("amira", "amira@example.com"))


def test_an_operator_makes_a_list_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("mulberry\nMulberry99\nblackcurrant\n", "utf-8")

    said = subprocess.run(
        [sys.executable, TOOL, tmp_path / "list", "--output", tmp_path / "filter"],
        check=True,
        capture_output=True,
        text=True,
    )

    made = BloomFilter.from_bytes((tmp_path / "filter").read_bytes())
    assert "3 lines, 2 entries" in said.stdout
    assert "mulberry" in made
    assert "password" not in made
