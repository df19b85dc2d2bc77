"""What can be checked: a text, ingredients one by one, or a recipe; exactly one of them."""

from typing import Any

import httpx2
import pytest

from tests.factories import make_person

CHECK = "/api/v1/screening/check"
MILK: dict[str, Any] = {"requirements": {"allergies": ["milk"]}}

pytestmark = pytest.mark.anyio


async def _ask(client: httpx2.AsyncClient, **body: Any) -> httpx2.Response:
    amira = await make_person(client)
    return await client.post(CHECK, json=MILK | body, headers=amira.headers)


async def test_a_finding_in_a_list_points_to_its_ingredient(client: httpx2.AsyncClient) -> None:
    ingredients = ["sugar", "dark chocolate (cocoa, whey powder)", "xyzzyq"]

    response = await _ask(client, ingredients=ingredients)

    answer = response.raise_for_status().json()
    (finding,) = answer["people"][0]["findings"]
    assert finding["pointer"] == "/ingredients/1"
    assert ingredients[1][finding["start"] : finding["end"]] == finding["text"] == "whey powder"
    assert answer["coverage"]["ingredients"] == {"understood": 2, "listed": 3}
    (unknown,) = answer["coverage"]["unknown"]
    assert unknown == {"text": "xyzzyq", "pointer": "/ingredients/2", "start": 0, "end": 6}


@pytest.mark.parametrize(
    ("ingredients", "verdict"),
    [
        pytest.param(["free from gluten", "milk", "eggs"], "contains", id="absence-ends"),
        pytest.param(["free from (soya", "milk)"], "contains", id="bracket-ends"),
        pytest.param(["without", "milk"], "contains", id="nothing-but-the-absence"),
        pytest.param(["coconut", "milk"], "contains", id="no-word-of-two"),
        pytest.param(["Store in a cool place", "milk"], "contains", id="storage-ends"),
        pytest.param(["may contain", "milk"], "contains", id="warning-ends"),
        pytest.param(["coconut milk", "sugar"], "no_conflict_found", id="trap-within-one"),
        pytest.param(["may contain milk", "sugar"], "may_contain", id="warning-within-one"),
        pytest.param(["sugar", "milk-free cocoa"], "no_conflict_found", id="absence-within-one"),
    ],
)
async def test_nothing_in_one_ingredient_speaks_of_another(
    client: httpx2.AsyncClient, ingredients: list[str], verdict: str
) -> None:
    response = await _ask(client, ingredients=ingredients)

    assert response.raise_for_status().json()["verdict"] == verdict


async def test_all_ingredients_together_tell_the_language(client: httpx2.AsyncClient) -> None:
    # "voi" is butter in Finnish, and a pronoun in Italian.
    response = await _ask(client, ingredients=["vehnäjauho", "sokeri", "suola", "voi"])

    assert response.json()["languages"][0] == "fi"
    assert response.json()["verdict"] == "contains"


async def test_a_recipe_is_checked_by_component(client: httpx2.AsyncClient) -> None:
    components = [
        {"name": "dough", "ingredients": ["wheat flour", "water"]},
        {"name": "filling", "ingredients": ["sugar", "double cream"]},
    ]

    response = await _ask(client, recipe={"name": "Tart", "components": components})

    (finding,) = response.raise_for_status().json()["people"][0]["findings"]
    assert finding["verdict"] == "contains"
    assert finding["pointer"] == "/recipe/components/1/ingredients/1"


@pytest.mark.parametrize(
    ("components", "verdict"),
    [
        pytest.param([{"name": "salad"}], "unknown", id="only-a-name"),
        pytest.param([{"name": "butter sauce"}], "likely", id="a-name-that-suggests-it"),
        pytest.param(
            [{"name": "dough", "ingredients": ["flour", "water"]}, {"name": "sauce"}],
            "unknown",
            id="one-of-two",
        ),
        pytest.param(
            [{"name": "butter sauce", "ingredients": ["salt", "water"]}], "likely", id="name-with-list"
        ),
        pytest.param([{"name": "sauce", "ingredients": ["salt", "water"]}], "no_conflict_found", id="a-list"),
    ],
)
async def test_a_name_tells_little_of_what_is_in_it(
    client: httpx2.AsyncClient, components: list[dict[str, Any]], verdict: str
) -> None:
    response = await _ask(client, recipe={"components": components})

    answer = response.raise_for_status().json()
    assert answer["verdict"] == verdict
    assert answer["people"][0]["requirements"][0]["reason"]


LONG = "x" * 10_001


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param({}, "", id="none"),
        pytest.param({"text": "milk", "ingredients": ["milk"]}, "", id="two"),
        pytest.param({"text": "milk", "recipe": {"components": [{"name": "a"}]}}, "", id="text-and-recipe"),
        pytest.param({"ingredients": []}, "/ingredients", id="no-ingredients"),
        pytest.param({"ingredients": None}, "/ingredients", id="null"),
        pytest.param({"recipe": None}, "/recipe", id="null-recipe"),
        pytest.param({"ingredients": "milk"}, "/ingredients", id="text-as-list"),
        pytest.param({"ingredients": ["milk", ""]}, "/ingredients/1", id="empty-ingredient"),
        pytest.param({"ingredients": ["milk", 7]}, "/ingredients/1", id="number"),
        pytest.param({"ingredients": ["milk\u0000"]}, "/ingredients/0", id="nul"),
        pytest.param({"ingredients": ["a"] * 501}, "/ingredients", id="many"),
        pytest.param({"ingredients": [LONG, LONG]}, "", id="long-in-all"),
        pytest.param({"recipe": {"components": []}}, "/recipe/components", id="no-components"),
        pytest.param({"recipe": {"components": [{}]}}, "/recipe/components/0/name", id="no-name"),
        pytest.param(
            {
                "recipe": {
                    "components": [{"name": "a", "ingredients": [LONG]}, {"name": "b", "ingredients": [LONG]}]
                }
            },
            "",
            id="long-recipe",
        ),
        pytest.param({"recipe": {"components": [{"name": "a"}], "safe": 1}}, "/recipe", id="unknown-member"),
    ],
)
async def test_a_source_that_is_none_is_refused(
    client: httpx2.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    response = await _ask(client, **body)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer
    assert "xxx" not in response.text


@pytest.mark.parametrize("member", ["text", "ingredients"])
async def test_a_lone_surrogate_is_refused(client: httpx2.AsyncClient, member: str) -> None:
    amira = await make_person(client)
    value = '"milk \\ud800"' if member == "text" else '["milk \\ud800"]'

    response = await client.post(
        CHECK,
        content=f'{{"{member}": {value}, "requirements": {{"allergies": ["milk"]}}}}',
        headers=amira.headers | {"Content-Type": "application/json"},
    )

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"].startswith(f"/{member}")
