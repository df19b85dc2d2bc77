"""A profile beside a plain model of it: whatever is done, in whatever order, and by several at once.

Nothing that was answered is lost, no version is skipped, every version stays readable and is what the model
says, comparisons and audit events agree with it. `make fuzz` tries for longer.
"""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import hypothesis
import pytest
from fastapi import FastAPI
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend.core import migrations
from backend.core.config import Settings
from backend.main import create_app
from backend.services import audit
from tests import postgres
from tests.conftest import DATABASES
from tests.factories import Person, make_person, make_settings
from tests.profile_model import (
    BODIES,
    CODES,
    DRAFTS,
    NUMBERS,
    OWN,
    Content,
    Draft,
    Edit,
    apply,
    content_of,
    difference,
    fields_of,
    same,
)

PROFILES = "/api/v1/health/profiles"


class World:
    """An application on a database, and the loop that it runs in."""

    def __init__(self, runner: asyncio.Runner, app: FastAPI) -> None:
        self.runner, self.app, self.people = runner, app, 0
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")

    def newcomer(self) -> Person:
        """Return somebody who has nothing yet."""
        self.people += 1
        return self.runner.run(make_person(self.client, f"person{self.people}"))

    def together(self, *requests: httpx2.Request) -> list[httpx2.Response]:
        """Send requests at once."""

        async def send() -> list[httpx2.Response]:
            return await asyncio.gather(*(self.client.send(request) for request in requests))

        return self.runner.run(send())

    async def verify(self) -> None:
        """Check the chains of events."""
        resources = self.app.state.resources
        async with resources.database.reader() as session:
            await audit.verify(session, [], keyring=resources.keyring)


