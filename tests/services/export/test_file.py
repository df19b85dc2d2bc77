"""The file of a copy: the same for the same data, and opened to its end only as it was written."""

import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.core.errors import CorruptedError
from backend.models.export import Export, ExportChunk
from backend.models.users import User
from backend.services.export import ExportExpiredError
from backend.services.export.archive import Archive
from backend.services.export.chunks import open_chunk
from backend.services.export.contents import Contents
from backend.services.export.download import ExportFile
from backend.services.users import DATA_KEY
from tests.conftest import FakeClock
from tests.exports import Taken, ask_for_export, download, make_exports
from tests.factories import Person, erase, make_person, make_profile
from tests.tampering import change, told

pytestmark = pytest.mark.anyio


@pytest.fixture
async def amira(client: httpx2.AsyncClient) -> Person:
    """Return somebody who has a profile."""
    person = await make_person(client)
    await make_profile(client, person)
    return person


@pytest.mark.parametrize("damage", ["altered", "exchanged", "cut", "lost", "another attempt"])
async def test_a_file_that_was_tampered_with_does_not_open_to_its_end(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, damage: str
) -> None:
    await ask_for_export(client, amira)
    await make_exports(resources)
    whole = await _open_all(resources)
    async with resources.database.unit() as session:
        chunks = list(await session.scalars(select(ExportChunk).order_by(ExportChunk.number)))
        row = (await session.scalars(select(Export))).one()
        if damage == "altered":
            chunks[1].content = chunks[1].content[:-1] + bytes([chunks[1].content[-1] ^ 1])
        elif damage == "exchanged":
            chunks[1].content, chunks[2].content = chunks[2].content, chunks[1].content
        elif damage == "cut":
            row.chunk_count = len(chunks) - 1
        elif damage == "lost":
            await session.delete(chunks[-1])
        else:
            row.attempt += 1

    assert len(whole) > 3
    with pytest.raises(CorruptedError):
        await _open_all(resources)


async def test_a_chunk_that_does_not_open_ends_the_answer_and_is_told_to_the_owner(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    asked = await ask_for_export(client, amira)
    await make_exports(resources)
    await change(resources, update(ExportChunk).where(ExportChunk.number == 1).values(content=b"altered"))

    with pytest.raises(AssertionError):  # the client's transport misses the end of the answer
        await download(client, amira, asked.json()["id"])

    (event,) = await told(client, amira)
    assert event["details"] == {"export": asked.json()["id"]}


async def test_a_file_that_is_erased_while_it_is_taken_is_not_called_broken(
    client: httpx2.AsyncClient, resources: Resources, amira: Person
) -> None:
    await ask_for_export(client, amira)
    await make_exports(resources)
    async with resources.database.reader() as session:
        row = (await session.scalars(select(Export))).one()
        owner = (await session.scalars(select(User))).one()
    data_key = resources.keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
    pieces = ExportFile("of.zip", row.size or 0, row, b"first", data_key).read(resources.database)
    assert await anext(pieces) == b"first"

    await erase(client, amira)

    with pytest.raises(ExportExpiredError):
        await anext(pieces)


async def _open_all(resources: Resources) -> list[bytes]:
    async with resources.database.reader() as session:
        row = (await session.scalars(select(Export))).one()
        owner = (await session.scalars(select(User))).one()
        data_key = resources.keyring.unwrap(owner.data_key, owner=owner.id, purpose=DATA_KEY)
        numbers = range(row.chunk_count or 0)
        return [await open_chunk(session, row, number, data_key=data_key) for number in numbers]


async def test_the_same_data_make_the_same_file(
    client: httpx2.AsyncClient, resources: Resources, amira: Person, time: FakeClock
) -> None:
    await ask_for_export(client, amira)
    async with resources.database.reader() as session:
        owner = (await session.scalars(select(User))).one()

    async def pack() -> bytes:
        archive = Archive(time(), chunk_bytes=1_000_000)
        for name, pieces in Contents(resources.database, owner, resources.keyring).files():
            with archive.member(name) as member:
                async for piece in pieces:
                    member.write(piece)
        archive.close()
        return archive.last_chunk()

    first = await pack()
    second = await pack()

    assert first == second
    assert next(iter(Taken(first).files)) == "README.txt"
