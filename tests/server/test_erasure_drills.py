"""Erasing on real servers of two processes: many at once, kill -9, and the commands beside them."""

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from backend.core.database import Database
from backend.models.erasure import ErasureReceipt
from backend.services.erasure import tables
from tests import postgres
from tests.conftest import DATABASES
from tests.erasures import ME, VERIFY, ask, receipt_of
from tests.factories import Person, make_person, make_profile, make_settings, sign_in
from tests.server.conftest import Server, start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.server]

QUICK = {
    "SAFEPLATE_RATE_LIMIT__ENABLED": "false",
    "SAFEPLATE_ERASURE__GRACE": "PT2S",
    "SAFEPLATE_ERASURE__INTERVAL": "PT0.1S",
}
CLIENTS, PEOPLE, KILLS = 64, 16, 3
KINDS = ("self", "child", "partner") * 4
PATIENCE = 120.0  # seconds, for machines with much else to do


@pytest.fixture
async def crowd(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that opens up to 64 connections."""
    limits = httpx2.Limits(max_connections=CLIENTS)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        yield client


async def test_of_64_requests_at_once_one_asks_and_all_hear_the_same(crowd: httpx2.AsyncClient) -> None:
    person = await make_person(crowd, "hasty")

    answers = await asyncio.gather(*(ask(crowd, person) for _ in range(CLIENTS)))

    assert {answer.status_code for answer in answers} <= {202, 401}
    assert len({answer.json()["erase_at"] for answer in answers if answer.status_code == 202}) == 1
    assert (await sign_in(crowd, "hasty")).json()["code"] == "erasure-pending"


async def test_of_64_immediate_ones_at_once_one_gets_the_receipt(crowd: httpx2.AsyncClient) -> None:
    person = await make_person(crowd, "hastier")
    await make_profile(crowd, person)
    now = {"immediately": "true"}

    answers = await asyncio.gather(
        *(crowd.delete(ME, params=now, headers=person.headers) for _ in range(CLIENTS))
    )

    codes = Counter(answer.status_code for answer in answers)
    assert codes[200] == 1
    assert set(codes) <= {200, 401, 404}


async def test_writes_that_race_with_an_erasure_leave_nothing_behind(
    crowd: httpx2.AsyncClient, server: Server
) -> None:
    for number in range(6):
        person = await make_person(crowd, f"writer{number}")
        writes = asyncio.gather(*(_make_or_refuse(crowd, person, relationship) for relationship in KINDS))
        erased = await crowd.delete(ME, params={"immediately": "true"}, headers=person.headers)
        await writes
        assert erased.status_code == 200
        async with _database(server) as database, database.reader() as session:
            assert await tables.count_all(session, person.id) == {}


async def _make_or_refuse(client: httpx2.AsyncClient, person: Person, relationship: str) -> None:
    """Record a profile, unless the account is gone."""
    body = {"relationship": relationship, "allergies": [{"name": "milk"}]}
    answer = await client.post("/api/v1/health/profiles", json=body, headers=person.headers)
    assert answer.status_code in {201, 401, 404, 409}


@pytest.mark.drill
async def test_operators_have_accounts_erased_and_keep_them(
    crowd: httpx2.AsyncClient, server: Server, tmp_path: Path
) -> None:
    person = await make_person(crowd, "chidi")
    await make_profile(crowd, person)

    asked = server.command("user", "erase", "chidi")
    refused = server.command("user", "reset-password", "chidi")
    pending = (await sign_in(crowd, "chidi")).status_code
    kept = server.command("user", "keep", "chidi")
    open_again = (await sign_in(crowd, "chidi")).status_code
    done = server.command("user", "erase", "chidi", "--immediately")
    again = server.command("user", "keep", "chidi")

    assert (asked.returncode, kept.returncode, done.returncode) == (0, 0, 0), asked.stderr + done.stderr
    assert (pending, open_again, (await sign_in(crowd, "chidi")).status_code) == (403, 200, 401)
    assert (refused.returncode, again.returncode) == (2, 2)
    assert "going to be erased" in refused.stderr
    receipt = tmp_path / "receipt.json"
    receipt.write_text(done.stdout)
    assert json.loads(done.stdout)["receipt"]["erased_by"] == "operator"
    whole, offline = (
        server.command("erasure", "verify", str(receipt)),
        server.command("erasure", "verify", str(receipt), "--offline"),
    )
    assert (whole.returncode, offline.returncode) == (0, 0), whole.stderr + offline.stderr
    assert "Nothing of it is left" in whole.stdout
    assert "Nothing of it is left" not in offline.stdout
    receipt.write_text(done.stdout.replace('"sequence": ', '"sequence": 1', 1))
    for options in ((), ("--offline",)):
        forged = server.command("erasure", "verify", str(receipt), *options)
        assert (forged.returncode, forged.stdout) == (1, "")
        assert forged.stderr == "This is not a receipt that this service signed.\n"
    assert server.command("audit", "verify").returncode == 0


@pytest.fixture(params=DATABASES)
def variables(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Return the settings of a server that is started again and again on one database."""
    if request.param == "sqlite":
        yield dict(QUICK)
        return
    with postgres.database() as url:
        yield QUICK | {"SAFEPLATE_DATABASE__URL": url}


@asynccontextmanager
async def _database(server: Server) -> AsyncIterator[Database]:
    database = Database(make_settings(server.data_dir, server.environment.get("SAFEPLATE_DATABASE__URL")))
    yield database
    await database.dispose()


async def _receipts(server: Server) -> int:
    async with _database(server) as database, database.reader() as session:
        return len(list(await session.scalars(select(ErasureReceipt.id))))


async def _await_receipts(server: Server, number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while await _receipts(server) < number:
        assert time.monotonic() < deadline, f"of {number} accounts {await _receipts(server)} are erased"
        await asyncio.sleep(0.2)


def _last_letters(data_dir: Path) -> list[EmailMessage]:
    letters = [
        message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=policy.default)
        for path in (data_dir / "outbox").glob("*.eml")
    ]
    return [letter for letter in letters if letter["Subject"] == "Your account is erased"]


async def test_two_processes_erase_each_account_once_and_send_its_receipt(
    data_dir: Path, variables: dict[str, str]
) -> None:
    server, other = start(data_dir, **variables), start(data_dir, **variables)
    try:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            people = [await make_person(client, f"leaver{number:02}") for number in range(PEOPLE)]
            for person in people:
                await make_profile(client, person)
            await asyncio.gather(*(ask(client, person) for person in people))
            await _await_receipts(server, PEOPLE)
            deadline = time.monotonic() + PATIENCE
            while len(letters := _last_letters(data_dir)) < PEOPLE:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.2)
            documents = [receipt_of(letter) for letter in letters]
            checked = [await client.post(VERIFY, json=document) for document in documents]
        found = [answer.raise_for_status().json() for answer in checked]
        assert await _receipts(server) == PEOPLE
        assert {item["receipt"]["pseudonym"] for item in found} == {str(person.id) for person in people}
        assert all(item["rows"] == {} and item["audit"] and not item["place_key"] for item in found)
        assert server.command("audit", "verify").returncode == 0
    finally:
        stop(server)
        stop(other)


