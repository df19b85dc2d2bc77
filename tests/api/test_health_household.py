"""One's own profile and those of dependants, and what each says of allergies, through the API."""

import httpx2
import pytest

from tests.factories import make_person, make_profile, profile_body

pytestmark = pytest.mark.anyio

PROFILES = "/api/v1/health/profiles"


async def test_not_answered_none_known_and_these_are_three_states(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    silent = await make_profile(client, amira, allergies=[], relationship="child")
    none = await make_profile(client, amira, allergies=[], no_known_allergies=True, relationship="child")

    assert (silent.json()["allergies"], silent.json()["no_known_allergies"]) == ([], False)
    assert (none.json()["allergies"], none.json()["no_known_allergies"]) == ([], True)


async def test_a_dependant_has_a_name_a_year_of_birth_and_a_relationship(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    created = (
        await make_profile(client, amira, relationship="child", display_name="Emil", birth_year=2019)
    ).json()
    path, headers = f"{PROFILES}/{created['id']}", amira.headers | {"If-Match": "*"}

    patched = (await client.patch(path, json={"birth_year": 2018}, headers=headers)).json()
    kept = (await client.patch(path, json={"display_name": "Emilia"}, headers=headers)).json()
    replaced = (await client.put(path, json={"display_name": "Emil"}, headers=headers)).json()
    restored = (await client.post(f"{path}/revisions/1/restore", headers=headers)).json()
    revision = (await client.get(f"{path}/revisions/1", headers=amira.headers)).json()
    diff = (await client.get(f"{path}/revisions/2/diff?with=1", headers=amira.headers)).json()

    assert (created["relationship"], created["display_name"]) == ("child", "Emil")
    told = [body["birth_year"] for body in (created, patched, kept, replaced, restored, revision)]
    assert told == [2019, 2018, 2018, None, 2019, 2019]
    assert diff["members"] == [{"member": "birth_year", "before": 2019, "after": 2018}]


async def test_there_is_one_profile_of_ones_own_and_many_of_dependants(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    own = await make_profile(client, amira)
    children = [await make_profile(client, amira, relationship="child") for _ in range(3)]

    second = await client.post(PROFILES, json=profile_body(), headers=amira.headers)
    first_page = await client.get(PROFILES, params={"limit": 2}, headers=amira.headers)
    last_page = await client.get(
        PROFILES, params={"cursor": first_page.json()["next_cursor"]}, headers=amira.headers
    )

    assert second.status_code == 409
    assert second.json()["code"] == "profile-exists"
    listed = [*first_page.json()["items"], *last_page.json()["items"]]
    assert listed == [own.json(), *(child.json() for child in children)]
    assert last_page.json()["next_cursor"] is None
