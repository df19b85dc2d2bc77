"""Operators' entries in every form of question: guests, batches and menus, whichever thread answers."""

import json
from typing import Any

import httpx2
import pytest

from backend.api.dependencies import Resources
from tests.factories import Person, make_admin

pytestmark = pytest.mark.anyio

ENTRIES = "/api/v1/admin/catalog/entries"
SCREENING = "/api/v1/screening"
GUEST: dict[str, Any] = {"requirements": {"allergies": ["fonio"]}}
ANSWERS = [
    pytest.param("Ingredients: water, acha.", "contains", id="named"),
    pytest.param("Ingredients: water, sugar, salt.", "no_conflict_found", id="silent"),
    pytest.param("Zutaten: Wasser, Zucker, Salz.", "unknown", id="silent-where-it-has-no-name"),
]


@pytest.fixture
async def olga(client: httpx2.AsyncClient, resources: Resources) -> Person:
    """Return an administrator who added an allergen."""
    olga = await make_admin(client, resources)
    entry = {"kind": "allergy", "code": "local.fonio", "names": {"en": "fonio"}, "synonyms": {"en": ["acha"]}}
    (await client.post(ENTRIES, json=entry, headers=olga.headers)).raise_for_status()
    return olga


@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize(("text", "verdict"), ANSWERS)
async def test_a_guest_without_an_account_is_answered(
    client: httpx2.AsyncClient, text: str, verdict: str
) -> None:
    answer = (await client.post(f"{SCREENING}/guest", json=GUEST | {"text": text})).raise_for_status().json()

    (person,) = answer["people"]
    (requirement,) = person["requirements"]
    assert (requirement["code"], requirement["verdict"]) == ("local.fonio", verdict)
    assert person["verdict"] == verdict
    assert ("no word for it" in requirement["reason"]) is (verdict == "unknown")


@pytest.mark.parametrize(("text", "verdict"), ANSWERS)
async def test_each_of_many_labels_is_answered(
    client: httpx2.AsyncClient, olga: Person, text: str, verdict: str
) -> None:
    body = GUEST | {"labels": [{"text": text}] * 20}

    answer = await client.post(f"{SCREENING}/batch", json=body, headers=olga.headers)

    lines = [json.loads(line) for line in answer.raise_for_status().text.splitlines()]
    assert [line["answer"]["verdict"] for line in lines] == [verdict] * 20


@pytest.mark.parametrize(("text", "verdict"), ANSWERS)
async def test_each_dish_of_a_menu_is_answered(
    client: httpx2.AsyncClient, olga: Person, text: str, verdict: str
) -> None:
    body = GUEST | {"dishes": [{"name": "a", "text": text}]}

    answer = await client.post(f"{SCREENING}/menu", json=body, headers=olga.headers)

    (cell,) = answer.raise_for_status().json()["dishes"][0]["cells"]
    assert cell["verdict"] == verdict


async def test_a_guest_cannot_name_what_was_retired(client: httpx2.AsyncClient, olga: Person) -> None:
    headers = olga.headers | {"If-Match": "*"}
    retired = await client.patch(f"{ENTRIES}/local.fonio", json={"retired": True}, headers=headers)

    answer = await client.post(f"{SCREENING}/guest", json=GUEST | {"text": "Ingredients: acha."})

    assert (retired.status_code, answer.status_code) == (200, 422)
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/requirements/allergies/0", "retired-name")
