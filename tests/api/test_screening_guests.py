"""Guests: what they avoid comes with the question, with an account or without one, and goes nowhere else."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.config import Settings
from backend.main import create_app
from tests.factories import make_person, make_profile, make_settings, url_of

CHECK, GUEST = "/api/v1/screening/check", "/api/v1/screening/guest"
ACTIVITY = "/api/v1/users/me/activity"
LABEL = "Ingredients: sugar, whey powder. May contain peanuts."
BEN = {"name": "Ben", "requirements": {"allergies": ["peanuts"], "dietary_restrictions": ["vegan"]}}

pytestmark = pytest.mark.anyio


@pytest.fixture
def tight() -> dict[str, Any]:
    """Return settings of the application that a guest meets."""
    return {"log": {"level": "debug"}, "rate_limit": {"enabled": True, "guest_check": "3/minute"}}


@pytest.fixture
async def visitor(
    app: FastAPI, settings: Settings, tight: dict[str, Any]
) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of an application with other settings on the same database."""
    made = create_app(make_settings(settings.data_dir, url_of(settings), **tight))
    logging.getLogger("httpx2").setLevel(logging.CRITICAL)
    async with (
        made.router.lifespan_context(made),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=made), base_url="http://test") as client,
    ):
        yield client
    logging.getLogger("httpx2").setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    yield
    logging.getLogger().handlers[:] = []


