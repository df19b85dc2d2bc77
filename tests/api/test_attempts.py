"""Guessing is slowed down, whoever guesses and from wherever, and owners are not kept out by it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Protocol

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.config import Settings
from backend.main import create_app
from tests.conftest import FakeClock, Post
from tests.factories import PASSWORD, make_settings, register, sign_in, url_of

pytestmark = pytest.mark.anyio
WRONG = "Wrong-Password-1"
HOME, ABROAD = "192.0.2.7", "198.51.100.7"


class Caller(Protocol):
    """Makes a client at an address, on a device."""

    def __call__(self, address: str, device: str = ...) -> httpx2.AsyncClient:
        """Return the client."""
        ...


@pytest.fixture
async def guarded(app: FastAPI, settings: Settings) -> AsyncIterator[FastAPI]:
    """Return an application that counts guesses, behind one proxy."""
    limits = dict.fromkeys(("login", "registration", "refresh", "recovery"), "100000/minute")
    counting = create_app(
        make_settings(settings.data_dir, url_of(settings), rate_limit=limits, http={"trusted_proxies": 1})
    )
    async with counting.router.lifespan_context(counting):
        yield counting


@pytest.fixture
def caller(guarded: FastAPI, time: FakeClock) -> Caller:
    """Return what makes a client at an address, while time stands still: guesses drain away with it."""

    def make(address: str, device: str = "Firefox/140.0") -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=guarded),
            base_url="http://test",
            headers={"X-Forwarded-For": address, "User-Agent": device},
        )

    return make


async def _guess(client: httpx2.AsyncClient, times: int, username: str = "amira") -> list[int]:
    return [(await sign_in(client, username, WRONG)).status_code for _ in range(times)]


async def test_guesses_beyond_the_free_ones_wait_longer_and_longer(caller: Caller, time: FakeClock) -> None:
    home = caller(HOME)
    await register(home)
    waits = []

    assert await _guess(home, 6) == [401] * 6
    for _ in range(4):
        refused = await sign_in(home, "amira")
        assert refused.status_code == 429
        waits.append(int(refused.headers["retry-after"]))
        time.advance(seconds=waits[-1])
        assert await _guess(home, 1) == [401]

    assert waits == sorted(waits)
    assert (waits[0], waits[-1] > 30) == (4, True)


async def test_who_waits_may_try_again_and_gets_in(caller: Caller, time: FakeClock) -> None:
    home = caller(HOME)
    await register(home)
    await _guess(home, 6)

    early = await sign_in(home, "amira")
    time.advance(seconds=int(early.headers["retry-after"]))

    assert (early.status_code, early.json()["code"]) == (429, "rate-limited")
    assert (await sign_in(home, "amira")).status_code == 200


@pytest.mark.parametrize("username", ["amira", "nobody", "amira@example.com", "nobody@example.com"])
async def test_a_name_that_nobody_has_is_slowed_down_alike(caller: Caller, username: str) -> None:
    home = caller(HOME)
    await register(home)

    assert await _guess(home, 8, username) == [401] * 6 + [429] * 2


async def test_address_and_name_of_one_account_share_a_counter(caller: Caller) -> None:
    home = caller(HOME)
    await register(home)

    answers = [*await _guess(home, 3), *await _guess(home, 3, "amira@example.com"), *await _guess(home, 1)]

    assert answers == [401] * 6 + [429]


async def test_guesses_from_everywhere_slow_an_account_down_but_not_its_known_device(caller: Caller) -> None:
    home = caller(HOME)
    await register(home)
    await sign_in(home, "amira")

    for network in range(11):
        assert await _guess(caller(f"203.0.{network}.1"), 1) == [401]
    stranger = await sign_in(caller(ABROAD), "amira")
    neighbour = await sign_in(caller(HOME, "Chrome/140.0"), "amira")
    owner = await sign_in(home, "amira")

    assert (stranger.status_code, neighbour.status_code, owner.status_code) == (429, 429, 200)


async def test_a_new_password_lets_the_owner_in_while_others_guess(caller: Caller, post: Post) -> None:
    home, password = caller(HOME), "Mulberry-Tree-7"
    await register(home)
    for network in range(11):
        await _guess(caller(f"203.0.{network}.1"), 1)
    assert (await sign_in(home, "amira")).status_code == 429

    await home.post("/api/v1/auth/password/forgot", json={"email": "amira@example.com"})
    await post.deliver()
    body = {"token": post.mailer.token(), "new_password": password}
    await home.post("/api/v1/auth/password/reset", json=body)

    assert (await sign_in(home, "amira", password)).status_code == 200
    assert await _guess(caller(HOME, "Chrome/140.0"), 5) == [401] * 5


async def test_a_known_device_does_not_guess_without_end(caller: Caller) -> None:
    home = caller(HOME)
    await register(home)
    await sign_in(home, "amira")

    assert await _guess(home, 8) == [401] * 6 + [429] * 2


async def test_one_network_that_tries_every_account_is_slowed_down(caller: Caller, time: FakeClock) -> None:
    answers = Counter[int]()

    for number in range(110):
        answers.update(await _guess(caller(f"192.0.2.{number}"), 1, f"victim{number}"))

    assert answers[401] == 101
    assert answers[429] == 9


async def test_a_64_of_the_new_protocol_is_one_network(caller: Caller) -> None:
    one, other, far = caller("2001:db8::1"), caller("2001:db8::ffff:2"), caller("2001:db8:0:1::1")
    await register(one)

    assert await _guess(one, 4) == [401] * 4
    assert await _guess(other, 4) == [401] * 2 + [429] * 2
    assert await _guess(far, 1) == [401]


async def test_a_caller_cannot_choose_its_network(caller: Caller) -> None:
    await register(caller(HOME))
    answers = []

    for number in range(8):
        forged = caller(f"10.{number}.0.1, {HOME}")
        answers += await _guess(forged, 1)

    assert answers == [401] * 6 + [429] * 2


async def test_a_thiefs_own_sign_in_and_refreshes_clear_nothing(caller: Caller) -> None:
    home = caller(HOME)
    await register(home)
    await register(home, "boris")
    await _guess(home, 5)

    own = (await sign_in(home, "boris")).json()
    await home.post("/api/v1/auth/refresh", json={"refresh_token": own["refresh_token"]})

    assert await _guess(home, 2) == [401, 429]


async def test_a_right_password_takes_back_its_own_guess_alone(caller: Caller) -> None:
    home = caller(HOME)
    await register(home)

    await _guess(home, 5)
    assert (await sign_in(home, "amira", PASSWORD)).status_code == 200

    assert await _guess(home, 2) == [401, 429]


async def test_guesses_drain_away_with_time(caller: Caller, time: FakeClock) -> None:
    home = caller(HOME)
    await register(home)
    await _guess(home, 6)

    time.advance(hours=12)

    assert await _guess(home, 7) == [401] * 6 + [429]


async def test_of_64_guesses_at_once_no_more_get_through_than_one_by_one(caller: Caller) -> None:
    home = caller(HOME)
    await register(home)

    answers = await asyncio.gather(*(sign_in(home, "amira", WRONG) for _ in range(64)))

    assert Counter(answer.status_code for answer in answers) == {401: 6, 429: 58}


@pytest.mark.parametrize("email", ["amira@example.com", "nobody@example.com"])
@pytest.mark.parametrize("path", ["/email/verify", "/password/reset", "/email/change/confirm"])
async def test_mailed_codes_are_guessed_no_faster_than_passwords(
    caller: Caller, email: str, path: str
) -> None:
    home = caller(HOME)
    await register(home)
    rest = {"new_password": "Mulberry-Tree-7"} if path == "/password/reset" else {"password": WRONG}
    body = {"email": email, "code": "000000"} | rest

    answers = [(await home.post(f"/api/v1/auth{path}", json=body)).status_code for _ in range(20)]

    assert answers == [400] * 6 + [429] * 14
    assert await _guess(home, 1, email) == [429]


async def test_passwords_beside_links_and_changes_of_password_share_the_counter(
    caller: Caller, post: Post, time: FakeClock
) -> None:
    home = caller(HOME)
    await register(home)
    await post.deliver()
    tokens = (await sign_in(home, "amira")).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    link = {"token": post.mailer.token()}

    async def verify(password: str) -> int:
        return (await home.post("/api/v1/auth/email/verify", json=link | {"password": password})).status_code

    async def change(password: str) -> int:
        body = {"current_password": password, "new_password": "Mulberry-Tree-7"}
        answer = await home.post("/api/v1/auth/password/change", json=body, headers=headers)
        return answer.status_code

    guesses = [await verify(WRONG), await verify(WRONG), await verify(PASSWORD), await change(WRONG)]
    more = [await change(WRONG), await change(WRONG), *await _guess(home, 2), await change(PASSWORD)]

    assert guesses == [401, 401, 204, 401]
    assert more == [401, 401, 401, 429, 429]
    items = (await home.get("/api/v1/users/me/activity", headers=headers)).json()["items"]
    assert [item["action"] for item in items].count("sign_in_failed") == 6
