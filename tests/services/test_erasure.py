"""Erasing: no table is forgotten, nobody else is touched, and of undo and erasure one happens."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx2
import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Enum,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Uuid,
    func,
    select,
    text,
)

from backend.api.dependencies import Resources
from backend.core import clock
from backend.core.database import metadata
from backend.core.mail import MailDelayedError, MailRefusedError
from backend.models.base import UtcDateTime
from backend.models.jobs import Job, JobKind
from backend.models.users import User
from backend.schemas.erasure import ErasureUndo
from backend.services import erasure, jobs
from backend.services.auth import SignInParts
from backend.services.credentials import LinkInvalidError
from backend.services.erasure import tables
from tests.changes import NEW, make_proved
from tests.changes import ask as ask_for_change
from tests.conftest import FakeClock, Post
from tests.erasures import STAY, ask, count_rows, run_chore
from tests.factories import Person, erase, make_person, make_settings, register, url_of

pytestmark = pytest.mark.anyio
_Result = TypeVar("_Result")

# Why no row of these goes with an account by its foreign keys.
KEPT = {
    "attempts": "keyed hashes: those of the account are deleted by their key",
    "audit_chains": "the chain outlives the account; the key of its places is destroyed",
    "audit_events": "as above; the account's identifier is a pseudonym",
    "catalog_entries": "the catalogue is everybody's; who wrote an entry is a pseudonym then",
    "catalog_state": "names nobody",
    "erasure_receipts": "what shows that the account was erased",
    "jobs": "sealed: those that lead to the person are found by opening them",
}
OWNERS = {"user_id", "owner_id", "account_id", "person_id", "holder_id"}


def test_every_table_goes_with_an_account_or_says_why_not() -> None:
    kept = {table.name for table, goes in tables.tables() if not goes}

    assert kept == set(KEPT)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_whoever_names_an_owner_refers_to_the_account_and_goes_with_it(table: Table) -> None:
    loose = [
        column.name
        for column in table.columns
        if column.name in OWNERS and not any(key.ondelete == "CASCADE" for key in column.foreign_keys)
    ]

    assert loose == [] or table.name in KEPT


def _value(column: Column[Any]) -> Any:
    """Return something that a column takes."""
    kind = column.type
    if isinstance(kind, Enum):
        return kind.enums[0]
    makers: list[tuple[Any, Any]] = [
        (Uuid, uuid.uuid4()),
        (LargeBinary, b"x"),
        (Boolean, False),
        (Integer | Numeric, 1),
        (UtcDateTime, datetime.now(UTC) + timedelta(days=1)),  # noqa: TID251 - any moment
        (String, f"{column.name}{uuid.uuid4().hex}"[: getattr(kind, "length", None) or 100]),
    ]
    return next(value for known, value in makers if isinstance(kind, known))


async def _fill(resources: Resources, user_id: uuid.UUID) -> None:
    """Write one row into every table whose rows go with an account; whatever tables there are."""
    parents: dict[Any, Any] = {User.__table__.c.id: user_id}
    async with resources.database.unit() as session:
        for table, goes in reversed(list(tables.tables())):
            if not goes or table.name == "users":
                continue
            row = {}
            for column in table.columns:
                keys = [key for key in column.foreign_keys if key.column in parents]
                row[column.name] = parents[keys[0].column] if keys else _value(column)
            await session.execute(table.insert().values(row))
            parents |= {column: row[column.name] for column in table.columns}


async def test_a_row_of_every_table_goes_and_nobody_elses_does(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    for person in (amira, boris):
        await _fill(resources, person.id)
    async with resources.database.reader() as session:
        before = {person.id: await tables.count_all(session, person.id) for person in (amira, boris)}

    receipt = (await erase(client, amira)).json()["receipt"]

    async with resources.database.reader() as session:
        after = {person.id: await tables.count_all(session, person.id) for person in (amira, boris)}
    assert set(before[amira.id]) == {table.name for table, goes in tables.tables() if goes}
    assert {table: receipt["rows"][table] for table in before[amira.id]} == before[amira.id]
    assert after == {amira.id: {}, boris.id: before[boris.id]}


async def test_unsent_letters_to_the_person_go_and_nobody_elses(
    client: httpx2.AsyncClient, post: Post, resources: Resources
) -> None:
    amira, boris = await make_proved(client, post), await make_person(client, "boris")
    await ask_for_change(client, amira, NEW)
    for address in (amira.email, "AMIRA@example.com", NEW, boris.email):
        await client.post("/api/v1/auth/password/forgot", json={"email": address})
    async with resources.database.unit() as session:
        for person in (amira, boris):
            notice = jobs.ForPerson(user_id=person.id, occasion="password_changed")
            await jobs.enqueue(session, JobKind.NOTIFY, notice, keyring=resources.keyring)

    receipt = (await erase(client, amira)).json()["receipt"]

    assert receipt["rows"]["jobs"] == 5
    sent = len(post.mailer.sent)
    await post.deliver()
    assert [letter["To"] for letter in post.mailer.sent[sent:]].count(amira.email) == 1
    assert post.mailer.subjects(NEW) == []
    assert len(post.mailer.subjects(boris.email)) == 3


async def test_guesses_at_the_account_are_forgotten(client: httpx2.AsyncClient, resources: Resources) -> None:
    settings = make_settings(
        resources.settings.data_dir, url_of(resources.settings), rate_limit={"enabled": True}
    )
    amira, boris = await make_person(client), await make_person(client, "boris")
    counting = type(resources.attempts)(
        resources.database, keyring=resources.keyring, settings=settings.rate_limit
    )
    for person in (amira, boris):
        await counting.count(str(person.id))

    receipt = (await erase(client, amira)).json()["receipt"]

    assert (receipt["rows"]["attempts"], (await count_rows(resources))["attempts"]) == (2, 3)


@pytest.mark.parametrize("failure", [MailRefusedError("550"), MailDelayedError("later")])
async def test_a_last_letter_that_cannot_go_does_not_stay(
    client: httpx2.AsyncClient, post: Post, resources: Resources, time: FakeClock, failure: Exception
) -> None:
    amira = await make_person(client)
    await erase(client, amira)
    post.mailer.failure = failure

    for _ in range(resources.settings.jobs.max_attempts):
        await post.deliver()
        time.advance(hours=7)

    assert set(await count_rows(resources)) == STAY - {"jobs"}


async def test_one_account_that_cannot_be_erased_does_not_keep_the_others(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira, boris = await make_person(client), await make_person(client, "boris")
    for person in (amira, boris):
        await ask(client, person)
    async with resources.database.unit() as session:
        broken = (await session.scalars(select(User).where(User.id == amira.id))).one()
        broken.erase_at = time.moment
    time.advance(days=14)

    async with _held(resources, amira):
        assert await run_chore(resources) == 1

    async with resources.database.reader() as session:
        assert list(await session.scalars(select(User.username))) == ["amira"]


@asynccontextmanager
async def _held(resources: Resources, person: Person) -> AsyncIterator[None]:
    """Let a table that the service does not know refer to an account, which cannot be deleted then."""
    kind = "UUID" if resources.database.engine.dialect.name == "postgresql" else "CHAR(32)"
    async with resources.database.engine.begin() as connection:
        await connection.execute(text(f"CREATE TABLE holds (id {kind} REFERENCES users (id))"))
        await connection.execute(
            text("INSERT INTO holds SELECT id FROM users WHERE username = :name"), {"name": person.username}
        )
    try:
        yield
    finally:
        async with resources.database.engine.begin() as connection:
            await connection.execute(text("DROP TABLE holds"))


_ahead: ContextVar[bool] = ContextVar("ahead", default=False)
"""Whether what runs does so on a machine whose clock is ahead of another's."""


