"""The receipt of an erasure: what it says, that it verifies for years, and that nobody can alter it."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from backend.api.dependencies import Resources
from backend.core import signing
from backend.core.signing import KeySet
from backend.models.audit import AuditChain, AuditEvent
from backend.models.erasure import ErasureReceipt
from backend.models.users import User
from backend.services import audit
from backend.utils.identifiers import uuid7
from tests.conftest import FakeClock, Post
from tests.erasures import VERIFY, receipt_of, run_chore
from tests.factories import Person, erase, make_admin, make_person, make_profile

pytestmark = pytest.mark.anyio


async def _verify(client: httpx2.AsyncClient, document: dict[str, Any]) -> httpx2.Response:
    return await client.post(VERIFY, json=document)


async def test_an_immediate_erasure_answers_with_what_was_destroyed(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)
    await client.post("/api/v1/auth/password/forgot", json={"email": amira.email})
    async with resources.database.reader() as session:
        data_key = await session.scalar(select(User.data_key))
        place_key = await session.scalar(select(AuditChain.place_key))

    answer = await erase(client, amira)

    receipt = answer.json()["receipt"]
    assert answer.status_code == 200
    assert receipt["pseudonym"] == str(amira.id)
    assert (receipt["asked_by"], receipt["erased_by"]) == ("owner", "owner")
    assert receipt["asked_at"] == receipt["erased_at"]
    some = {table: count for table, count in receipt["rows"].items() if count}
    assert some == {"users": 1, "sessions": 1, "health_profiles": 1, "health_profile_revisions": 1, "jobs": 2}
    assert data_key is not None
    assert place_key is not None
    assert receipt["keys"] == [
        {
            "name": name,
            "fingerprint": hashlib.sha256(wrapped).hexdigest(),
            "master_key": wrapped[:8].hex(),
        }
        for name, wrapped in (("data-key", data_key), ("audit-place", place_key))
    ]
    assert data_key[:8].hex() in receipt["remains"][0]["what"]


async def test_a_receipt_names_the_head_of_the_chain_which_still_verifies(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)

    receipt = (await erase(client, amira)).json()["receipt"]

    async with resources.database.reader() as session:
        chain = (await session.scalars(select(AuditChain))).one()
        last = (await session.scalars(select(AuditEvent).order_by(AuditEvent.sequence.desc()))).first()
        verified = await audit.verify(session, [], keyring=resources.keyring)
    assert last is not None
    assert receipt["audit"] == {"sequence": chain.sequence, "code": chain.code.hex()}
    assert (last.action, last.sequence, last.place) == ("account_removed", chain.sequence, None)
    assert (chain.place_key, verified.events) == (None, 3)


async def test_after_the_grace_the_receipt_says_who_asked_and_comes_by_mail(
    client: httpx2.AsyncClient, resources: Resources, post: Post, time: FakeClock
) -> None:
    amira, olga = await make_person(client), await make_admin(client, resources)
    asked_at = time.moment
    await client.post(f"/api/v1/admin/users/{amira.id}/erase", headers=olga.headers)
    time.advance(days=14)
    await run_chore(resources)

    await post.deliver()

    (letter,) = [letter for letter in post.mailer.sent if letter["Subject"] == "Your account is erased"]
    document = receipt_of(letter)
    assert letter["To"] == amira.email
    assert (document["receipt"]["asked_by"], document["receipt"]["erased_by"]) == ("admin", "service")
    assert document["receipt"]["asked_at"] == f"{asked_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    findings = (await _verify(client, document)).raise_for_status().json()
    assert findings == {"receipt": document["receipt"], "rows": {}, "place_key": False, "audit": True}


def _altered(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the place of every single value in a document."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _altered(value, (*path, key))
        else:
            yield (*path, key)


def _change(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    # The last letter or digit becomes another one.
    place = [index for index, letter in enumerate(value) if letter.isalnum()][-1]
    return value[:place] + ("1" if value[place] != "1" else "2") + value[place + 1 :]


async def test_no_value_of_a_receipt_can_be_altered(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    document = (await erase(client, amira)).json()
    assert (await _verify(client, document)).status_code == 200

    for path in _altered(document):
        forged = json.loads(json.dumps(document))
        target = forged
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = _change(target[path[-1]])
        answer = await _verify(client, forged)
        assert (answer.status_code, answer.json()["code"]) == (400, "receipt-invalid"), path


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"note": 1}, id="added"),
        pytest.param({"rows": {}}, id="emptied"),
        pytest.param({"pseudonym": None}, id="null"),
    ],
)
async def test_nothing_can_be_added_to_a_receipt_or_left_out(
    client: httpx2.AsyncClient, changes: dict[str, Any]
) -> None:
    document = (await erase(client, await make_person(client))).json()

    answer = await _verify(client, document | {"receipt": document["receipt"] | changes})

    assert (answer.status_code, answer.json()["code"]) == (400, "receipt-invalid")


async def test_a_number_is_not_another_number_that_python_takes_for_equal(client: httpx2.AsyncClient) -> None:
    document = (await erase(client, await make_person(client))).json()

    for alike in (True, 1.0):
        rows = document["receipt"]["rows"] | {"users": alike}
        answer = await _verify(client, document | {"receipt": document["receipt"] | {"rows": rows}})
        assert answer.status_code == 400


async def test_what_else_the_service_signed_is_no_receipt(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    document = (await erase(client, await make_person(client))).json()
    signed = resources.keyring.signing.sign_document(document["receipt"], typ="audit-head+jwt")

    for signature in (signed, (await make_person(client, "boris")).access_token):
        assert (await _verify(client, document | {"signature": signature})).status_code == 400


async def test_a_receipt_of_another_service_is_none(client: httpx2.AsyncClient, resources: Resources) -> None:
    document = (await erase(client, await make_person(client))).json()
    stranger = signing.SigningKeys(
        KeySet((signing.new_key(),)), life=resources.settings.auth.access_token_ttl
    )
    signed = stranger.sign_document(document["receipt"], typ="erasure-receipt+jwt")

    assert (await _verify(client, document | {"signature": signed})).status_code == 400


async def test_a_receipt_of_last_year_verifies_after_the_keys_have_rotated(
    client: httpx2.AsyncClient, resources: Resources, time: FakeClock
) -> None:
    document = (await erase(client, await make_person(client))).json()
    path = resources.settings.data_dir / "keys" / "signing.json"
    before = path.read_text()
    kid = json.loads(before)["keys"][0]["kid"]
    try:
        for _ in range(2):
            keys = signing.parse(path.read_text())
            moment = int(time.moment.timestamp())
            old = tuple(
                signing.SigningKey(key.key, key.added_at, key.signs_from, key.accepted_until or moment + 1)
                for key in keys.keys
            )
            new = signing.new_key(added_at=moment, signs_from=moment + 1)
            path.write_text(KeySet((*old, new), keys.retired).to_text())
            time.advance(days=180)
            resources.keyring.signing.current()
        assert kid in [key["kid"] for key in json.loads(path.read_text())["retired"]]

        assert (await _verify(client, document)).json()["audit"] is True
    finally:
        path.write_text(before)
        time.advance(seconds=2)
        resources.keyring.signing.current()


async def _restored(resources: Resources, amira: Person) -> None:
    """Put the account back, as a backup from before would."""
    async with resources.database.unit() as session:
        session.add(
            User(
                id=amira.id, email=amira.email, email_key=amira.email, username="amira", username_key="amira",
                password_hash="x", data_key=b"x",
            )
        )  # fmt: skip


async def test_a_receipt_tells_when_something_is_left_or_came_back(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    document = (await erase(client, amira)).json()
    await _restored(resources, amira)

    found = (await _verify(client, document)).json()

    assert (found["rows"], found["place_key"], found["audit"]) == ({"users": 1}, False, True)


async def test_a_receipt_tells_when_the_chain_was_altered(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    document = (await erase(client, await make_person(client))).json()
    async with resources.database.unit() as session:
        await session.execute(update(AuditChain).values(place_key=b"x"))
        await session.execute(update(AuditEvent).where(AuditEvent.sequence == 3).values(code=b"x"))

    found = (await _verify(client, document)).json()

    assert (found["rows"], found["place_key"], found["audit"]) == ({}, True, False)


async def test_neither_a_receipt_nor_its_row_holds_anything_of_the_person(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira = await make_person(client)
    await make_profile(client, amira)

    answer = await erase(client, amira)

    async with resources.database.reader() as session:
        (row,) = await session.scalars(select(ErasureReceipt))
    payload = resources.keyring.signing.read_document(row.signature, typ="erasure-receipt+jwt")
    assert row.signature == answer.json()["signature"]
    assert payload == answer.json()["receipt"]
    words = ["amira", "example.com", "milk", "coeliac", "injector", "127.0.0", "python-httpx"]
    assert [word for word in words if re.search(word, answer.text, re.IGNORECASE)] == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="empty"),
        pytest.param({"receipt": {}, "signature": ""}, id="blank"),
        pytest.param({"receipt": {}, "signature": "a.b.c"}, id="no-signature"),
        pytest.param({"receipt": [], "signature": "a.b.c"}, id="list"),
        pytest.param({"receipt": {}, "signature": "x" * 9000}, id="long"),
        pytest.param({"receipt": {"id": str(uuid7())}, "signature": "é.é.é"}, id="not-ascii"),
    ],
)
async def test_what_is_no_receipt_is_refused(client: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await _verify(client, body)).status_code in {400, 422}
