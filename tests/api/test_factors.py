"""Second factors and passkeys set up, renamed and removed, through the API."""

import asyncio
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import httpx2
import pytest
from sqlalchemy import select

from backend.api.dependencies import Resources
from backend.models.factors import Credential, FactorKind
from tests.authenticator import Authenticator
from tests.conftest import FakeClock, Post
from tests.factories import Person, make_person, sign_in
from tests.second_factors import (
    FACTORS,
    challenge,
    code_of,
    enrol_passkey,
    enrol_totp,
    make_codes,
    show_code,
)

pytestmark = pytest.mark.anyio


async def _list(client: httpx2.AsyncClient, person: Person) -> dict[str, Any]:
    listed: dict[str, Any] = (await client.get(FACTORS, headers=person.headers)).json()
    return listed


async def _subjects(post: Post) -> list[str]:
    await post.deliver()
    return [str(letter["Subject"]) for letter in post.mailer.sent]


async def test_an_app_gets_its_secret_as_text_link_and_picture(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    begun = await client.post(f"{FACTORS}/totp", json={"name": "Phone"}, headers=amira.headers)

    body, link = begun.json(), urlsplit(begun.json()["uri"])
    assert begun.status_code == 201
    assert (link.scheme, link.netloc, link.path) == ("otpauth", "totp", "/Safeplate:amira")
    assert parse_qs(link.query) == {"secret": [body["secret"]], "issuer": ["Safeplate"]}
    assert len(body["secret"]) == 32  # 160 bits in base 32
    assert ET.fromstring(body["qr_svg"]).tag.endswith("svg")  # noqa: S314 - our own picture
    assert "script" not in body["qr_svg"]


async def test_an_app_counts_for_nothing_until_a_code_confirms_it(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    begun = await client.post(f"{FACTORS}/totp", json={}, headers=amira.headers)
    secret = begun.json()["secret"]
    wrong = f"{(int(code_of(secret)) + 1) % 10**6:06}"

    refused = await client.post(f"{FACTORS}/totp/confirm", json={"code": wrong}, headers=amira.headers)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/code")
    assert (await _list(client, amira))["items"] == []
    assert (await sign_in(client, "amira")).status_code == 200


async def test_a_second_attempt_to_set_an_app_up_replaces_the_first(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    first = await client.post(f"{FACTORS}/totp", json={}, headers=amira.headers)
    await enrol_totp(client, amira, time)

    again = await client.post(f"{FACTORS}/totp", json={}, headers=amira.headers)
    stale = {"code": code_of(first.json()["secret"])}
    late = await client.post(f"{FACTORS}/totp/confirm", json=stale, headers=amira.headers)

    assert (again.status_code, again.json()["code"]) == (409, "factor-exists")
    assert (late.status_code, late.json()["code"]) == (404, "factor-not-found")


async def test_64_attempts_to_set_an_app_up_leave_one(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    begun = await asyncio.gather(
        *(client.post(f"{FACTORS}/totp", json={}, headers=amira.headers) for _ in range(64))
    )
    confirmed = await asyncio.gather(
        *(
            client.post(
                f"{FACTORS}/totp/confirm",
                json={"code": code_of(answer.json()["secret"])},
                headers=amira.headers,
            )
            for answer in begun
        )
    )

    assert {answer.status_code for answer in begun} == {201}
    assert [answer.status_code for answer in confirmed].count(200) == 1
    assert len((await _list(client, amira))["items"]) == 1


async def test_a_new_factor_ends_the_other_sessions_and_is_told_to_the_owner(
    client: httpx2.AsyncClient, time: FakeClock, post: Post
) -> None:
    amira = await make_person(client)
    other = (await sign_in(client, "amira")).json()["access_token"]

    await enrol_totp(client, amira, time)

    ended = await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {other}"})
    assert ended.status_code == 401
    assert (await client.get("/api/v1/users/me", headers=amira.headers)).status_code == 200
    assert "A second factor was added" in await _subjects(post)
    activity = (await client.get("/api/v1/users/me/activity", headers=amira.headers)).json()["items"]
    assert activity[0]["action"] == "factor_added"
    assert activity[0]["details"]["kind"] == "totp"


async def test_factors_are_listed_with_names_kinds_and_backup(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    await enrol_passkey(client, amira, Authenticator(eligible=True, backed_up=True), "Phone")
    await make_codes(client, amira)

    listed = await _list(client, amira)

    shown = [
        (item["kind"], item["name"], item["backup_eligible"], item["backed_up"]) for item in listed["items"]
    ]
    assert shown == [("totp", "Authenticator app", None, None), ("passkey", "Phone", True, True)]
    assert listed["recovery_codes_left"] == 10


async def test_a_factor_is_renamed_and_nobody_signed_out(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    factor = (await enrol_passkey(client, amira, Authenticator())).json()

    renamed = await client.patch(
        f"{FACTORS}/{factor['id']}", json={"name": "  Old laptop "}, headers=amira.headers
    )

    assert (renamed.status_code, renamed.json()["name"]) == (200, "Old laptop")
    assert (await _list(client, amira))["items"][0]["name"] == "Old laptop"


async def test_with_the_last_factor_go_the_recovery_codes(
    client: httpx2.AsyncClient, time: FakeClock, post: Post
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    await enrol_passkey(client, amira, Authenticator())
    await make_codes(client, amira)
    app, passkey = (await _list(client, amira))["items"]

    first = await client.delete(f"{FACTORS}/{app['id']}", headers=amira.headers)
    between = await _list(client, amira)
    second = await client.delete(f"{FACTORS}/{passkey['id']}", headers=amira.headers)
    after = await _list(client, amira)

    assert (first.status_code, second.status_code) == (204, 204)
    assert (len(between["items"]), between["recovery_codes_left"]) == (1, 10)
    assert after == {"items": [], "next_cursor": None, "recovery_codes_left": 0}
    assert (await sign_in(client, "amira")).status_code == 200
    assert (await _subjects(post)).count("A second factor was removed") == 2


async def test_somebody_elses_factor_is_not_there(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    factor = (await enrol_passkey(client, amira, Authenticator())).json()["id"]

    for identifier in (factor, uuid.uuid4()):
        renamed = await client.patch(f"{FACTORS}/{identifier}", json={"name": "mine"}, headers=boris.headers)
        removed = await client.delete(f"{FACTORS}/{identifier}", headers=boris.headers)
        assert (renamed.status_code, renamed.json()["code"]) == (404, "factor-not-found")
        assert (removed.status_code, removed.json()["code"]) == (404, "factor-not-found")

    assert (await _list(client, amira))["items"][0]["name"] == "Laptop"


async def test_a_recovery_code_is_no_factor_to_rename_or_remove(
    client: httpx2.AsyncClient, time: FakeClock, resources: Resources
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    await make_codes(client, amira)
    async with resources.database.reader() as session:
        query = select(Credential.id).where(Credential.kind == FactorKind.RECOVERY_CODE)
        identifier = await session.scalar(query.limit(1))

    removed = await client.delete(f"{FACTORS}/{identifier}", headers=amira.headers)

    assert removed.status_code == 404


async def test_recovery_codes_are_ten_of_80_bits_and_need_a_factor(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    early = await client.post(f"{FACTORS}/recovery-codes", headers=amira.headers)
    await enrol_totp(client, amira, time)

    codes = await make_codes(client, amira)

    assert (early.status_code, early.json()["code"]) == (409, "factor-missing")
    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) == 16 for code in codes)  # of 32 characters: 80 bits
    assert not set("".join(codes)) & set("ILOU")


async def test_new_recovery_codes_make_the_old_ones_void(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    old, new = await make_codes(client, amira), await make_codes(client, amira)
    question = await challenge(client)

    answers = [(await show_code(client, question, codes[0], "recovery")).status_code for codes in (old, new)]

    assert answers == [401, 200]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/totp", {}),
        ("POST", "/totp/confirm", {"code": "123456"}),
        ("POST", "/passkeys/options", None),
        ("POST", "/recovery-codes", None),
        ("PATCH", f"/{uuid.UUID(int=7)}", {"name": "x"}),
        ("DELETE", f"/{uuid.UUID(int=7)}", None),
    ],
)
async def test_a_device_that_was_left_signed_in_changes_no_factor(
    client: httpx2.AsyncClient, time: FakeClock, method: str, path: str, body: dict[str, str] | None
) -> None:
    amira = await make_person(client)
    time.advance(minutes=11)

    refused = await client.request(method, f"{FACTORS}{path}", json=body, headers=amira.headers)

    assert (refused.status_code, refused.json()["code"]) == (401, "insufficient-user-authentication")