async def _on_a_machine(work: Awaitable[_Result], *, is_ahead: bool) -> _Result:
    _ahead.set(is_ahead)
    return await work


async def _undo(resources: Resources, token: str) -> bool:
    parts = SignInParts(
        database=resources.database,
        tokens=resources.tokens,
        attempts=resources.attempts,
        party=resources.party,
        passwords=resources.passwords,
    )
    try:
        async with resources.database.unit() as session:
            await erasure.undo(session, ErasureUndo.model_validate({"token": token}), parts=parts)
    except LinkInvalidError:
        return False
    return True


async def test_of_64_undos_that_race_with_erasures_exactly_one_of_the_two_happens(
    client: httpx2.AsyncClient, resources: Resources, post: Post
) -> None:
    moment = datetime.now(UTC)  # noqa: TID251 - tokens are compared with real time too
    people: list[Person] = []
    with clock.set_source(lambda: moment):
        for number in range(64):
            people.append(await make_person(client, f"racer{number:02}"))
            await _fill(resources, people[-1].id)
            await ask(client, people[-1])
        while await post.deliver():
            pass
    tokens = {person.id: post.mailer.token(person.email) for person in people}
    due, skew = moment + timedelta(days=14), timedelta(milliseconds=500)

    with clock.set_source(lambda: due + (skew if _ahead.get() else -skew)):
        first, second, *undone = await asyncio.gather(
            _on_a_machine(run_chore(resources), is_ahead=True),
            _on_a_machine(run_chore(resources), is_ahead=True),
            *(
                _on_a_machine(_undo(resources, token), is_ahead=number % 4 == 0)
                for number, token in enumerate(tokens.values())
            ),
        )
    with clock.set_source(lambda: moment + timedelta(days=15)):
        later = await run_chore(resources)

    kept = {person.id for person, was_undone in zip(people, undone, strict=True) if was_undone}
    async with resources.database.reader() as session:
        left = set(await session.scalars(select(User.id)))
        rows = {person.id: await tables.count_all(session, person.id) for person in people}
        receipts = await session.scalar(select(func.count()).select_from(metadata.tables["erasure_receipts"]))
    # Asking gave up their links and questions, and taking it back the link that did.
    everything = {table.name for table, goes in tables.tables() if goes} - {"one_time_tokens", "challenges"}
    assert left == kept
    assert first + second + later == receipts == 64 - len(kept)
    assert {frozenset(rows[user_id]) for user_id in kept} == {frozenset(everything)}
    assert all(rows[person.id] == {} for person in people if person.id not in kept)
    assert 0 < len(kept) < 64


async def test_an_account_is_opened_anew_under_another_pseudonym(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await erase(client, amira)

    again = await register(client)

    assert again.json()["id"] != str(amira.id)


async def test_an_sqlite_file_is_rewritten_once_however_many_left(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    people = [await make_person(client, name) for name in ("amira", "boris", "chidi")]
    for person in people:
        await erase(client, person)

    async with resources.database.reader() as session:
        scrubs = await session.scalar(select(func.count()).where(Job.kind == JobKind.SCRUB))

    assert scrubs == (1 if resources.database.is_sqlite else 0)
