"""Signing in with a second factor, through the API."""

import asyncio
from collections import Counter

import httpx2
import pytest
from sqlalchemy import update

from backend.api.dependencies import Resources
from backend.core.clock import now
from backend.models.users import User
from tests.authenticator import Authenticator
from tests.conftest import FakeClock, Post
from tests.factories import PASSWORD, make_person, sign_in
from tests.second_factors import (
    AUTH,
    FACTORS,
    ask_for_passkey,
    challenge,
    code_of,
    enrol_passkey,
    enrol_totp,
    headers_of,
    make_codes,
    show_code,
    show_passkey,
)

NEW_PASSWORD = "Mulberry-Tree-7"

pytestmark = pytest.mark.anyio


async def test_a_password_alone_opens_nothing_where_there_is_a_factor(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)

    answer = await sign_in(client, "amira")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (401, "mfa-required")
    assert (problem["methods"], problem["expires_in"], problem["passkey_options"]) == (["totp"], 300, None)
    assert len(problem["challenge"]) == 43
    assert "access_token" not in answer.text
    assert "set-cookie" not in answer.headers


async def test_every_method_that_somebody_has_is_offered(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    authenticator = Authenticator()
    await enrol_passkey(client, amira, authenticator)
    await make_codes(client, amira)

    question = await challenge(client)

    assert question["methods"] == ["totp", "passkey", "recovery"]
    assert question["passkey_options"]["challenge"] == question["challenge"]
    assert question["passkey_options"]["userVerification"] == "required"
    assert len(question["passkey_options"]["allowCredentials"]) == 1


async def test_a_code_ends_the_sign_in_and_the_session_says_how(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)

    answer = await show_code(client, await challenge(client), code_of(secret))

    headers = headers_of(answer)
    sessions = (await client.get(f"{AUTH}/sessions", headers=headers)).json()["items"]
    assert [item["authentication_methods"] for item in sessions if item["current"]] == [["pwd", "otp", "mfa"]]
    assert answer.json()["refresh_token"]


async def test_a_wrong_code_leaves_the_challenge_and_a_right_one_uses_it_up(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    codes = await make_codes(client, amira)
    question = await challenge(client)
    wrong = f"{(int(code_of(secret)) + 1) % 10**6:06}"

    answers = [
        await show_code(client, question, wrong),
        await show_code(client, question, f"{code_of(secret)[:3]} {code_of(secret)[3:]}"),
        await show_code(client, question, codes[0], "recovery"),
    ]

    assert [(answer.status_code, answer.json().get("code")) for answer in answers] == [
        (401, "factor-invalid"),
        (200, None),
        (400, "challenge-invalid"),
    ]


async def test_a_code_works_once_though_challenges_differ(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    code = code_of(secret)

    answers = [await show_code(client, await challenge(client), code) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 401), (0, 200), (1, 200), (2, 401)])
async def test_a_code_of_the_next_step_works_and_of_a_spent_one_does_not(
    client: httpx2.AsyncClient, time: FakeClock, steps: int, status: int
) -> None:
    # The code that set the app up was the step before: it is spent, so that -1 is refused here.
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)

    answer = await show_code(client, await challenge(client), code_of(secret, steps))

    assert answer.status_code == status


