"""Which passwords are accepted, and how they are compared, through the API and under each policy."""

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import bcrypt
import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.core.config import Settings
from backend.main import create_app
from backend.models.users import User
from tests.conftest import Post
from tests.factories import make_person, make_settings, register, sign_in, url_of

pytestmark = pytest.mark.anyio
AUTH = "/api/v1/auth"
Form = Literal["NFC", "NFD"]
FAST = {"memory_kib": 8_192, "passes": 1}
ACCENTED = "Crème-Brûlée-à-7"


@asynccontextmanager
async def _serving(settings: Settings, **password: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve the same database under other password settings."""
    changed = create_app(
        make_settings(settings.data_dir, url_of(settings), password=FAST | password),
    )
    transport = httpx2.ASGITransport(app=changed)
    async with (
        changed.router.lifespan_context(changed),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


@pytest.fixture
async def nist(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of a service whose policy is NIST's."""
    async with _serving(settings, policy="nist") as client:
        yield client


@pytest.fixture(params=["composition", "nist"])
async def either(
    request: pytest.FixtureRequest, app: FastAPI, settings: Settings
) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of a service under each policy in turn."""
    async with _serving(settings, policy=request.param) as client:
        yield client


def _codes(response: httpx2.Response) -> set[str]:
    assert response.status_code == 422
    return {error["code"] for error in response.json()["errors"]}


async def _stored(resources: Resources) -> str:
    async with resources.database.reader() as session:
        found = await session.scalar(select(User.password_hash))
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("correct pony battery staple", id="spaces-and-one-case"),
        pytest.param("клубника растёт на крыше", id="cyrillic"),
        pytest.param("🍓🥕🥥🍉🌽🥦🍋🧄🍇🥝🌶🍍🥑🍒🍠", id="emoji"),
        pytest.param("mulberry trees " * 16 + "grow at home now", id="256-characters"),
    ],
)
async def test_nist_asks_for_length_alone(nist: httpx2.AsyncClient, password: str) -> None:
    assert (await register(nist, password=password)).status_code == 201
    assert (await sign_in(nist, "amira", password)).status_code == 200


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        pytest.param("Sesame-Street", {"too-short"}, id="13-characters"),
        pytest.param("e\u0301" * 7 + "grapes", {"too-short"}, id="13-composed-characters"),
        pytest.param("mulberry trees " * 17 + "xy", {"too-long"}, id="257-characters"),
        pytest.param("aaaaaaaaaaaaaaa", {"predictable", "common"}, id="one-character"),
        pytest.param("abcdefghijklmnopq", {"predictable"}, id="counts"),
        pytest.param("passwordpassword", {"common"}, id="common-twice"),
        pytest.param("thisismypassword", {"common"}, id="common"),
    ],
)
async def test_nist_refuses_what_is_short_long_or_easy_to_guess(
    nist: httpx2.AsyncClient, password: str, codes: set[str]
) -> None:
    response = await register(nist, password=password)

    assert _codes(response) == codes
    assert password not in response.text


async def test_a_length_that_is_set_wins_over_the_policys_own(app: FastAPI, settings: Settings) -> None:
    async with _serving(settings, policy="nist", min_length=10) as client:
        short, long = (
            await register(client, password="plum:tree"),
            await register(client, password="plum:trees"),
        )

    assert _codes(short) == {"too-short"}
    assert long.status_code == 201


@pytest.mark.parametrize(
    "password",
    [
        "Password1!",
        "Summer2024!",
        "P@$$w0rd!",
        "$ummeR2024!",
        "1L0v3y0u!",
        "Contraseña1!",
        "Passw0rd!!!!!!!!",
    ],
)
async def test_a_common_password_is_refused_in_every_disguise(
    client: httpx2.AsyncClient, password: str
) -> None:
    response = await register(client, password=password)

    assert _codes(response) == {"common"}
    assert response.json()["errors"][0]["pointer"] == "/password"
    assert password not in response.text


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("Amira.Khalil-2024", id="name"),
        pytest.param("4m1r4kh4l1l!Z9", id="name-disguised"),
        pytest.param("Zitronen1999!", id="local-part"),
        pytest.param("Obstgarten-77!", id="domain"),
        pytest.param("SafePlate-2026!", id="product"),
    ],
)
async def test_a_password_that_rests_on_the_person_or_the_product_is_refused(
    client: httpx2.AsyncClient, password: str
) -> None:
    response = await register(client, "Amira.Khalil", email="zitronen@obstgarten.example", password=password)

    assert "personal" in _codes(response)
    assert password not in response.text


@pytest.mark.parametrize(
    "password", ["Amira-picks-mulberries-7", "Fine-Example-of-Yew-3", "Com-Mon-Sense-8-yew"]
)
async def test_a_personal_word_in_a_long_password_is_accepted(
    client: httpx2.AsyncClient, password: str
) -> None:
    assert (await register(client, password=password)).status_code == 201


async def test_a_reset_knows_whose_password_it_sets_and_keeps_the_link(
    client: httpx2.AsyncClient, post: Post
) -> None:
    await register(client, "mulberrytree", email="zitronen@example.com")
    await client.post(f"{AUTH}/password/forgot", json={"email": "zitronen@example.com"})
    await post.deliver()
    body = {"token": post.mailer.token()}

    answers = [
        await client.post(f"{AUTH}/password/reset", json=body | {"new_password": password})
        for password in ("Mulberrytree-7", "Zitronen-7", "Password-7", "Blackcurrant-Jam-7")
    ]

    assert [_codes(answer) for answer in answers[:3]] == [{"personal"}, {"common", "personal"}, {"common"}]
    assert {answer.json()["errors"][0]["pointer"] for answer in answers[:3]} == {"/new_password"}
    assert answers[3].status_code == 204
    assert (await sign_in(client, "mulberrytree", "Blackcurrant-Jam-7")).status_code == 200


async def test_a_change_knows_whose_password_it_sets(client: httpx2.AsyncClient) -> None:
    person = await make_person(client, "mulberrytree")
    body = {"current_password": "Sesame-Street-9"}

    answers = [
        await client.post(
            f"{AUTH}/password/change", json=body | {"new_password": password}, headers=person.headers
        )
        for password in ("Mulberrytree-7", "Password-7", "Blackcurrant-Jam-7")
    ]

    assert [_codes(answer) for answer in answers[:2]] == [{"personal"}, {"common"}]
    assert answers[2].status_code == 204


@pytest.mark.parametrize(("typed", "later"), [("NFD", "NFC"), ("NFC", "NFD")])
async def test_accents_are_the_same_however_a_keyboard_sends_them(
    either: httpx2.AsyncClient, typed: Form, later: Form
) -> None:
    created = await register(either, password=unicodedata.normalize(typed, ACCENTED))

    entered = await sign_in(either, "amira", unicodedata.normalize(later, ACCENTED))
    other = await sign_in(either, "amira", "Creme-Brulee-a-7")

    assert [created.status_code, entered.status_code, other.status_code] == [201, 200, 401]


@pytest.mark.parametrize("hashed", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
async def test_an_imported_bcrypt_hash_verifies_in_either_form(
    client: httpx2.AsyncClient, resources: Resources, hashed: Form, typed: Form
) -> None:
    await register(client)
    old = bcrypt.hashpw(unicodedata.normalize(hashed, ACCENTED).encode(), bcrypt.gensalt(4)).decode()
    async with resources.database.unit() as session:
        await session.execute(update(User).values(password_hash=old))

    entered = await sign_in(client, "amira", unicodedata.normalize(typed, ACCENTED))

    assert entered.status_code == 200
    assert (await _stored(resources)).startswith("$argon2id$")
    forms: tuple[Form, ...] = ("NFC", "NFD")
    again = [await sign_in(client, "amira", unicodedata.normalize(form, ACCENTED)) for form in forms]
    assert [answer.status_code for answer in again] == [200, 200]


async def test_a_hash_is_made_anew_at_sign_in_when_the_cost_was_raised(
    client: httpx2.AsyncClient, resources: Resources, settings: Settings
) -> None:
    await register(client)
    before = await _stored(resources)

    async with _serving(settings, passes=2) as dearer:
        wrong = await sign_in(dearer, "amira", "Blackcurrant-Jam-7")
        untouched = await _stored(resources)
        right = await sign_in(dearer, "amira")
        raised = await _stored(resources)
        await sign_in(dearer, "amira")

    assert (wrong.status_code, right.status_code) == (401, 200)
    assert untouched == before
    assert "t=1," in before
    assert "t=2," in raised
    assert await _stored(resources) == raised
