"""What stands in a copy of one's data, in which form, and how it is stored."""

import json

import httpx2
import jsonschema
import pytest
from sqlalchemy import select

from backend.api.dependencies import Resources
from backend.models.export import ExportChunk
from backend.schemas.export import ProfileFile
from backend.services.export.activity import defuse
from backend.services.export.contents import FOLDER, PROFILE_SCHEMA
from tests.exports import ALL_FILES, take_export
from tests.factories import make_person, make_profile, profile_body

pytestmark = pytest.mark.anyio


async def test_profiles_stand_in_it_as_they_are_and_as_they_were(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    await client.patch("/api/v1/users/me", json={"locale": "fr-CA"}, headers=amira.headers)
    mine = (await make_profile(client, amira)).json()
    child = (await make_profile(client, amira, relationship="child", display_name="Noor")).json()
    headers = amira.headers | {"If-Match": "*"}
    changed = await client.patch("/api/v1/health/profiles/me", json={"display_name": "Ami"}, headers=headers)
    seen = [
        (
            await client.get(f"/api/v1/health/profiles/{mine['id']}/revisions/{n}", headers=amira.headers)
        ).json()
        for n in (1, 2)
    ]

    written = (await take_export(client, amira, resources)).json("profile.json")

    assert (written["format"], written["language"]) == (1, "fr-CA")
    assert written["profiles"] == [changed.json(), child]
    assert written["revisions"][:2] == seen
    assert written["profiles"][0]["allergies"][0]["name"] == "lait"
    assert [(item["profile_id"], item["version"]) for item in written["revisions"]] == [
        (mine["id"], 1),
        (mine["id"], 2),
        (child["id"], 1),
    ]


async def test_profiles_follow_the_schema_that_comes_with_them(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    await make_profile(client, amira, relationship="child", no_known_allergies=True, allergies=[])

    taken = await take_export(client, amira, resources)

    schema = taken.json(PROFILE_SCHEMA)
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    written = taken.json("profile.json")
    validator.check_schema(schema)
    validator.validate(written)
    del written["profiles"][0]["allergies"][0]["severity"]
    assert not validator.is_valid(written)


def test_the_schema_is_that_of_what_writes_the_file() -> None:
    shipped = (FOLDER / PROFILE_SCHEMA).read_text("utf-8")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}

    made = dialect | ProfileFile.model_json_schema(mode="serialization")

    # `make format` writes it.
    assert jsonschema.validators.validator_for(made) is jsonschema.Draft202012Validator
    assert json.loads(shipped) == made


@pytest.mark.parametrize(
    ("locale", "first_line"),
    [
        ("en-GB", "Your data at Safeplate"),
        ("fr", "Vos données chez Safeplate"),
        ("de-CH", "Ihre Daten bei Safeplate"),
        ("es", "Sus datos en Safeplate"),
        ("fi", "Your data at Safeplate"),
    ],
)
async def test_it_is_explained_in_the_readers_language(
    client: httpx2.AsyncClient, resources: Resources, locale: str, first_line: str
) -> None:
    amira = await make_person(client)
    await client.patch("/api/v1/users/me", json={"locale": locale}, headers=amira.headers)

    taken = await take_export(client, amira, resources)

    text = taken.files["README.txt"].decode()
    assert text.splitlines()[0] == first_line
    assert [name for name in ALL_FILES[1:] if name not in text] == []


async def test_no_cell_is_a_formula(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira = await make_person(client)
    for agent in ('=cmd|"/c calc"!A1', "+1", "-1+2", "@SUM(A1)", 'plain, "quoted"'):
        await client.get("/api/v1/users/me", headers={"User-Agent": agent})
        form = {"username": "amira", "password": "Sesame-Street-9"}
        await client.post("/api/v1/auth/login", data=form, headers={"User-Agent": agent})

    rows = (await take_export(client, amira, resources)).rows()

    agents = [row["user_agent"] for row in rows if row["action"] == "signed_in"][1:]
    assert agents == ['\'=cmd|"/c calc"!A1', "'+1", "'-1+2", "'@SUM(A1)", 'plain, "quoted"']
    assert [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+-@\t\r\n"))] == []


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"],
)
def test_what_a_spreadsheet_could_run_is_defused(cell: str) -> None:
    assert (defuse(cell), defuse(f" {cell[1:]}")) == (f"'{cell}", f" {cell[1:]}")


async def test_one_persons_copy_holds_nothing_of_anothers(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    await make_profile(client, amira)
    await make_profile(client, boris, display_name="Boris-zq")

    taken = await take_export(client, amira, resources)

    everything = b"".join(taken.files.values())
    assert [word for word in ("boris", "Boris-zq", str(boris.id)) if word.encode() in everything] == []
    assert len(taken.json("profile.json")["profiles"]) == 1


async def test_it_is_stored_sealed(client: httpx2.AsyncClient, resources: Resources) -> None:
    amira = await make_person(client)
    await make_profile(client, amira, **profile_body(display_name="Zoroastra"))

    taken = await take_export(client, amira, resources)

    async with resources.database.reader() as session:
        chunks = list(await session.scalars(select(ExportChunk.content)))
    stored = b"".join(chunks)
    parts = [taken.content[start : start + 16] for start in range(0, len(taken.content) - 16, 16)]
    assert b"Zoroastra" in taken.files["profile.json"]
    assert [part for part in parts if part in stored] == []
