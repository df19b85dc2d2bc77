"""A menu: dishes by people, and what a name alone can tell."""

from typing import Any

import httpx2
import pytest

from tests.factories import Person, make_person, make_profile

MENU = "/api/v1/screening/menu"
ANA = {"name": "Ana", "requirements": {"allergies": ["milk"]}}
BEN = {"name": "Ben", "requirements": {"dietary_restrictions": ["vegan"], "allergies": ["peanuts"]}}
WORST_FIRST = ["contains", "may_contain", "likely", "unknown", "no_conflict_found"]

pytestmark = pytest.mark.anyio


@pytest.fixture
async def amira(client: httpx2.AsyncClient) -> Person:
    """Return somebody who asks for guests."""
    return await make_person(client)


async def _ask(
    client: httpx2.AsyncClient, person: Person, *dishes: dict[str, Any], **more: Any
) -> dict[str, Any]:
    body = {"guests": [ANA, BEN], "dishes": dishes} | more
    answer = await client.post(MENU, json=body, headers=person.headers)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def test_every_dish_has_a_cell_for_everybody(client: httpx2.AsyncClient, amira: Person) -> None:
    answer = await _ask(
        client,
        amira,
        {"id": "a1", "name": "Porridge", "ingredients": ["oats", "water", "salt"]},
        {"id": 7, "name": "Pancakes", "text": "Ingredients: wheat flour, eggs, milk."},
        {"name": "Soup", "text": "Ingredients: water, carrots, salt. May contain peanuts."},
    )

    cells = [[cell["verdict"] for cell in dish["cells"]] for dish in answer["dishes"]]
    assert [person["guest"] for person in answer["people"]] == ["Ana", "Ben"]
    assert [(dish["index"], dish["id"]) for dish in answer["dishes"]] == [(0, "a1"), (1, 7), (2, None)]
    assert cells == [
        ["no_conflict_found", "no_conflict_found"],
        ["contains", "contains"],
        ["no_conflict_found", "may_contain"],
    ]
    assert [dish["verdict"] for dish in answer["dishes"]] == [
        min(row, key=WORST_FIRST.index) for row in cells
    ]
    assert [person["verdict"] for person in answer["people"]] == ["contains", "contains"]
    assert [person["no_conflict_found"] for person in answer["people"]] == [[0, 2], [0]]
    assert answer["no_conflict_found"] == [0]
    assert "safe" not in str(answer)


@pytest.mark.parametrize(
    ("dish", "verdict", "reason"),
    [
        pytest.param({"name": "Salad"}, "unknown", "only a name is known", id="name"),
        pytest.param({"name": "Cheese toast"}, "likely", "the name suggests it: ", id="name-that-suggests"),
        pytest.param({"name": "Milk-free cake"}, "unknown", "", id="name-that-denies"),
        pytest.param({"name": "May contain milk"}, "likely", "the name suggests it: ", id="name-that-warns"),
        pytest.param(
            {"name": "Salad", "description": "lettuce and tomatoes"},
            "unknown",
            "a description does not tell everything",
            id="description",
        ),
        pytest.param(
            {"name": "Salad", "description": "with grated parmesan"},
            "contains",
            "is ",
            id="description-that-names",
        ),
        pytest.param(
            {"name": "Cheese toast", "ingredients": ["rye bread", "tomato"]},
            "likely",
            "the name suggests it: ",
            id="name-against-list",
        ),
        pytest.param(
            {"name": "Fish in sauce", "ingredients": ["cod", "tomato"]},
            "no_conflict_found",
            "nothing was found",
            id="name-that-the-list-explains",
        ),
        pytest.param(
            {"name": "Salad", "description": "green", "text": "Ingredients: xyzzyq, lettuce"},
            "unknown",
            "1 of 3 words were not understood",
            id="list-not-understood",
        ),
    ],
)
async def test_a_name_or_a_description_is_no_list(
    client: httpx2.AsyncClient, amira: Person, dish: dict[str, Any], verdict: str, reason: str
) -> None:
    answer = await _ask(client, amira, dish, guests=[ANA])

    ((cell,),) = [dish["cells"] for dish in answer["dishes"]]
    assert cell["verdict"] == verdict
    assert cell["reason"].startswith(reason)