async def test_a_code_of_the_step_before_works(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    code = code_of(secret)
    time.advance(seconds=30)

    assert (await show_code(client, await challenge(client), code)).status_code == 200


async def test_a_recovery_code_works_once_and_is_told_to_the_owner(
    client: httpx2.AsyncClient, time: FakeClock, post: Post
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    code = (await make_codes(client, amira))[3]
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")

    answers = [await show_code(client, await challenge(client), typed, "recovery") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]
    listed = await client.get(FACTORS, headers=headers_of(answers[0]))
    assert listed.json()["recovery_codes_left"] == 9
    await post.deliver()
    assert "A recovery code was used" in [letter["Subject"] for letter in post.mailer.sent]


async def test_somebody_elses_recovery_code_opens_nothing(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    await enrol_totp(client, amira, time)
    await enrol_totp(client, boris, time)
    code = (await make_codes(client, amira))[0]

    stolen = await show_code(client, await challenge(client, "boris"), code, "recovery")
    own = await show_code(client, await challenge(client), code, "recovery")

    assert (stolen.status_code, own.status_code) == (401, 200)


async def test_a_challenge_waits_for_five_minutes(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    question = await challenge(client)

    time.advance(minutes=5, seconds=1)

    late = await show_code(client, question, code_of(secret))
    assert (late.status_code, late.json()["code"]) == (400, "challenge-invalid")


async def test_a_challenge_of_one_purpose_is_none_of_another(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira, authenticator = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, authenticator)
    secret = await enrol_totp(client, amira, time)
    alone = await ask_for_passkey(client)
    asked = await client.post(f"{FACTORS}/passkeys/options", headers=amira.headers)
    second, registering = await challenge(client), asked.json()
    credential = authenticator.get(second["passkey_options"])

    crossed = [
        await client.post(f"{AUTH}{path}", json={"challenge": question["challenge"]} | answer)
        for path, question, answer in (
            ("/passkey/login", second, {"credential": credential}),
            ("/passkey/login", registering, {"credential": credential}),
            ("/mfa/passkey", alone, {"credential": authenticator.get(alone["options"])}),
            ("/mfa/totp", alone, {"code": code_of(secret)}),
            ("/mfa/totp", registering, {"code": code_of(secret)}),
        )
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in crossed} == {(400, "challenge-invalid")}
    body = {
        "challenge": alone["challenge"],
        "credential": Authenticator().create(registering["options"]),
    }
    registered = await client.post(f"{FACTORS}/passkeys", json=body, headers=amira.headers)
    assert (registered.status_code, registered.json()["code"]) == (400, "challenge-invalid")


async def test_an_account_that_is_disabled_meanwhile_is_not_opened(
    client: httpx2.AsyncClient, time: FakeClock, resources: Resources
) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    question = await challenge(client)
    async with resources.database.unit() as session:
        await session.execute(update(User).where(User.id == amira.id).values(disabled_at=now()))

    assert (await show_code(client, question, code_of(secret))).status_code == 401


async def _reset(client: httpx2.AsyncClient, post: Post) -> None:
    await post.deliver()  # what waits already; the newest letter is then the link
    await client.post(f"{AUTH}/password/forgot", json={"email": "amira@example.com"})
    await post.deliver()
    body = {"token": post.mailer.token(), "new_password": NEW_PASSWORD}
    (await client.post(f"{AUTH}/password/reset", json=body)).raise_for_status()


async def _prove_address(client: httpx2.AsyncClient, post: Post) -> None:
    await post.deliver()
    body = {"token": post.mailer.token(), "password": PASSWORD}
    (await client.post(f"{AUTH}/email/verify", json=body)).raise_for_status()


async def test_a_new_password_bypasses_no_factor_and_ends_what_had_begun(
    client: httpx2.AsyncClient, time: FakeClock, post: Post
) -> None:
    amira = await make_person(client)
    await _prove_address(client, post)
    secret = await enrol_totp(client, amira, time)
    begun = await challenge(client)

    await _reset(client, post)

    assert (await show_code(client, begun, code_of(secret))).status_code == 400
    question = await challenge(client, password=NEW_PASSWORD)
    assert (await show_code(client, question, code_of(secret))).status_code == 200


async def test_who_opened_an_account_on_anothers_address_keeps_no_factor(
    client: httpx2.AsyncClient, time: FakeClock, post: Post
) -> None:
    attacker, authenticator = await make_person(client), Authenticator()
    await enrol_totp(client, attacker, time)
    await enrol_passkey(client, attacker, authenticator)
    await make_codes(client, attacker)

    await _reset(client, post)

    owner = headers_of(await sign_in(client, "amira", NEW_PASSWORD))
    assert (await client.get(FACTORS, headers=owner)).json() == {
        "items": [],
        "next_cursor": None,
        "recovery_codes_left": 0,
    }


async def test_of_64_uses_of_one_step_one_succeeds(client: httpx2.AsyncClient, time: FakeClock) -> None:
    amira = await make_person(client)
    secret = await enrol_totp(client, amira, time)
    questions = [await challenge(client) for _ in range(64)]

    answers = await asyncio.gather(*(show_code(client, item, code_of(secret)) for item in questions))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 63}


async def test_of_64_uses_of_one_recovery_code_one_succeeds(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)
    code = (await make_codes(client, amira))[0]
    questions = [await challenge(client) for _ in range(64)]

    answers = await asyncio.gather(*(show_code(client, item, code, "recovery") for item in questions))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 63}


async def test_of_64_answers_to_one_challenge_one_succeeds(
    client: httpx2.AsyncClient, time: FakeClock
) -> None:
    amira, authenticator = await make_person(client), Authenticator(step=0)
    await enrol_passkey(client, amira, authenticator)
    question = await challenge(client)

    answers = await asyncio.gather(*(show_passkey(client, question, authenticator) for _ in range(64)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 63}
