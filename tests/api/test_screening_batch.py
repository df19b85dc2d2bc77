"""Many labels: one line each, in order, as soon as it is ready."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message, Scope

from tests.factories import Person, make_person, make_profile

BATCH = "/api/v1/screening/batch"
WORDS = ("whey powder", "wheat flour", "peanuts", "salt")
MILK: dict[str, Any] = {"requirements": {"allergies": ["milk"]}}

pytestmark = pytest.mark.anyio


@pytest.fixture
async def amira(client: httpx2.AsyncClient) -> Person:
    """Return somebody who asks."""
    return await make_person(client)


def _lines(response: httpx2.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/x-ndjson"
    assert response.text.endswith("\n")
    return [json.loads(line) for line in response.text.splitlines()]


def _labels(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"label-{number}", "text": f"Ingredients: sugar, {WORDS[number % len(WORDS)]}."}
        for number in range(count)
    ]


async def test_a_thousand_labels_are_answered_in_order(client: httpx2.AsyncClient, amira: Person) -> None:
    labels = _labels(1_000)

    lines = _lines(await client.post(BATCH, json=MILK | {"labels": labels}, headers=amira.headers))

    assert [(line["index"], line["id"]) for line in lines] == [
        (number, label["id"]) for number, label in enumerate(labels)
    ]
    verdicts = [line["answer"]["verdict"] for line in lines]
    assert verdicts == ["contains" if "whey" in label["text"] else "no_conflict_found" for label in labels]
    assert [line["errors"] for line in lines] == [[]] * 1_000


async def test_a_line_says_what_a_check_says(client: httpx2.AsyncClient, amira: Person) -> None:
    await make_profile(client, amira)
    question = {"text": "Ingredients: starch, whey, xyzzyq. May contain nuts.", "lang": "en", "regime": "us"}

    alone = (await client.post("/api/v1/screening/check", json=question, headers=amira.headers)).json()
    body = {"labels": [question, {"text": question["text"]}], "lang": "en", "regime": "us"}
    lines = _lines(await client.post(BATCH, json=body, headers=amira.headers))

    assert [line["answer"] for line in lines] == [alone, alone]


async def test_what_is_wrong_with_a_label_stands_in_its_line(
    client: httpx2.AsyncClient, amira: Person
) -> None:
    labels: list[Any] = [
        {"text": "Ingredients: milk."},
        {"text": "zq\u0000"},
        {"id": "b", "ingredients": ["milk", ""]},
        {"text": "x" * 20_001},
        {"text": "milk", "regime": "atlantis-zq"},
        {"text": "milk", "recipe": {"components": [{"name": "zq"}]}},
        "zq",
        None,
        7,
        {"text": "milk", "zq": 1},
        {"id": {"zq": 1}, "text": "milk"},
        {"id": "last", "ingredients": ["milk"]},
    ]

    response = await client.post(BATCH, json=MILK | {"labels": labels}, headers=amira.headers)

    lines = _lines(response)
    pointers = [[error["pointer"] for error in line["errors"]][:1] for line in lines]
    assert pointers[:6] == [[], ["/text"], ["/ingredients/1"], ["/text"], ["/regime"], [""]]
    assert pointers[6:] == [[""], [""], [""], [""], ["/id"], []]
    assert [line["answer"] is None for line in lines] == [bool(line["errors"]) for line in lines]
    assert lines[-1]["id"] == "last"
    assert "zq" not in response.text


async def test_a_lone_surrogate_spoils_its_own_line_alone(client: httpx2.AsyncClient, amira: Person) -> None:
    content = (
        '{"requirements": {"allergies": ["milk"]}, "labels": [{"text": "milk \\ud800"},'
        ' {"id": "\\udc00", "text": "milk"}, {"text": "milk"}]}'
    )
    headers = amira.headers | {"Content-Type": "application/json"}

    lines = _lines(await client.post(BATCH, content=content, headers=headers))

    assert [[error["pointer"] for error in line["errors"]] for line in lines] == [["/text"], ["/id"], []]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        pytest.param({"labels": _labels(1_001)}, "/labels", id="1001-labels"),
        pytest.param({"labels": []}, "/labels", id="no-labels"),
        pytest.param({"labels": "milk"}, "/labels", id="text"),
        pytest.param({"labels": None}, "/labels", id="null"),
        pytest.param({"regime": "atlantis"}, "/regime", id="regime"),
        pytest.param({"lang": "english!"}, "/lang", id="language"),
        pytest.param({"requirements": {"allergies": ["zq"]}}, "/requirements/allergies/0", id="unknown-name"),
        pytest.param({"guests": [MILK | {"name": "Ben"}] * 10}, "", id="11-people"),
    ],
)
async def test_a_batch_that_makes_no_sense_is_refused_as_a_whole(
    client: httpx2.AsyncClient, amira: Person, changes: dict[str, Any], pointer: str
) -> None:
    response = await client.post(BATCH, json=MILK | {"labels": _labels(2)} | changes, headers=amira.headers)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_profiles_are_read_and_written_down_once(client: httpx2.AsyncClient, amira: Person) -> None:
    boris = await make_person(client, "boris")
    own = (await make_profile(client, amira)).json()["id"]
    body = {"profiles": [own], "labels": _labels(30)}

    stranger = await client.post(BATCH, json=body, headers=boris.headers)
    lines = _lines(await client.post(BATCH, json=body, headers=amira.headers))

    assert (stranger.status_code, stranger.json()["code"]) == (404, "profile-not-found")
    assert len(lines) == 30
    events = (await client.get("/api/v1/users/me/activity", headers=amira.headers)).json()["items"]
    reads = [event["details"]["purpose"] for event in events if event["action"] == "profile_read"]
    assert reads == ["check of many labels"]


class _Caller:
    """A client below HTTP, that takes lines as it likes and may leave."""

    def __init__(self, app: FastAPI, person: Person, body: dict[str, Any]) -> None:
        self._app, self._person = app, person
        self._body = json.dumps(body).encode()
        self.lines = 0
        self.leaves_after = 10**9
        self.reads = asyncio.Event()
        self.has_begun = asyncio.Event()
        self._left = asyncio.Event()
        self._asked = False

    async def run(self) -> None:
        headers = [(b"host", b"test"), (b"content-type", b"application/json")]
        headers.append((b"authorization", self._person.headers["Authorization"].encode()))
        scope: Scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": "POST", "scheme": "http", "path": BATCH, "raw_path": BATCH.encode(),
            "query_string": b"", "root_path": "", "headers": headers, "client": ("127.0.0.1", 1),
            "server": ("test", 80),
        }  # fmt: skip
        await self._app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.lines += message.get("body", b"").count(b"\n")
            self.has_begun.set()
            if self.lines >= self.leaves_after:
                self._left.set()
            await self.reads.wait()


async def test_the_first_line_comes_alone_and_no_more_than_is_taken(app: FastAPI, amira: Person) -> None:
    caller = _Caller(app, amira, MILK | {"labels": _labels(500)})

    request = asyncio.create_task(caller.run())
    await caller.has_begun.wait()
    await asyncio.sleep(0.2)

    assert caller.lines == 1
    caller.reads.set()
    await request
    assert caller.lines == 500


async def test_the_work_ends_when_the_client_leaves(app: FastAPI, amira: Person) -> None:
    caller = _Caller(app, amira, MILK | {"labels": _labels(1_000)})
    caller.leaves_after = 20
    caller.reads.set()

    await caller.run()

    assert 20 <= caller.lines < 200


async def test_other_requests_go_on_meanwhile(
    client: httpx2.AsyncClient, app: FastAPI, amira: Person
) -> None:
    caller = _Caller(app, amira, MILK | {"labels": _labels(1_000)})
    caller.reads.set()

    batch = asyncio.create_task(caller.run())
    await caller.has_begun.wait()
    answered = 0
    while not batch.done():
        answered += (await client.get("/api/v1/users/me", headers=amira.headers)).status_code == 200
    await batch

    assert answered >= 3
    assert caller.lines == 1_000


async def test_every_line_is_in_the_language_of_the_caller(client: httpx2.AsyncClient, amira: Person) -> None:
    body = MILK | {"labels": _labels(2)}

    german = await client.post(BATCH, json=body, headers=amira.headers | {"Accept-Language": "de-AT"})

    assert (german.headers["Content-Language"], german.headers["Vary"]) == ("de", "Accept-Language")
    (requirement,) = _lines(german)[0]["answer"]["people"][0]["requirements"]
    assert (requirement["name"], requirement["reason"]) == ("Milch", "ist oder enthält: Milch")