async def test_a_family_and_its_guests_sit_at_one_table(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    own = (await make_profile(client, amira, allergies=[{"name": "fish"}], medical_conditions=[])).json()[
        "id"
    ]
    body = {
        "text": LABEL,
        "profiles": ["me"],
        "requirements": {"medical_conditions": ["coeliac disease"]},
        "guests": [BEN],
    }

    answer = (await client.post(CHECK, json=body, headers=amira.headers)).raise_for_status().json()

    assert [(person["profile_id"], person["guest"]) for person in answer["people"]] == [
        (own, None),
        (None, None),
        (None, "Ben"),
    ]
    assert [person["verdict"] for person in answer["people"]] == [
        "no_conflict_found",
        "no_conflict_found",
        "contains",
    ]
    assert answer["verdict"] == "contains"


async def test_with_guests_alone_no_profile_is_read(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    response = await client.post(CHECK, json={"text": LABEL, "guests": [BEN]}, headers=amira.headers)

    assert response.status_code == 200  # without a profile of one's own
    events = (await client.get(ACTIVITY, headers=amira.headers)).json()["items"]
    assert "profile_read" not in {event["action"] for event in events}


async def test_nobody_needs_an_account_to_be_a_guest(client: httpx2.AsyncClient) -> None:
    body = {"text": LABEL, "requirements": BEN["requirements"], "guests": [BEN]}

    response = await client.post(GUEST, json=body)

    answer = response.raise_for_status().json()
    assert [person["guest"] for person in answer["people"]] == [None, "Ben"]
    assert {person["verdict"] for person in answer["people"]} == {"contains"}


@pytest.mark.parametrize(
    "profiles", [["me"], ["0190a5a0-0000-7000-8000-000000000000"]], ids=["own", "somebody's"]
)
async def test_a_guest_reaches_no_profile(client: httpx2.AsyncClient, profiles: list[str]) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    body = {"text": LABEL, "guests": [BEN], "profiles": profiles}
    response = await client.post(GUEST, json=body, headers=amira.headers)

    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "unknown-member"


NAMELESS: dict[str, Any] = {"requirements": {"allergies": ["milk"]}}


@pytest.mark.parametrize(
    ("people", "pointer", "code"),
    [
        pytest.param({}, "", "no-guest", id="nobody"),
        pytest.param({"requirements": {}}, "/requirements", "no-requirement", id="nothing"),
        pytest.param(
            {"requirements": {"allergies": ["peanutz-zq"]}},
            "/requirements/allergies/0",
            "unknown-name",
            id="unknown",
        ),
        pytest.param(
            {"guests": [{"name": "Ben", "requirements": {"medical_conditions": ["coeliac", "diabetis-zq"]}}]},
            "/guests/0/requirements/medical_conditions/1",
            "unknown-name",
            id="unknown-condition",
        ),
        pytest.param(
            {"requirements": {"allergies": ["milk", {"name": "lait"}]}},
            "/requirements/allergies/1",
            "duplicate",
            id="twice",
        ),
        pytest.param({"guests": [NAMELESS]}, "/guests/0/name", "missing", id="nameless"),
        pytest.param(
            {"requirements": {"allergies": [{"name": "milk", "severity": "zq"}]}},
            "/requirements/allergies/0/severity",
            "enum",
            id="severity",
        ),
        pytest.param(
            {"requirements": {"allergies": [{"name": "milk", "avoid_traces": "no"}]}},
            "/requirements/allergies/0/avoid_traces",
            "bool-type",
            id="traces",
        ),
        pytest.param(
            {"requirements": {"allergies": [{"name": "milk", "note": "zq"}]}},
            "/requirements/allergies/0",
            "unknown-member",
            id="unknown-member",
        ),
        pytest.param(
            {"requirements": {"dietary_restrictions": ["vegan\u0000"]}},
            "/requirements/dietary_restrictions/0",
            "control-characters",
            id="nul",
        ),
        pytest.param(
            {"guests": [BEN | {"name": "Ben-zq\u001b[2J"}]},
            "/guests/0/name",
            "control-characters",
            id="escape",
        ),
        pytest.param({"guests": [BEN] * 11}, "/guests", "too-long", id="too-many"),
    ],
)
async def test_a_guest_that_makes_no_sense_is_refused_and_not_echoed(
    client: httpx2.AsyncClient, people: dict[str, Any], pointer: str, code: str
) -> None:
    response = await client.post(GUEST, json={"text": LABEL} | people)

    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert "zq" not in response.text
    assert code != "unknown-name" or len(error["suggestions"]) == 3


async def test_a_full_table_takes_no_more_guests(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    body = {"text": LABEL, "profiles": ["me"], "guests": [BEN] * 50}

    response = await client.post(CHECK, json=body, headers=amira.headers)

    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "too-many-people"


async def test_a_network_may_ask_so_often_and_not_more(visitor: httpx2.AsyncClient) -> None:
    body = {"text": LABEL, "guests": [BEN]}

    answers = [await visitor.post(GUEST, json=body) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60


@pytest.mark.parametrize("tight", [{"screening": {"guests": False}}])
async def test_an_operator_can_do_without_guests(visitor: httpx2.AsyncClient) -> None:
    response = await visitor.post(GUEST, json={"text": LABEL, "guests": [BEN]})

    assert (response.status_code, response.json()["code"]) == (403, "guests-off")


@pytest.mark.parametrize("tight", [{"log": {"level": "debug"}}])
async def test_nothing_of_a_question_is_logged_or_written_down(
    visitor: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    amira = await make_person(visitor)
    await make_profile(visitor, amira)
    guests = [{"name": "Benzq", "requirements": {"allergies": ["mustard"], "medical_conditions": ["PKU"]}}]
    wrong = [{"name": "Benzq", "requirements": {"allergies": ["mustardzq"]}}]
    dishes = [{"name": "zq soup", "description": "zq cheese", "ingredients": ["lupin zq"]}]
    people: dict[str, Any]
    for people in ({"guests": guests, "profiles": ["me"]}, {"guests": wrong}):
        for path, body in (
            (CHECK, {"text": "lupin zq"}),
            (CHECK, {"recipe": {"name": "zq", "components": [{"name": "zq", "ingredients": ["lupin"]}]}}),
            ("/api/v1/screening/batch", {"labels": [{"id": "zq", "text": "lupin zq"}, {"text": "zq\u0000"}]}),
            ("/api/v1/screening/menu", {"dishes": dishes}),
        ):
            await visitor.post(path, json=people | body, headers=amira.headers)
    await visitor.post(GUEST, json={"text": "lupin zq", "guests": guests})
    await visitor.post(GUEST, json={"text": "lupin zq", "guests": wrong})

    output = capsys.readouterr().err
    activity = (await visitor.get(ACTIVITY, headers=amira.headers)).text

    assert output.count('"event": "request"') >= 10
    words = ("zq", "mustard", "PKU", "phenylketonuria", "lupin", "Ben", "cheese")
    assert [word for word in words if word in output or word in activity] == []


async def test_a_name_of_two_meanings_is_what_the_caller_speaks_or_refused(
    client: httpx2.AsyncClient,
) -> None:
    asked = {"text": "Ingredienser: kummelfilé, salt.", "requirements": {"allergies": ["kummel"]}}

    refused = await client.post(GUEST, json=asked)
    swede = await client.post(GUEST, json=asked, headers={"Accept-Language": "sv-SE"})

    assert refused.status_code == 422
    (violation,) = refused.json()["errors"]
    assert (violation["code"], violation["suggestions"]) == ("ambiguous-name", ["hake", "caraway"])
    assert swede.json()["people"][0]["requirements"][0]["code"] == "fish.hake"
