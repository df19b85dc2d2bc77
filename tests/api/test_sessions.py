"""One's signed-in devices: seen, and signed out one by one or all at once."""

import httpx2
import pytest

from backend.utils.devices import device_name
from tests.conftest import FakeClock
from tests.factories import PASSWORD, make_person

SESSIONS = "/api/v1/auth/sessions"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1"

pytestmark = pytest.mark.anyio


async def _second_device(client: httpx2.AsyncClient, username: str = "amira") -> dict[str, str]:
    form = {"username": username, "password": PASSWORD}
    answer = await client.post("/api/v1/auth/login", data=form, headers={"User-Agent": PHONE})
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def _items(client: httpx2.AsyncClient, headers: dict[str, str]) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await client.get(SESSIONS, headers=headers)).json()["items"]
    return items


async def test_every_device_is_listed_with_where_and_when(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    phone = await _second_device(client)

    items = await _items(client, phone)

    assert [item["device"] for item in items] == ["Python", "Safari on iPhone"]
    assert [item["current"] for item in items] == [False, True]
    assert {item["ip_prefix"] for item in items} == {"127.0.0.0/24"}
    assert all(str(item["created_at"]) < str(item["expires_at"]) for item in items)
    assert [item["current"] for item in await _items(client, amira.headers)] == [True, False]


async def test_pages_of_sessions_follow_each_other(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    for _ in range(2):
        await _second_device(client)

    first = (await client.get(f"{SESSIONS}?limit=2", headers=amira.headers)).json()
    second = (
        await client.get(f"{SESSIONS}?limit=2&cursor={first['next_cursor']}", headers=amira.headers)
    ).json()

    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]
    assert len({item["id"] for item in first["items"] + second["items"]}) == 3


async def test_a_device_that_is_signed_out_is_refused_at_once(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    phone = await _second_device(client)
    (other,) = [item["id"] for item in await _items(client, amira.headers) if not item["current"]]

    ended = await client.delete(f"{SESSIONS}/{other}", headers=amira.headers)

    assert ended.status_code == 204
    assert (await client.get("/api/v1/users/me", headers=phone)).status_code == 401
    assert (await client.get("/api/v1/users/me", headers=amira.headers)).status_code == 200
    assert len(await _items(client, amira.headers)) == 1
    again = await client.delete(f"{SESSIONS}/{other}", headers=amira.headers)
    assert (again.status_code, again.json()["code"]) == (404, "session-not-found")


async def test_signing_out_everywhere_ends_every_device_and_nobody_elses(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    phone = await _second_device(client)

    ended = await client.post("/api/v1/auth/logout-all", headers=amira.headers)

    assert ended.status_code == 204
    for headers in (amira.headers, phone):
        assert (await client.get("/api/v1/users/me", headers=headers)).status_code == 401
    refreshed = await client.post("/api/v1/auth/refresh", json={"refresh_token": amira.refresh_token})
    assert refreshed.status_code == 400
    assert (await client.get("/api/v1/users/me", headers=boris.headers)).status_code == 200


async def test_a_stranger_cannot_sign_a_device_out(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    (own,) = [item["id"] for item in await _items(client, amira.headers)]

    response = await client.delete(f"{SESSIONS}/{own}", headers=boris.headers)

    assert response.status_code == 404
    assert len(await _items(client, amira.headers)) == 1


async def test_a_session_that_ran_out_is_not_listed(client: httpx2.AsyncClient, time: FakeClock) -> None:
    await make_person(client)
    time.advance(days=31)

    items = await _items(client, await _second_device(client))

    assert [item["device"] for item in items] == ["Safari on iPhone"]


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.14", "curl"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_named_as_its_owner_would(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
