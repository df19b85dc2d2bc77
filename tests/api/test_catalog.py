"""The catalogue, as everybody reads it."""

import httpx2
import pytest

CATALOG = "/api/v1/catalog"

pytestmark = pytest.mark.anyio


async def _all(client: httpx2.AsyncClient, part: str, query: str = "") -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    cursor = ""
    while True:
        page = (await client.get(f"{CATALOG}/{part}?limit=40{query}{cursor}")).raise_for_status().json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize(("part", "least"), [("allergens", 120), ("diets", 15), ("conditions", 25)])
async def test_pages_together_hold_every_entry_once(
    client: httpx2.AsyncClient, part: str, least: int
) -> None:
    codes = [item["code"] for item in await _all(client, part)]

    assert len(codes) == len(set(codes)) >= least


@pytest.mark.parametrize(
    ("part", "query", "code"),
    [
        pytest.param("allergens", "arachide", "peanuts", id="french"),
        pytest.param("allergens", "DAIRY", "milk", id="synonym-in-capitals"),
        pytest.param("allergens", "Sésame", "sesame", id="accent"),
        pytest.param("allergens", "nuts.almond", "nuts.almond", id="code"),
        pytest.param("allergens", "penaut", "peanuts", id="misspelt"),
        pytest.param("diets", "plant-based", "vegan", id="diet"),
        pytest.param("conditions", "celiac", "coeliac_disease", id="american"),
        pytest.param("conditions", "PKU", "phenylketonuria", id="abbreviation"),
    ],
)
async def test_a_search_finds_the_entry_first(
    client: httpx2.AsyncClient, part: str, query: str, code: str
) -> None:
    response = await client.get(f"{CATALOG}/{part}", params={"q": query})

    assert response.json()["items"][0]["code"] == code


async def test_pages_of_a_search_follow_each_other(client: httpx2.AsyncClient) -> None:
    whole = (await client.get(f"{CATALOG}/allergens?q=milk&limit=200")).json()["items"]

    first = (await client.get(f"{CATALOG}/allergens?q=milk&limit=2")).json()
    second = (await client.get(f"{CATALOG}/allergens?q=milk&limit=2&cursor={first['next_cursor']}")).json()

    assert len(whole) >= 4
    assert first["items"] + second["items"] == whole[:4]


@pytest.mark.parametrize(
    ("lang", "name"), [("fr", "lait"), ("fr-CA", "lait"), ("en", "milk"), ("xx", "milk")]
)
async def test_a_name_is_in_the_language_that_was_asked_for(
    client: httpx2.AsyncClient, lang: str, name: str
) -> None:
    response = await client.get(f"{CATALOG}/allergens", params={"q": "milk", "lang": lang})

    assert response.json()["items"][0]["name"] == name


async def test_a_page_that_has_not_changed_is_not_sent_again(client: httpx2.AsyncClient) -> None:
    first = await client.get(f"{CATALOG}/diets")

    again = await client.get(f"{CATALOG}/diets", headers={"If-None-Match": first.headers["etag"]})
    other = await client.get(f"{CATALOG}/diets?lang=fr", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200


async def test_every_rule_says_what_it_is_and_who_says_so(client: httpx2.AsyncClient) -> None:
    rules = [
        rule
        for part in ("diets", "conditions")
        for item in await _all(client, part)
        for rule in item["rules"]  # type: ignore[attr-defined] # a list of rules
    ]

    assert {rule["kind"] for rule in rules} == {"strict", "threshold", "advisory"}
    assert all(rule["avoid"] and rule["source"] for rule in rules)
    assert all((rule["threshold"] is not None) == (rule["kind"] == "threshold") for rule in rules)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("limit=0", id="no-entries"),
        pytest.param("limit=-1", id="negative"),
        pytest.param("limit=201", id="too-many"),
        pytest.param("limit=1e3", id="no-integer"),
        pytest.param(f"limit={10**400}", id="huge"),
        pytest.param("lang=" + "x" * 60, id="language"),
        pytest.param("q=" + "x" * 101, id="long"),
        pytest.param("q=%00", id="nul"),
        pytest.param("cursor=nowhere", id="cursor"),
        pytest.param("limits=3", id="unknown"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(client: httpx2.AsyncClient, query: str) -> None:
    response = await client.get(f"{CATALOG}/allergens?{query}")

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
