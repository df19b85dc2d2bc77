"""The six digits beside a mailed link, through the API."""

import asyncio
from collections import Counter

import httpx2
import pytest

from tests.changes import AUTH, NEW, NEW_PASSWORD, OLD, ask, make_proved
from tests.conftest import FakeClock, Post
from tests.factories import PASSWORD, make_person, register, sign_in

pytestmark = pytest.mark.anyio

PATHS = {"verify": "/email/verify", "reset": "/password/reset", "change": "/email/change/confirm"}
REST: dict[str, dict[str, str]] = {
    "verify": {"password": PASSWORD},
    "reset": {"new_password": NEW_PASSWORD},
    "change": {"password": PASSWORD},
}


async def _present(client: httpx2.AsyncClient, purpose: str, **proof: str) -> httpx2.Response:
    return await client.post(AUTH + PATHS[purpose], json=REST[purpose] | proof)


async def _mail(client: httpx2.AsyncClient, post: Post, purpose: str) -> tuple[str, str]:
    """Have a letter mailed, and return its code and its token."""
    if purpose == "verify":
        await register(client)
    if purpose == "reset":
        await register(client)
        await post.deliver()
        await client.post(f"{AUTH}/password/forgot", json={"email": OLD})
    if purpose == "change":
        await ask(client, await make_proved(client, post))
    await post.deliver()
    to = NEW if purpose == "change" else OLD
    return post.mailer.code(to), post.mailer.token(to)


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_code_does_what_its_link_does_and_uses_both_up(
    client: httpx2.AsyncClient, post: Post, purpose: str
) -> None:
    code, token = await _mail(client, post, purpose)

    by_code = await _present(client, purpose, email=OLD.upper(), code=code)
    by_link = await _present(client, purpose, token=token)
    again = await _present(client, purpose, email=OLD, code=code)

    assert [answer.status_code for answer in (by_code, by_link, again)] == [204, 400, 400]


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_link_uses_its_code_up(client: httpx2.AsyncClient, post: Post, purpose: str) -> None:
    code, token = await _mail(client, post, purpose)

    by_link = await _present(client, purpose, token=token)
    email = NEW if purpose == "change" else OLD

    assert by_link.status_code == 204
    assert (await _present(client, purpose, email=email, code=code)).status_code == 400


@pytest.mark.parametrize("purpose", PATHS)
async def test_64_uses_of_one_code_and_its_link_at_once_succeed_once(
    client: httpx2.AsyncClient, post: Post, purpose: str
) -> None:
    code, token = await _mail(client, post, purpose)
    proofs = [{"email": OLD, "code": code}, {"token": token}] * 32

    answers = await asyncio.gather(*(_present(client, purpose, **proof) for proof in proofs))

    assert Counter(answer.status_code for answer in answers) == {204: 1, 400: 63}


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_code_is_for_one_purpose_and_one_account(
    client: httpx2.AsyncClient, post: Post, purpose: str
) -> None:
    code, _ = await _mail(client, post, purpose)
    await register(client, "boris")

    wrong = [await _present(client, other, email=OLD, code=code) for other in PATHS if other != purpose]
    strange = await _present(client, purpose, email="boris@example.com", code=code)

    assert {answer.status_code for answer in [*wrong, strange]} == {400}
    assert (await _present(client, purpose, email=OLD, code=code)).status_code == 204


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_code_dies_after_five_wrong_ones_and_its_link_does_not(
    client: httpx2.AsyncClient, post: Post, purpose: str
) -> None:
    code, token = await _mail(client, post, purpose)

    wrong = await asyncio.gather(*(_present(client, purpose, email=OLD, code=_other(code)) for _ in range(5)))
    dead = await _present(client, purpose, email=OLD, code=code)

    assert {answer.status_code for answer in [*wrong, dead]} == {400}
    assert (await _present(client, purpose, token=token)).status_code == 204


@pytest.mark.parametrize(("minutes", "status"), [(9.9, 204), (10.1, 400)])
async def test_a_code_lives_for_ten_minutes(
    client: httpx2.AsyncClient, post: Post, time: FakeClock, minutes: float, status: int
) -> None:
    code, _ = await _mail(client, post, "reset")

    time.advance(minutes=minutes)

    assert (await _present(client, "reset", email=OLD, code=code)).status_code == status