async def test_findings_point_into_the_dish(client: httpx2.AsyncClient, amira: Person) -> None:
    dish = {"name": "Cheese toast", "description": "with butter", "ingredients": ["bread", "gouda"]}

    answer = await _ask(client, amira, dish, guests=[ANA])

    texts = {"/name": dish["name"], "/description": dish["description"], "/ingredients/1": "gouda"}
    findings = [
        finding for finding in answer["dishes"][0]["cells"][0]["findings"] if finding["text"] != "bread"
    ]
    assert {finding["pointer"] for finding in findings} == set(texts)
    for finding in findings:
        text = str(texts[finding["pointer"]])
        assert text[finding["start"] : finding["end"]] == finding["text"]


async def test_profiles_are_read_once_and_strangers_are_not(
    client: httpx2.AsyncClient, amira: Person
) -> None:
    boris = await make_person(client, "boris")
    own = (await make_profile(client, amira)).json()["id"]
    body = {"profiles": [own, "me"][:1], "dishes": [{"name": "Milk"}] * 3}

    answers = [await client.post(MENU, json=body, headers=person.headers) for person in (amira, boris)]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert answers[0].json()["people"][0]["profile_id"] == own
    events = (await client.get("/api/v1/users/me/activity", headers=amira.headers)).json()["items"]
    reads = [event["details"]["purpose"] for event in events if event["action"] == "profile_read"]
    assert reads == ["check of a menu"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        pytest.param({"dishes": []}, "/dishes", id="no-dishes"),
        pytest.param({"dishes": [{"name": "a"}] * 101}, "/dishes", id="many"),
        pytest.param({"dishes": [{"name": ""}]}, "/dishes/0/name", id="nameless"),
        pytest.param({"dishes": [{"name": "x" * 201}]}, "/dishes/0/name", id="long-name"),
        pytest.param(
            {"dishes": [{"name": "a", "ingredients": ["b"], "text": "c"}]}, "/dishes/0", id="two-lists"
        ),
        pytest.param(
            {"dishes": [{"name": "a", "ingredients": ["x" * 10_001] * 2}]}, "/dishes/0", id="long-dish"
        ),
        pytest.param({"dishes": [{"name": "a", "text": "x" * 19_000}] * 6}, "", id="long-menu"),
        pytest.param({"dishes": [{"name": "a\u0000"}]}, "/dishes/0/name", id="nul"),
        pytest.param({"regime": "atlantis"}, "/regime", id="regime"),
        pytest.param({"guests": [BEN] * 51}, "/guests", id="many-people"),
    ],
)
async def test_a_menu_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, amira: Person, changes: dict[str, Any], pointer: str
) -> None:
    body = {"guests": [ANA], "dishes": [{"name": "Soup"}]} | changes

    response = await client.post(MENU, json=body, headers=amira.headers)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer
    assert "xxx" not in response.text


async def test_a_hostile_menu_gets_a_bounded_answer(client: httpx2.AsyncClient, amira: Person) -> None:
    dishes = [{"name": "Milk", "text": "milk, cheese, butter, xyzzyq, " * 150}] * 20

    answer = await _ask(client, amira, *dishes)

    assert {len(cell["findings"]) for dish in answer["dishes"] for cell in dish["cells"]} == {5}
    assert {len(dish["coverage"]["unknown"]) for dish in answer["dishes"]} == {20}


async def test_the_reasons_are_in_the_language_of_the_caller(
    client: httpx2.AsyncClient, amira: Person
) -> None:
    body = {"guests": [ANA], "dishes": [{"name": "Porridge", "ingredients": ["oats", "milk"]}]}

    french = await client.post(MENU, json=body, headers=amira.headers | {"Accept-Language": "fr"})

    assert (french.headers["Content-Language"], french.headers["Vary"]) == ("fr", "Accept-Language")
    (cell,) = french.json()["dishes"][0]["cells"]
    assert cell["reason"] == "est ou contient : lait"
    assert cell["findings"][0]["source"] == "ce que la personne a noté elle-même"
