"""Passkeys as second factor and alone, through the API."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from backend.api.dependencies import Resources
from backend.core.clock import now
from backend.models.users import User
from backend.utils.security import from_base64url
from backend.utils.strict_json import parse_json
from tests.authenticator import Authenticator
from tests.conftest import FakeClock, Post
from tests.factories import make_person
from tests.second_factors import (
    AUTH,
    FACTORS,
    ask_for_passkey,
    challenge,
    enrol_passkey,
    headers_of,
    login_with_passkey,
    show_code,
    show_passkey,
)

pytestmark = pytest.mark.anyio


async def _methods(client: httpx2.AsyncClient, answer: httpx2.Response) -> list[str]:
    items = (await client.get(f"{AUTH}/sessions", headers=headers_of(answer))).json()["items"]
    (methods,) = (item["authentication_methods"] for item in items if item["current"])
    claims = parse_json(from_base64url(answer.json()["access_token"].split(".")[1]))
    assert claims["amr"] == methods
    found: list[str] = methods
    return found


async def _activity(client: httpx2.AsyncClient, headers: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    items = (await client.get("/api/v1/users/me/activity", headers=headers)).json()["items"]
    return [(item["action"], item["details"]) for item in items]


@pytest.mark.parametrize("algorithm", [-7, -8, -257], ids=["ES256", "EdDSA", "RS256"])
async def test_a_passkey_ends_a_sign_in_and_signs_in_alone(
    client: httpx2.AsyncClient, algorithm: int
) -> None:
    amira, authenticator = await make_person(client), Authenticator(algorithm=algorithm)
    added = await enrol_passkey(client, amira, authenticator)

    second = await show_passkey(client, await challenge(client), authenticator)
    alone = await login_with_passkey(client, authenticator)

    assert added.status_code == 201
    assert await _methods(client, second) == ["pwd", "hwk", "mfa"]
    assert await _methods(client, alone) == ["hwk", "mfa"]
    me = await client.get("/api/v1/users/me", headers=headers_of(alone))
    assert me.json()["username"] == "amira"
    (listed,) = (await client.get(FACTORS, headers=headers_of(alone))).json()["items"]
    assert listed["last_used_at"] is not None


async def test_a_passkey_that_may_be_copied_is_called_so(client: httpx2.AsyncClient) -> None:
    amira, authenticator = await make_person(client), Authenticator(eligible=True, step=0)
    await enrol_passkey(client, amira, authenticator)
    authenticator.backed_up = True

    answers = [await login_with_passkey(client, authenticator) for _ in range(2)]

    assert [await _methods(client, answer) for answer in answers] == [["swk", "mfa"]] * 2
    (listed,) = (await client.get(FACTORS, headers=headers_of(answers[0]))).json()["items"]
    assert (listed["backup_eligible"], listed["backed_up"]) == (True, True)


async def test_a_passkey_is_registered_once(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    authenticator = Authenticator()
    await enrol_passkey(client, amira, authenticator)

    asked = await client.post(f"{FACTORS}/passkeys/options", headers=amira.headers)
    elsewhere = await enrol_passkey(client, boris, authenticator)

    with pytest.raises(RuntimeError, match="InvalidStateError"):
        authenticator.create(asked.json()["options"])
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "factor-exists")


async def test_there_is_an_end_to_passkeys(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    answers = await asyncio.gather(*(enrol_passkey(client, amira, Authenticator()) for _ in range(22)))

    assert Counter(answer.status_code for answer in answers) == {201: 20, 409: 2}


async def test_of_64_answers_to_one_registration_one_succeeds(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    question = (await client.post(f"{FACTORS}/passkeys/options", headers=amira.headers)).json()
    bodies = [
        {"challenge": question["challenge"], "credential": Authenticator().create(question["options"])}
        for _ in range(64)
    ]

    answers = await asyncio.gather(
        *(client.post(f"{FACTORS}/passkeys", json=body, headers=amira.headers) for body in bodies)
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 63}


async def test_somebody_elses_registration_is_not_finished(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    question = (await client.post(f"{FACTORS}/passkeys/options", headers=amira.headers)).json()
    body = {"challenge": question["challenge"], "credential": Authenticator().create(question["options"])}

    stolen = await client.post(f"{FACTORS}/passkeys", json=body, headers=boris.headers)

    assert (stolen.status_code, stolen.json()["code"]) == (400, "challenge-invalid")


FAULTS = [
    pytest.param({"origin": "https://evil.example"}, id="wrong origin"),
    pytest.param({"rp_id": "evil.example"}, id="wrong domain"),
    pytest.param({"verifies": False}, id="user not verified"),
    pytest.param({"cross_origin": True}, id="in a frame of another site"),
    pytest.param({"user_handle": b"somebody else"}, id="another handle"),
    pytest.param({"eligible": True}, id="copies allowed all at once"),
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_faulty_answer_opens_nothing(client: httpx2.AsyncClient, fault: dict[str, Any]) -> None:
    amira, authenticator = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, authenticator)
    sound = {name: getattr(authenticator, name) for name in fault}
    question, alone = await challenge(client), await ask_for_passkey(client)
    for name, value in fault.items():
        setattr(authenticator, name, value)

    refused = [
        await show_passkey(client, question, authenticator),
        await login_with_passkey(client, authenticator, alone),
    ]
    for name, value in sound.items():
        setattr(authenticator, name, value)
    right = await login_with_passkey(client, authenticator, alone)

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (401, "factor-invalid")
    ] * 2
    assert right.status_code == 200


@pytest.mark.parametrize("fault", FAULTS[:4])
async def test_a_faulty_passkey_is_not_registered(client: httpx2.AsyncClient, fault: dict[str, Any]) -> None:
    amira = await make_person(client)

    refused = await enrol_passkey(client, amira, Authenticator(**fault))

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "passkey-unverifiable")


async def test_an_answer_that_is_sent_again_opens_nothing(client: httpx2.AsyncClient) -> None:
    amira, authenticator = await make_person(client), Authenticator(step=0)
    await enrol_passkey(client, amira, authenticator)
    question = await ask_for_passkey(client)
    answer = {
        "challenge": question["challenge"],
        "credential": authenticator.get(question["options"]),
    }
    first = await client.post(f"{AUTH}/passkey/login", json=answer)

    again = await client.post(f"{AUTH}/passkey/login", json=answer)
    other = {"challenge": (await ask_for_passkey(client))["challenge"]}
    moved = await client.post(f"{AUTH}/passkey/login", json=answer | other)

    assert [item.status_code for item in (first, again, moved)] == [200, 400, 401]


async def test_a_count_that_goes_back_is_refused_and_told_to_the_owner(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira, authenticator = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, authenticator)
    first = await login_with_passkey(client, authenticator)
    authenticator.sign_count = 0

    copied = await login_with_passkey(client, authenticator)
    authenticator.sign_count = 5
    later = await login_with_passkey(client, authenticator)

    assert (copied.status_code, copied.json()["code"]) == (401, "factor-invalid")
    assert later.status_code == 200
    await post.deliver()
    subjects = [letter["Subject"] for letter in post.mailer.sent]
    assert subjects.count("One of your passkeys may have been copied") == 1
    activity = await _activity(client, headers_of(first))
    assert ("factor_failed", {"reason": "count-went-back"}) in activity


async def test_of_64_answers_with_one_count_one_succeeds(client: httpx2.AsyncClient) -> None:
    amira, authenticator = await make_person(client), Authenticator(step=0, sign_count=7)
    await enrol_passkey(client, amira, authenticator)
    authenticator.sign_count = 8

    answers = await asyncio.gather(*(login_with_passkey(client, authenticator) for _ in range(64)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 63}


async def test_unknown_removed_and_disabled_look_alike(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    unknown, removed, disabled = Authenticator(), Authenticator(), Authenticator()
    unknown.user_handle = amira.id.bytes
    factor = (await enrol_passkey(client, amira, removed)).json()
    await client.delete(f"{FACTORS}/{factor['id']}", headers=amira.headers)
    await enrol_passkey(client, boris, disabled)
    async with resources.database.unit() as session:
        await session.execute(update(User).where(User.id == boris.id).values(disabled_at=now()))

    answers = [await login_with_passkey(client, item) for item in (unknown, removed, disabled)]

    bodies = [answer.json() | {"request_id": None} for answer in answers]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert bodies[0] == bodies[1] == bodies[2]


async def test_a_passkey_alone_must_say_whose_it_is(client: httpx2.AsyncClient) -> None:
    amira, authenticator = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, authenticator)
    question = await ask_for_passkey(client)
    credential = authenticator.get(question["options"])
    del credential["response"]["userHandle"]

    body = {"challenge": question["challenge"], "credential": credential}
    refused = await client.post(f"{AUTH}/passkey/login", json=body)

    assert refused.status_code == 401


async def test_a_method_that_somebody_does_not_have_opens_nothing(client: httpx2.AsyncClient) -> None:
    amira, authenticator = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, authenticator)
    question = await challenge(client)

    refused = [await show_code(client, question, "000000", method) for method in ("totp", "recovery")]

    assert question["methods"] == ["passkey"]
    assert [answer.status_code for answer in refused] == [401, 401]


async def test_a_passkey_of_one_person_is_no_second_factor_of_another(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    own, other = Authenticator(), Authenticator()
    await enrol_passkey(client, amira, own)
    await enrol_passkey(client, boris, other)
    question = await challenge(client)
    options = question["passkey_options"] | {"allowCredentials": []}

    refused = await show_passkey(client, question | {"passkey_options": options}, other)

    assert refused.status_code == 401


async def test_the_refresh_token_of_a_passkey_travels_as_it_was_asked_for(
    client: httpx2.AsyncClient,
) -> None:
    amira, authenticator = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, authenticator)
    question = await ask_for_passkey(client, refresh_token_in="cookie")
    body = {"challenge": question["challenge"], "credential": authenticator.get(question["options"])}

    foreign = await client.post(f"{AUTH}/passkey/login", json=body, headers={"Sec-Fetch-Site": "cross-site"})
    own = await client.post(f"{AUTH}/passkey/login", json=body, headers={"Sec-Fetch-Site": "same-origin"})

    assert (foreign.status_code, foreign.json()["code"]) == (403, "cross-site")
    assert own.json()["refresh_token"] is None
    assert "__Host-safeplate-refresh" in own.headers["set-cookie"]