async def test_a_newer_code_makes_the_older_one_useless(client: httpx2.AsyncClient, post: Post) -> None:
    first, link = await _mail(client, post, "reset")
    await client.post(f"{AUTH}/password/forgot", json={"email": OLD})
    await post.deliver()
    second = post.mailer.code(OLD)

    assert first == second or (await _present(client, "reset", email=OLD, code=first)).status_code == 400
    assert (await _present(client, "reset", email=OLD, code=second)).status_code == 204
    assert (await _present(client, "reset", token=link)).status_code == 400


@pytest.mark.parametrize("purpose", PATHS)
async def test_a_wrong_code_and_an_unknown_address_answer_alike(
    client: httpx2.AsyncClient, post: Post, purpose: str
) -> None:
    code, _ = await _mail(client, post, purpose)

    answers = [
        await _present(client, purpose, email=email, code=_other(code))
        for email in (OLD, "nobody@example.com")
    ]

    bodies = [{**answer.json(), "request_id": None} for answer in answers]
    assert bodies[0] == bodies[1]
    assert (answers[0].status_code, bodies[0]["code"]) == (400, "link-invalid")


async def test_what_a_password_is_refused_for_tells_no_name(client: httpx2.AsyncClient) -> None:
    await register(client, "zelquorvint", email=OLD)
    body = {"new_password": "Zelquorvint-1"}

    answers = [
        await _present(client, "reset", email=email, code="000000", **body)
        for email in (OLD, "nobody@example.com")
    ]

    assert [answer.status_code for answer in answers] == [400, 400]


async def test_a_right_code_with_a_personal_password_stays_good(
    client: httpx2.AsyncClient, post: Post
) -> None:
    await register(client, "zelquorvint", email=OLD)
    await post.deliver()
    await client.post(f"{AUTH}/password/forgot", json={"email": OLD})
    await post.deliver()
    code = post.mailer.code(OLD)

    weak = await _present(client, "reset", email=OLD, code=code, new_password="Zelquorvint-1")

    assert (weak.status_code, weak.json()["errors"][0]["code"]) == (422, "personal")
    assert (await _present(client, "reset", email=OLD, code=code)).status_code == 204


async def test_a_wrong_password_beside_a_right_code_uses_nothing_up_and_is_written_down(
    client: httpx2.AsyncClient, post: Post
) -> None:
    amira = await make_person(client)
    await post.deliver()
    code = post.mailer.code(OLD)

    wrong = await _present(client, "verify", email=OLD, code=code, password=NEW_PASSWORD)
    guess = await _present(client, "verify", email=OLD, code=_other(code))

    assert [wrong.status_code, guess.status_code] == [401, 400]
    items = (await client.get("/api/v1/users/me/activity", headers=amira.headers)).json()["items"]
    assert [(item["action"], item["details"]) for item in items[:2]] == [
        ("sign_in_failed", {"method": "code"}),
        ("sign_in_failed", {"method": "pwd"}),
    ]
    assert (await _present(client, "verify", email=OLD, code=code)).status_code == 204


async def test_a_reset_is_written_down_once_with_where_it_was_asked_for(
    client: httpx2.AsyncClient, post: Post
) -> None:
    code, _ = await _mail(client, post, "reset")
    await _present(client, "reset", email=OLD, code=code)
    tokens = (await sign_in(client, "amira", NEW_PASSWORD)).json()

    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    items = (await client.get("/api/v1/users/me/activity", headers=headers)).json()["items"]

    assert [(item["action"], item["actor"], item["ip_prefix"]) for item in items[1:3]] == [
        ("password_reset", "owner", "127.0.0.0/24"),
        ("reset_requested", "anyone", "127.0.0.0/24"),
    ]


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"email": OLD}, id="no code"),
        pytest.param({"code": "000000"}, id="no address"),
        pytest.param({"token": "x", "code": "000000"}, id="link and code"),
        pytest.param({"token": "x", "email": OLD}, id="link and address"),
        pytest.param({"email": OLD, "code": "00000"}, id="five digits"),
    ],
)
async def test_a_proof_is_a_link_or_an_address_with_a_code(
    client: httpx2.AsyncClient, proof: dict[str, str]
) -> None:
    for purpose in PATHS:
        assert (await _present(client, purpose, **proof)).status_code == 422
