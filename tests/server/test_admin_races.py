"""Administrators, their victims and each other at the same moment, on a server of two processes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from tests.administration import USERS, account_status, change
from tests.factories import PASSWORD, Person, make_person, sign_in
from tests.server.conftest import Server

pytestmark = [pytest.mark.anyio, pytest.mark.server]


@pytest.fixture
async def crowd(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=64)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        yield client


async def _signed_in(client: httpx2.AsyncClient, person: Person) -> Person:
    tokens = (await sign_in(client, person.username)).raise_for_status().json()
    return replace(person, access_token=tokens["access_token"], refresh_token=tokens["refresh_token"])


async def _make_chief(server: Server, client: httpx2.AsyncClient, name: str) -> Person:
    chief = await make_person(client, name)
    assert server.command("user", "promote", name).returncode == 0
    return await _signed_in(client, chief)


async def test_of_two_administrators_who_demote_or_disable_each_other_one_remains(
    server: Server, crowd: httpx2.AsyncClient
) -> None:
    chief = await _make_chief(server, crowd, "chief")
    for number in range(20):
        pair = [await make_person(crowd, f"{name}{number}") for name in ("olga", "ivan")]
        for person in pair:
            assert (await change(crowd, chief, person.id, "role", "admin")).status_code == 204
        olga, ivan = [await _signed_in(crowd, person) for person in pair]
        second = ("role", "user") if number % 2 else ("disable", None)

        answers = await asyncio.gather(
            change(crowd, olga, ivan.id, "role", "user"), change(crowd, ivan, olga.id, *second)
        )

        read = [(await crowd.get(f"{USERS}/{who.id}", headers=chief.headers)).json() for who in (olga, ivan)]
        assert sorted(answer.status_code for answer in answers) in ([204, 401], [204, 403])
        assert Counter(item["role"] == "admin" and not item["disabled_at"] for item in read) == {
            True: 1,
            False: 1,
        }


@pytest.mark.parametrize(("act", "role"), [("disable", None), ("role", "admin"), ("sessions", None)])
async def test_no_token_outlives_a_change_that_races_with_refreshes(
    server: Server, crowd: httpx2.AsyncClient, act: str, role: str | None
) -> None:
    chief = await _make_chief(server, crowd, f"chief-{act}")
    amira = await make_person(crowd, f"amira-{act}")
    body = {"refresh_token": amira.refresh_token}

    *answers, changed = await asyncio.gather(
        *(crowd.post("/api/v1/auth/refresh", json=body) for _ in range(16)),
        change(crowd, chief, amira.id, act, role),
    )

    tokens = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
    after = [
        await account_status(crowd, replace(amira, access_token=token))
        for token in [*tokens, amira.access_token]
    ]
    assert changed.status_code == 204
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert set(after) == {401}


async def test_nobody_signs_in_to_an_account_that_is_being_disabled(
    server: Server, crowd: httpx2.AsyncClient
) -> None:
    chief = await _make_chief(server, crowd, "chief-shutting")
    amira = await make_person(crowd, "amira-shutting")
    form = {"username": amira.username, "password": PASSWORD}

    *answers, changed = await asyncio.gather(
        *(crowd.post("/api/v1/auth/login", data=form) for _ in range(12)),
        change(crowd, chief, amira.id, "disable"),
    )

    tokens = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
    after = {await account_status(crowd, replace(amira, access_token=token)) for token in tokens}
    assert changed.status_code == 204
    assert {answer.status_code for answer in answers} <= {200, 401}
    assert after <= {401}
