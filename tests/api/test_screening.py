"""May these people eat this? The question as callers ask it."""

import uuid
from typing import Any

import httpx2
import pytest

from tests.factories import make_person, make_profile

CHECK = "/api/v1/screening/check"
LABEL = "Ingredients: sugar, cocoa butter, semolina, whey powder (MILK). May contain peanuts."

pytestmark = pytest.mark.anyio


async def test_a_label_is_answered_with_its_evidence(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    profile = (await make_profile(client, amira)).json()

    response = await client.post(CHECK, json={"text": LABEL, "lang": "en"}, headers=amira.headers)

    answer = response.raise_for_status().json()
    (person,) = answer["people"]
    findings = {(finding["requirement"]["code"], finding["text"]): finding for finding in person["findings"]}
    whey = findings["milk", "whey powder"]
    assert answer["verdict"] == person["verdict"] == "contains"
    assert person["profile_id"] == profile["id"]
    assert whey | {"reason": None} == {
        "requirement": {"type": "allergy", "code": "milk"},
        "verdict": "contains",
        "allergen": "milk",
        "text": "whey powder",
        "start": LABEL.index("whey"),
        "end": LABEL.index("whey") + len("whey powder"),
        "clause": "ingredients",
        "pointer": "/text",
        "kind": "strict",
        "source": "the person's own record",
        "reason": None,
    }
    assert findings["coeliac_disease", "semolina"]["verdict"] == "contains"
    assert findings["peanuts", "peanuts"]["verdict"] == "may_contain"
    assert findings["peanuts", "peanuts"]["clause"] == "precautionary"
    assert ("milk", "cocoa butter") not in findings
    assert answer["coverage"]["unknown"] == []
    assert answer["coverage"]["understood"] == answer["coverage"]["total"] > 5
    assert answer["languages"] == ["en"]
    assert len(answer["catalog_version"]) == 12


async def test_a_table_gets_the_worst_answer_of_its_people(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_profile(client, amira, allergies=[{"name": "fish"}], medical_conditions=[])
    child = (await make_profile(client, amira, relationship="child", allergies=[{"name": "milk"}])).json()[
        "id"
    ]

    response = await client.post(
        CHECK, json={"text": LABEL, "profiles": ["me", child]}, headers=amira.headers
    )

    answer = response.json()
    assert [person["verdict"] for person in answer["people"]] == ["no_conflict_found", "contains"]
    assert answer["verdict"] == "contains"


async def test_traces_matter_where_a_life_is_at_stake_whatever_the_box_says(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)
    peanuts = {"name": "peanuts", "avoid_traces": False}
    mild = (
        await make_profile(client, amira, relationship="child", **_only([peanuts | {"severity": "mild"}]))
    ).json()["id"]
    grave = (
        await make_profile(
            client, amira, relationship="child", **_only([peanuts | {"severity": "life_threatening"}])
        )
    ).json()["id"]

    body = {"text": LABEL, "profiles": [mild, grave]}
    response = await client.post(CHECK, json=body, headers=amira.headers)

    verdicts = [person["verdict"] for person in response.json()["people"]]
    assert verdicts == ["no_conflict_found", "may_contain"]


async def test_an_empty_profile_is_unknown_unless_it_says_that_nothing_is_known(
    client: httpx2.AsyncClient,
) -> None:
    amira = await make_person(client)
    unanswered = (await make_profile(client, amira, relationship="child", **_only([]))).json()["id"]
    none_known = (
        await make_profile(client, amira, relationship="child", **_only([]), no_known_allergies=True)
    ).json()["id"]

    body = {"text": LABEL, "profiles": [unanswered, none_known]}
    response = await client.post(CHECK, json=body, headers=amira.headers)

    verdicts = [person["verdict"] for person in response.json()["people"]]
    assert verdicts == ["unknown", "no_conflict_found"]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"dietary_restrictions": ["vegan"]}, id="diet"),
        pytest.param({"medical_conditions": ["gout"]}, id="condition"),
        pytest.param({"allergies": [{"name": "milk", "verification": "refuted"}]}, id="refuted"),
        pytest.param({"birth_year": 2019, "display_name": "Boris"}, id="name"),
    ],
)
async def test_who_has_not_answered_about_allergies_is_never_cleared_whatever_else_they_say(
    client: httpx2.AsyncClient, said: dict[str, Any]
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira, **_only([]) | said)
    text = "Ingredients: sugar, water, salt."

    silent = (await client.post(CHECK, json={"text": text}, headers=amira.headers)).json()
    headers = amira.headers | {"If-Match": "*"}
    await client.patch("/api/v1/health/profiles/me", json={"no_known_allergies": True}, headers=headers)
    told = (await client.post(CHECK, json={"text": text}, headers=amira.headers)).json()

    for answer, verdict in ((silent, "unknown"), (told, "no_conflict_found")):
        (person,) = answer["people"]
        assert (answer["verdict"], person["verdict"], person["findings"]) == (verdict, verdict, [])
        assert person["allergies_answered"] is (verdict == "no_conflict_found")