@pytest.mark.drill
async def test_a_kill_leaves_no_account_half_erased_and_the_work_goes_on(
    data_dir: Path, variables: dict[str, str]
) -> None:
    server = start(data_dir, **variables, SAFEPLATE_JOBS__ENABLED="false")
    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
        people = [await make_person(client, f"leaver{number:02}") for number in range(PEOPLE)]
        for person in people:
            await make_profile(client, person)
            await ask(client, person)
    stop(server)
    whole = {"users", "sessions", "one_time_tokens", "health_profiles", "health_profile_revisions"}
    delays = random.Random(5)

    for _ in range(KILLS):
        server = start(data_dir, **variables)
        await asyncio.sleep(delays.uniform(0, 0.15))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        stop(server)
        async with _database(server) as database, database.reader() as session:
            left = [frozenset(await tables.count_all(session, person.id)) for person in people]
            done = set(await session.scalars(select(ErasureReceipt.pseudonym)))
        assert set(left) <= {frozenset(whole), frozenset()}
        assert {person.id for person, rows in zip(people, left, strict=True) if not rows} == done
    server = start(data_dir, **variables)
    await _await_receipts(server, PEOPLE)
    verified = server.command("audit", "verify")
    stop(server)

    assert verified.returncode == 0, verified.stderr


async def test_an_immediate_erasure_that_a_kill_cut_off_happened_whole_or_not(
    data_dir: Path, variables: dict[str, str]
) -> None:
    delays = random.Random(9)
    for number in range(KILLS):
        server = start(data_dir, **variables)
        async with httpx2.AsyncClient(base_url=server.url, timeout=10) as client:
            person = await make_person(client, f"cut{number}")
            await make_profile(client, person)
            before = await _receipts(server)
            pending = asyncio.create_task(
                client.delete(ME, params={"immediately": "true"}, headers=person.headers)
            )
            await asyncio.sleep(delays.uniform(0, 0.03))
            server.process.send_signal(signal.SIGKILL)
            try:
                answered = (await pending).status_code == 200
            except httpx2.TransportError:
                answered = False
        server.process.wait()
        stop(server)
        async with _database(server) as database, database.reader() as session:
            left = set(await tables.count_all(session, person.id))
        is_erased = await _receipts(server) == before + 1
        assert is_erased or not answered
        assert left == (
            set() if is_erased else {"users", "sessions", "health_profiles", "health_profile_revisions"}
        )
