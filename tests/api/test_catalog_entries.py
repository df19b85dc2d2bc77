"""Single entries of the catalogue, and food laws on a day, as everybody reads them."""

import httpx2
import pytest

from tests.conftest import FakeClock

CATALOG = "/api/v1/catalog"

pytestmark = pytest.mark.anyio


async def test_the_laws_are_listed_with_what_they_declare(client: httpx2.AsyncClient) -> None:
    items = (await client.get(f"{CATALOG}/regimes", params={"lang": "fr"})).json()["items"]

    assert [item["code"] for item in items] == ["eu", "uk", "us", "ca", "au-nz", "jp", "kr", "cn", "codex"]
    assert items[0]["name"] == "Union européenne"
    assert len(items[0]["declares"]) == 14
    assert all(item["source"]["publication"] for item in items)


@pytest.mark.parametrize(
    ("code", "day", "required", "coming"),
    [
        pytest.param("us", "2022-12-31", False, True, id="the-day-before"),
        pytest.param("us", "2023-01-01", True, False, id="the-day"),
        pytest.param("EU", "2026-11-23", True, False, id="capitals"),
    ],
)
async def test_a_law_is_read_as_it_is_on_a_day(
    client: httpx2.AsyncClient,
    code: str,
    day: str,
    required: bool,  # noqa: FBT001 - a parameter
    coming: bool,  # noqa: FBT001 - a parameter
) -> None:
    law = (await client.get(f"{CATALOG}/regimes/{code}", params={"on": day})).json()

    assert law["on"] == day
    assert ("sesame" in {duty["allergen"] for duty in law["duties"]}) is required
    assert ("sesame" in law["silence_tells"]) is required
    assert ("sesame" in {duty["allergen"] for duty in law["coming"]}) is coming
    assert all(duty["source"]["publication"] and duty["name"] for duty in law["duties"])


async def test_a_law_is_read_as_it_is_today(client: httpx2.AsyncClient, time: FakeClock) -> None:
    law = (await client.get(f"{CATALOG}/regimes/cn", params={"lang": "de"})).json()

    assert law["on"] == f"{time.moment:%Y-%m-%d}"
    assert "Milch" in {duty["name"] for duty in (*law["duties"], *law["coming"])}


async def test_an_allergen_is_read_with_its_relations(client: httpx2.AsyncClient) -> None:
    spelt = (await client.get(f"{CATALOG}/allergens/gluten.spelt")).json()
    gluten = (await client.get(f"{CATALOG}/allergens/gluten")).json()

    assert (spelt["parents"], spelt["ancestors"]) == (["gluten.wheat"], ["gluten", "gluten.wheat"])
    assert "gluten.spelt" in gluten["descendants"]
    assert "gluten.spelt" not in gluten["children"]
    assert "gluten.wheat" in gluten["children"]
    assert (spelt["own"], spelt["retired"]) == (False, False)


async def test_diets_and_conditions_are_read_with_their_rules(client: httpx2.AsyncClient) -> None:
    vegan = (await client.get(f"{CATALOG}/diets/vegan")).json()
    coeliac = (await client.get(f"{CATALOG}/conditions/coeliac_disease?lang=de")).json()

    assert "milk" in vegan["rules"][0]["avoid"]
    assert coeliac["name"] == coeliac["names"]["de"]
    assert coeliac["rules"][0]["reference"]["publication"] == coeliac["rules"][0]["source"]


@pytest.mark.parametrize(
    "path", ["allergens/vegan", "diets/milk", "conditions/milk", "regimes/mars", "allergens/a.b"]
)
async def test_what_the_catalogue_lacks_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    response = await client.get(f"{CATALOG}/{path}")

    assert (response.status_code, response.json()["code"]) == (404, "code-unknown")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("regimes/eu?on=2026-02-30", id="no-day"),
        pytest.param("regimes/eu?on=20261123", id="another-form"),
        pytest.param("regimes/eu?on=1899-01-01", id="long-ago"),
        pytest.param("regimes/eu?on=tomorrow", id="word"),
        pytest.param("regimes/e_u", id="law"),
        pytest.param("allergens/MILK", id="capitals"),
        pytest.param("allergens/" + "x" * 101, id="long"),
        pytest.param("allergens/milk?q=milk", id="unknown-parameter"),
    ],
)
async def test_what_makes_no_sense_is_refused(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(f"{CATALOG}/{path}")).status_code == 422


@pytest.mark.parametrize(
    ("header", "query", "name"),
    [
        pytest.param("fr", "", "lait", id="header"),
        pytest.param("xx, de;q=0.5, fr;q=0.9", "", "lait", id="weights"),
        pytest.param("fr;q=0, de-AT;q=0.1", "", "Milch", id="refused"),
        pytest.param("fr", "?lang=de", "Milch", id="the-query-comes-first"),
        pytest.param("*", "", "milk", id="any"),
        pytest.param("fr;q=high", "", "milk", id="no-weight"),
        pytest.param(";;,,=", "", "milk", id="nonsense"),
    ],
)
async def test_names_are_in_the_language_that_the_caller_prefers(
    client: httpx2.AsyncClient, header: str, query: str, name: str
) -> None:
    response = await client.get(f"{CATALOG}/allergens/milk{query}", headers={"Accept-Language": header})

    assert response.json()["name"] == name
    assert "Accept-Language" in response.headers["vary"]


async def test_another_language_day_or_entry_is_another_answer(client: httpx2.AsyncClient) -> None:
    asked = [
        (await client.get(f"{CATALOG}/{path}", headers={"Accept-Language": language})).headers["etag"]
        for path in ("regimes/eu", "regimes/eu?on=2020-01-01", "regimes/uk", "allergens/milk", "regimes")
        for language in ("fr", "de")
    ]

    again = await client.get(
        f"{CATALOG}/regimes/eu", headers={"Accept-Language": "fr", "If-None-Match": f'"x", W/{asked[0]}'}
    )

    assert len(set(asked)) == len(asked)
    assert (again.status_code, again.content) == (304, b"")
