"""What an answer says: each requirement with its reason, rules with their source, coverage, silence."""

from typing import Any

import httpx2
import pytest

from tests.factories import make_person, make_profile

CHECK = "/api/v1/screening/check"
PLAIN = "Ingredients: sugar, salt, water."

pytestmark = pytest.mark.anyio


def _of(answer: httpx2.Response, person: int = 0) -> dict[str, dict[str, Any]]:
    """Return one person's requirements by code."""
    people = answer.raise_for_status().json()["people"]
    return {requirement["code"]: requirement for requirement in people[person]["requirements"]}


async def _ask(client: httpx2.AsyncClient, **body: Any) -> httpx2.Response:
    amira = await make_person(client)
    return await client.post(CHECK, json=body, headers=amira.headers)


async def test_every_requirement_is_answered_also_where_nothing_was_found(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    response = await client.post(CHECK, json={"text": PLAIN}, headers=amira.headers)

    (person,) = response.json()["people"]
    assert [(one["type"], one["code"], one["verdict"]) for one in person["requirements"]] == [
        ("allergy", "milk", "no_conflict_found"),
        ("allergy", "peanuts", "no_conflict_found"),
        ("diet", "vegetarian", "no_conflict_found"),
        ("condition", "coeliac_disease", "no_conflict_found"),
    ]
    assert {one["reason"] for one in person["requirements"]} == {"nothing was found in what was understood"}
    assert person["reasons"] == []
    assert response.json()["regime"] is None


async def test_a_requirement_has_the_worst_of_its_findings_and_a_person_of_their_requirements(
    client: httpx2.AsyncClient,
) -> None:
    text = "Ingredients: sugar, whey. May contain milk, peanuts."

    response = await _ask(client, text=text, requirements={"allergies": ["milk", "peanuts", "fish"]})

    answers = _of(response)
    assert [answers[code]["verdict"] for code in ("milk", "peanuts", "fish")] == [
        "contains",
        "may_contain",
        "no_conflict_found",
    ]
    assert response.json()["people"][0]["verdict"] == "contains"
    assert answers["milk"]["reason"] == "is milk or made from it"


@pytest.mark.parametrize(
    ("requirements", "word", "kind", "source"),
    [
        pytest.param({"allergies": ["milk"]}, "whey", "strict", "the person's own record", id="allergy"),
        pytest.param(
            {"medical_conditions": ["lactose intolerance"]},
            "whey",
            "threshold",
            "European Food Safety Authority: ",
            id="threshold",
        ),
        pytest.param(
            {"medical_conditions": ["coeliac disease"]},
            "oats",
            "advisory",
            "European Society for the Study of Coeliac Disease: ",
            id="advisory",
        ),
        pytest.param({"dietary_restrictions": ["vegan"]}, "whey", "strict", "The Vegan Society: ", id="diet"),
    ],
)
async def test_each_finding_tells_how_binding_it_is_and_who_says_so(
    client: httpx2.AsyncClient, requirements: dict[str, Any], word: str, kind: str, source: str
) -> None:
    response = await _ask(client, text="Ingredients: oats, whey.", requirements=requirements)

    (finding,) = response.json()["people"][0]["findings"]
    assert (finding["text"], finding["kind"]) == (word, kind)
    assert finding["source"].startswith(source)


@pytest.mark.parametrize(
    ("regime", "requirements", "silent"),
    [
        pytest.param("us", {"allergies": ["mustard"]}, "mustard", id="mustard-us"),
        pytest.param("eu", {"allergies": ["mustard"]}, None, id="mustard-eu"),
        pytest.param(None, {"allergies": ["mustard"]}, None, id="mustard-without-a-law"),
        pytest.param("us", {"allergies": ["gluten"]}, "barley", id="gluten-us"),
        pytest.param("us", {"allergies": ["rye"]}, "rye", id="rye-us"),
        pytest.param("us", {"allergies": ["wheat", "milk", "lactose"]}, None, id="named-us"),
        pytest.param("jp", {"allergies": ["molluscs"]}, "molluscs", id="group-jp"),
        pytest.param("eu", {"allergies": ["kiwi"]}, "kiwi", id="no-law-knows-it"),
        pytest.param("us", {"medical_conditions": ["coeliac disease"]}, "barley", id="coeliac-us"),
        pytest.param("eu", {"medical_conditions": ["coeliac disease"]}, None, id="coeliac-eu"),
        pytest.param("us", {"dietary_restrictions": ["vegan"]}, None, id="diet-us"),
        pytest.param("cn", {"allergies": ["milk"]}, "milk", id="before-the-duty-begins"),
    ],
)
async def test_silence_tells_nothing_of_what_the_law_need_not_have_named(
    client: httpx2.AsyncClient, regime: str | None, requirements: dict[str, Any], silent: str | None
) -> None:
    response = await _ask(client, text=PLAIN, regime=regime, requirements=requirements)

    answers = _of(response).values()
    if silent is None:
        assert {answer["verdict"] for answer in answers} == {"no_conflict_found"}
    else:
        (answer,) = answers
        assert answer["verdict"] == "unknown"
        assert f"need not always name {silent}" in answer["reason"]
        assert response.json()["people"][0]["reasons"][0] in answer["reason"]
    assert response.json()["regime"] == regime


async def test_a_law_never_lowers_what_was_found(client: httpx2.AsyncClient) -> None:
    response = await _ask(
        client, text="Ingredients: mustard.", regime="us", requirements={"allergies": ["mustard"]}
    )

    assert _of(response)["mustard"]["verdict"] == "contains"


async def test_traces_count_as_the_guest_says_unless_a_life_is_at_stake(client: httpx2.AsyncClient) -> None:
    guests = [
        {"name": severity, "requirements": {"allergies": [{"name": "peanut", "avoid_traces": False} | extra]}}
        for severity, extra in (
            ("relaxed", {}),
            ("grave", {"severity": "life_threatening"}),
            ("strict", {"avoid_traces": True}),
        )
    ]

    response = await _ask(client, text=f"{PLAIN} May contain peanuts.", guests=guests)

    people = response.json()["people"]
    assert [person["guest"] for person in people] == ["relaxed", "grave", "strict"]
    assert [person["verdict"] for person in people] == ["no_conflict_found", "may_contain", "may_contain"]
    assert [person["profile_id"] for person in people] == [None] * 3


async def test_coverage_counts_ingredients_and_shows_the_rest(client: httpx2.AsyncClient) -> None:
    text = "Ingredients: sugar, xyzzyq flour (wheat, qqxzy), emulsifier: soya lecithin, salt 3,5 %."

    response = await _ask(client, text=text, requirements={"allergies": ["milk"]})

    coverage = response.json()["coverage"]
    assert coverage["ingredients"] == {"understood": 4, "listed": 6}
    assert [(words["text"], words["pointer"]) for words in coverage["unknown"]] == [
        ("xyzzyq", "/text"),
        ("qqxzy", "/text"),
    ]
    assert all(text[words["start"] : words["end"]] == words["text"] for words in coverage["unknown"])
    assert coverage["total"] - coverage["understood"] == 2
    assert _of(response)["milk"]["verdict"] == "unknown"
    assert _of(response)["milk"]["reason"] == f"2 of {coverage['total']} words were not understood"
    assert response.json()["people"][0]["reasons"] == [_of(response)["milk"]["reason"]]


async def test_a_milder_finding_is_not_lost_among_hundreds_of_worse_ones(client: httpx2.AsyncClient) -> None:
    text = "wheat, rye, barley, oats, spelt, milk, cheese, butter, almonds, hazelnuts, cashews, " * 230

    response = await _ask(
        client,
        text=f"{text} May contain mustard.",
        requirements={
            "allergies": ["wheat", "rye", "barley", "oats", "spelt", "milk", "nuts", "mustard"],
            "dietary_restrictions": ["vegan"],
            "medical_conditions": ["coeliac disease", "galactosaemia", "phenylketonuria"],
        },
    )

    (person,) = response.json()["people"]
    assert len(person["findings"]) == 300
    assert "mustard" not in {finding["allergen"] for finding in person["findings"]}
    assert _of(response)["mustard"]["verdict"] == "may_contain"