class ProfileMachine(RuleBasedStateMachine):
    """One profile of one person: `history` is what it was at each version."""

    world: ClassVar[World]

    @initialize(body=BODIES)
    def begin(self, body: dict[str, Any]) -> None:
        """Let somebody begin."""
        self.person = self.world.newcomer()
        self.history: list[Content] = []
        self.events: list[tuple[str, dict[str, str]]] = []
        self.readings = 0
        self._create(body)

    @rule(body=BODIES)
    def create(self, body: dict[str, Any]) -> None:
        """Record a profile, or try to record a second one."""
        if not self.history:
            self._create(body)
            return
        (answer,) = self._send(Edit("POST", "", body), path=PROFILES)
        assert answer.status_code in {409, 422}

    @precondition(lambda self: self.history)
    @rule(draft=DRAFTS, which=st.sampled_from(["current", "any", "stale"]))
    def change(self, draft: Draft, which: str) -> None:
        """Change the profile from what it is, from anything, or from what it is not."""
        edit = self._edit(draft)
        if which == "stale":
            (answer,) = self._send(edit, if_match=f'"{len(self.history) + 7}"')
            assert answer.status_code == 412
            return
        self._settle([edit], "*" if which == "any" else f'"{len(self.history)}"')

    @precondition(lambda self: self.history)
    @rule(drafts=st.lists(DRAFTS, min_size=2, max_size=5), which=st.sampled_from(["current", "any"]))
    def change_at_once(self, drafts: list[Draft], which: str) -> None:
        """Let several change it at the same moment."""
        edits = [self._edit(draft) for draft in drafts]
        self._settle(edits, "*" if which == "any" else f'"{len(self.history)}"')

    @precondition(lambda self: self.history)
    @rule(numbers=st.tuples(NUMBERS, NUMBERS))
    def compare(self, numbers: tuple[int, int]) -> None:
        """Compare two versions."""
        before, after = (number % len(self.history) + 1 for number in numbers)
        found = self._read(f"/revisions/{after}/diff?with={before}")
        expected = difference(self.history[before - 1], self.history[after - 1])
        assert {name: found[name] for name in expected} == expected

    @precondition(lambda self: self.history)
    @rule()
    def delete(self) -> None:
        """Delete it, with all that it was."""
        self.check()
        (answer,) = self._send(Edit("DELETE", "", None), if_match=f'"{len(self.history)}"')
        assert answer.status_code == 204
        self.events.append(("profile_removed", {"profile": self.profile_id}))
        self.history = []
        gone = self._send(Edit("GET", "", None), Edit("GET", "/revisions/1", None))
        assert [answer.status_code for answer in gone] == [404, 404]

    def teardown(self) -> None:
        """Look at all that it was, and at what was written down."""
        if not hasattr(self, "events"):
            return
        if self.history:
            self.check()
        activity = self._get("/api/v1/users/me/activity", params={"limit": 200}).json()
        while activity["next_cursor"]:
            params = {"limit": 200, "cursor": activity["next_cursor"]}
            more = self._get("/api/v1/users/me/activity", params=params).json()
            activity = {"items": activity["items"] + more["items"], "next_cursor": more["next_cursor"]}
        told = [item for item in reversed(activity["items"]) if item["action"].startswith("profile_")]
        changes = [item for item in told if item["action"] != "profile_read"]
        assert [(item["action"], item["details"]) for item in changes] == self.events
        assert len(told) - len(changes) == self.readings
        self.world.runner.run(self.world.verify())

    def check(self) -> None:
        """Read the profile and all that it was."""
        current = self._read("")
        assert (content_of(current), current["version"]) == (self.history[-1], len(self.history))
        listed = self._read("/revisions?limit=200")["items"]
        assert [item["version"] for item in listed] == list(range(len(self.history), 0, -1))
        for version, content in enumerate(self.history, start=1):
            assert content_of(self._read(f"/revisions/{version}")) == content

    def _create(self, body: dict[str, Any]) -> None:
        empty = dict.fromkeys(OWN) | {"no_known_allergies": False} | {section: [] for section in CODES}
        status, expected = apply([empty], Edit("PUT", "", body))
        (answer,) = self._send(Edit("POST", "", body), path=PROFILES)
        assert answer.status_code == {200: 201}.get(status, status)
        if expected is None:
            return
        self.profile_id = answer.json()["id"]
        self._remember(expected, content_of(answer.json()))
        details = {"profile": self.profile_id, "version": "1", "fields": "all"}
        self.events.append(("profile_created", details))

    def _edit(self, draft: Draft) -> Edit:
        """Return the edit that a draft means now. Drafts name what they are about by numbers alone."""
        method, place, number, body = draft
        if place == "revisions":
            return Edit("POST", f"/revisions/{number % (len(self.history) + 1) + 1}/restore", None)
        path = f"/{place.replace('_', '-')}" if place else ""
        if place and method != "POST":
            entries = self.history[-1][place] or [{"id": str(uuid.UUID(int=number))}]
            path += f"/{entries[number % len(entries)]['id']}"
        return Edit(method, path, body)

    def _settle(self, edits: list[Edit], if_match: str) -> None:
        """Send edits at once; those that were done were so one after another, and all are there."""
        known, alone = len(self.history), if_match != "*"
        answers = list(zip(self._send(*edits, if_match=if_match), edits, strict=True))
        done = [
            (int(answer.headers["etag"].strip('"').split("-")[0]), answer, edit)
            for answer, edit in answers
            if answer.is_success
        ]
        done.sort(key=lambda item: item[0])
        assert [version for version, _, _ in done] == list(range(known + 1, known + 1 + len(done)))
        assert len(done) <= 1 or not alone
        for version, answer, edit in done:
            status, expected = apply(self.history, edit)
            assert (status, expected is not None) == (answer.status_code, True)
            assert expected is not None
            before, after = self.history[-1], content_of(self._read(f"/revisions/{version}"))
            self._remember(expected, after)
            details = {
                "profile": self.profile_id,
                "version": str(version),
                "fields": fields_of(before, after),
            }
            if edit.restores:
                details["restored"] = str(edit.restores)
            self.events.append(("profile_changed", details))
        for answer, edit in answers:
            if answer.is_success or (answer.status_code == 412 and alone and done):
                continue
            states = range(known, len(self.history) + 1)
            assert answer.status_code in {apply(self.history[:end], edit)[0] for end in states}

    def _remember(self, expected: Content, found: Content) -> None:
        ids = {entry["id"] for content in self.history for section in CODES for entry in content[section]}
        assert same(expected, found, taken=ids)
        self.history.append(found)

    def _send(self, *edits: Edit, if_match: str = "*", path: str = "") -> list[httpx2.Response]:
        client, headers = self.world.client, self.person.headers | {"If-Match": if_match}
        base = path or f"{PROFILES}/me"
        return self.world.together(
            *(
                client.build_request(edit.method, f"{base}{edit.path}", json=edit.body, headers=headers)
                for edit in edits
            )
        )

    def _get(self, path: str, params: dict[str, Any] | None = None) -> httpx2.Response:
        request = self.world.client.build_request("GET", path, params=params, headers=self.person.headers)
        (answer,) = self.world.together(request)
        return answer.raise_for_status()

    def _read(self, path: str) -> Any:
        self.readings += 1
        return self._get(f"{PROFILES}/me{path}").json()


@pytest.fixture(params=DATABASES)
def own_settings(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Settings]:
    """Return settings of a database that nobody else uses."""
    if request.param == "sqlite":
        yield make_settings(data_dir)
        return
    with postgres.database() as url:
        yield make_settings(data_dir, url)


def test_a_profile_is_at_every_moment_what_was_done_to_it(own_settings: Settings) -> None:
    profile = hypothesis.settings.get_profile(hypothesis.settings.get_current_profile_name())
    bounded = hypothesis.settings(
        profile,
        max_examples=profile.max_examples // 12,
        stateful_step_count=profile.stateful_step_count // 2,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with asyncio.Runner() as runner:
        runner.run(migrations.upgrade(own_settings))
        app = create_app(own_settings)
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())

        class Machine(ProfileMachine):
            world = World(runner, app)

        try:
            run_state_machine_as_test(Machine, settings=bounded)
        finally:
            runner.run(lifespan.__aexit__(None, None, None))
