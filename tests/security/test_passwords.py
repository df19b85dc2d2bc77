"""Passwords as they were typed, for as long as their owners like, in forms that password managers know."""

import re

import httpx2
import pytest

from tests.conftest import FakeClock
from tests.factories import make_person, register, sign_in
from tests.second_factors import challenge, code_of, enrol_totp, show_code

pytestmark = pytest.mark.anyio

LONG = "Aq7!" + "".join(chr(0x4E00 + number * 37) for number in range(60))


@pytest.mark.parametrize("length", [8, 64, 128, 256])
async def test_every_length_up_to_256_is_taken(client: httpx2.AsyncClient, length: int) -> None:
    password = (LONG * 4)[: length - 1] + "z"
    await register(client, password=password)

    right = await sign_in(client, "amira", password)

    assert right.status_code == 200


@pytest.mark.parametrize("length", [7, 257])
async def test_no_shorter_or_longer_one_is_taken(client: httpx2.AsyncClient, length: int) -> None:
    assert (await register(client, password=(LONG * 5)[:length])).status_code == 422


async def test_every_character_counts_also_beyond_what_older_hashes_read(client: httpx2.AsyncClient) -> None:
    password = "Aq7!" + "kestrel-otter-" * 6 + "a"
    await register(client, password=password)

    others = [
        password[:-1] + "b",
        password[:72],
        password.lower(),
        password + " ",
        " " + password,
        password[1:],
    ]
    answers = [await sign_in(client, "amira", other) for other in others]

    assert [answer.status_code for answer in answers] == [401] * len(others)
    assert (await sign_in(client, "amira", password)).status_code == 200


async def test_a_password_does_not_expire(client: httpx2.AsyncClient, time: FakeClock) -> None:
    await register(client)

    time.advance(days=2 * 365)

    assert (await sign_in(client, "amira")).status_code == 200


async def test_a_fresh_service_knows_nobody(client: httpx2.AsyncClient) -> None:
    pairs = [
        ("admin", "admin"),
        ("root", "root"),
        ("admin", "password"),
        ("safeplate", "safeplate"),
        ("test", "test"),
    ]

    answers = [await sign_in(client, name, password) for name, password in pairs]

    assert [answer.status_code for answer in answers] == [401] * len(pairs)


@pytest.mark.parametrize(
    ("path", "autocomplete"), [("/verify-email", "current-password"), ("/reset-password", "new-password")]
)
async def test_fields_for_passwords_hide_them_and_tell_managers_what_they_are(
    client: httpx2.AsyncClient, path: str, autocomplete: str
) -> None:
    page = (await client.get(path)).text

    fields = [field for field in re.findall(r"<input[^>]*>", page) if 'name="password"' in field]
    assert fields
    for field in fields:
        assert 'type="password"' in field
        assert f'autocomplete="{autocomplete}"' in field
        assert "onpaste" not in field


async def test_a_code_is_refused_when_its_step_is_two_steps_ago(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    secret = await enrol_totp(client, await make_person(client), time)
    time.advance(minutes=5)
    question = await challenge(client)

    answer = await show_code(client, question, code_of(secret, -2))

    assert answer.status_code == 401