@pytest.mark.parametrize(
    ("regime", "verdict", "named"),
    [
        pytest.param("us", "unknown", "mustard", id="may-hide"),
        pytest.param("eu", "no_conflict_found", None, id="must-be-named"),
    ],
)
async def test_a_law_that_lets_an_allergen_hide_is_a_reason(
    client: httpx2.AsyncClient, regime: str, verdict: str, named: str | None
) -> None:
    amira = await make_person(client)
    await make_profile(
        client, amira, allergies=[{"name": "mustard"}], dietary_restrictions=[], medical_conditions=[]
    )

    response = await client.post(
        CHECK, json={"text": "Ingredients: rice, salt", "lang": "en", "regime": regime}, headers=amira.headers
    )

    (person,) = response.raise_for_status().json()["people"]
    assert (person["verdict"], person["findings"]) == (verdict, [])
    assert [named in reason for reason in person["reasons"]] == ([True] if named else [])


@pytest.mark.parametrize("regime", ["eu", "EU", "us", "au-nz"])
async def test_a_law_can_be_named(client: httpx2.AsyncClient, regime: str) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    response = await client.post(CHECK, json={"text": LABEL, "regime": regime}, headers=amira.headers)

    assert response.status_code == 200


async def test_somebody_elses_profile_is_like_one_that_does_not_exist(client: httpx2.AsyncClient) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    await make_profile(client, boris)
    amiras = (await make_profile(client, amira)).json()["id"]

    answers = [
        await client.post(CHECK, json={"text": LABEL, "profiles": [ref, "me"]}, headers=boris.headers)
        for ref in (amiras, str(uuid.uuid4()))
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [answer.json() | {"request_id": None} for answer in answers]
    assert bodies[0] == bodies[1]


async def test_somebody_without_a_profile_is_told_so(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    response = await client.post(CHECK, json={"text": LABEL}, headers=amira.headers)

    assert (response.status_code, response.json()["code"]) == (404, "profile-not-found")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        pytest.param({"text": ""}, "/text", id="empty"),
        pytest.param({"text": "x" * 20_001}, "/text", id="long"),
        pytest.param({"text": "milk\u0000"}, "/text", id="nul"),
        pytest.param({"text": 7}, "/text", id="number"),
        pytest.param({"text": None}, "/text", id="null"),
        pytest.param({"profiles": []}, "/profiles", id="nobody"),
        pytest.param({"profiles": ["me", "me"]}, "/profiles/1", id="twice"),
        pytest.param({"profiles": ["me"] * 51}, "/profiles", id="too-many"),
        pytest.param({"regime": "atlantis"}, "/regime", id="regime"),
        pytest.param({"lang": "english!"}, "/lang", id="language"),
        pytest.param({"safe": True}, "", id="unknown-member"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_and_not_echoed(
    client: httpx2.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    response = await client.post(CHECK, json={"text": LABEL} | changes, headers=amira.headers)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer
    assert "atlantis" not in response.text
    assert LABEL not in response.text


@pytest.mark.parametrize("ref", ["someone", "me ", "ME", 7, None, "00000000-0000-0000-0000-00000000000g"])
async def test_a_reference_that_is_none_is_refused(client: httpx2.AsyncClient, ref: object) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    response = await client.post(CHECK, json={"text": LABEL, "profiles": [ref]}, headers=amira.headers)

    assert response.status_code == 422


def _only(allergies: list[dict[str, object]]) -> dict[str, Any]:
    """Return the parts of a profile that hold nothing but these allergies."""
    return {"allergies": allergies, "dietary_restrictions": [], "medical_conditions": []}


async def test_a_hostile_label_gets_a_bounded_answer(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    text = "milk, wheat, semolina, peanuts, cheese, " * 500

    response = await client.post(CHECK, json={"text": text}, headers=amira.headers)

    (person,) = response.json()["people"]
    assert person["verdict"] == "contains"
    assert 60 <= len(person["findings"]) <= 300
