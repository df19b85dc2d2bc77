"""People who write and read their own profile, and keep a ledger of what the service said it had done.

Each writes numbers, one after another, into the name of a profile that nobody else changes. So what an answer
may show is known: the number that was acknowledged last or, after an answer that never came, the next one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from tests.drills.report import Finding
from tests.factories import Person, make_person, make_profile

MINE: Final = "/api/v1/health/profiles/me"
PAUSE: Final = 0.05
"""Seconds until somebody who was not answered asks again."""

PATIENCE: Final = 10
"""How often it is asked, at most, whether something is stored."""


@dataclass
class Ledger:
    """What was sent, and what came of it.

    Attributes:
        refused: Attempts for which no connection could be made: nothing was sent.
        unanswered: Requests that were sent, and whose connection ended without an answer.
        in_doubt: Of those, the changes that were found done.
        outage: Seconds between the two acknowledgements that were furthest apart.
    """

    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    wrong: int = 0
    refused: int = 0
    unanswered: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    in_doubt: int = 0
    outage: float = 0.0
    _last: float = field(default_factory=time.monotonic)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def acknowledge(self) -> None:
        """Note that the service did something now."""
        moment = time.monotonic()
        self.outage, self._last = max(self.outage, moment - self._last), moment
        self.acknowledged += 1
        self._told.set()

    async def more(self, count: int = 1) -> float:
        """Wait until so many more changes are acknowledged, and return the seconds that it took."""
        started, enough = time.monotonic(), self.acknowledged + count
        while self.acknowledged < enough:
            self._told.clear()
            await self._told.wait()
        return time.monotonic() - started

    def begin(self) -> None:
        """Measure the time without service from now on."""
        self._last, self.outage = time.monotonic(), 0.0

    def finding(self, drill: str, bar: str, *, holds: bool, **notes: str | float) -> Finding:
        """Return what the drill found."""
        refusals = {
            f"answers {status}": count for status, count in sorted(self.statuses.items()) if status != 200
        }
        counted = {
            "no connection": self.refused,
            "unanswered": self.unanswered,
            "done though unanswered": self.in_doubt,
        }
        numbers = (self.sent, self.acknowledged, self.lost, self.wrong)
        return Finding(drill, *numbers, self.outage, bar, holds, counted | refusals | notes)


@dataclass
class Writer:
    """Somebody who writes one number after another, and reads after each.

    Attributes:
        known: The last number that is known to be stored, and its tag.
        versions: What was acknowledged: the number of each version.
    """

    person: Person
    client: httpx2.AsyncClient
    ledger: Ledger
    known: tuple[int, str] = (0, "")
    versions: dict[int, int] = field(default_factory=dict)

    async def step(self) -> None:
        """Write the next number, and read it; after an answer that never came, read what became of it."""
        number, tag = self.known
        body, headers = {"display_name": str(number + 1)}, {"If-Match": tag}
        answer = await self._send("PATCH", MINE, json=body, headers=headers)
        if answer is not None and answer.status_code == 200:
            self.known = number + 1, answer.headers["etag"]
            self.versions[_version(answer)] = number + 1
            self.ledger.acknowledge()
            await self.look()
        elif answer is None or answer.status_code in {412, 500, 503}:
            await asyncio.sleep(PAUSE)
            await self.look(may_show=number + 1)
        else:
            message = f"{answer.status_code} to a change: {answer.text}"
            raise AssertionError(message)

    async def look(self, may_show: int | None = None) -> None:
        """Read the number, once."""
        answer = await self._send("GET", MINE)
        if answer is None or answer.status_code in {500, 503}:
            await asyncio.sleep(PAUSE)
            return
        shown, number = answer.json().get("display_name"), self.known[0]
        if shown == str(may_show):
            self.known = number + 1, answer.headers["etag"]
            self.ledger.in_doubt += 1
        elif shown != str(number):
            self.ledger.wrong += 1

    async def verify(self, client: httpx2.AsyncClient) -> None:
        """Look for every version that was acknowledged, and count those that are not there."""
        for version, number in self.versions.items():
            path = f"{MINE}/revisions/{version}"
            answer = await self._found(client, path)
            if answer.status_code != 200 or answer.json()["display_name"] != str(number):
                self.ledger.lost += 1
        answer = (await self._found(client, MINE)).raise_for_status()
        if answer.json()["display_name"] not in {str(self.known[0]), str(self.known[0] + 1)}:
            self.ledger.wrong += 1

    async def _found(self, client: httpx2.AsyncClient, path: str) -> httpx2.Response:
        """Ask until somebody says whether it is there: what nobody can tell now is not lost."""
        for _ in range(PATIENCE):
            answer = await client.get(path, headers=self.person.headers)
            if answer.status_code != 503:
                return answer
            await asyncio.sleep(float(answer.headers["retry-after"]))
        return answer

    async def _send(self, method: str, path: str, **request: Any) -> httpx2.Response | None:
        headers = self.person.headers | request.pop("headers", {})
        try:
            answer = await self.client.request(method, path, headers=headers, **request)
        except httpx2.ConnectError:
            self.ledger.refused += 1  # nothing was sent
            return None
        except httpx2.TransportError:
            self.ledger.sent += 1
            self.ledger.unanswered += 1
            return None
        self.ledger.sent += 1
        self.ledger.statuses[answer.status_code] += 1
        return answer


@dataclass
class Load:
    """Writers, all at once."""

    writers: list[Writer]
    ledger: Ledger

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Ledger]:
        """Let everybody write until the block ends."""
        ended = asyncio.Event()

        async def write(writer: Writer) -> None:
            while not ended.is_set():
                await writer.step()

        self.ledger.begin()
        async with asyncio.TaskGroup() as group:
            for writer in self.writers:
                group.create_task(write(writer))
            try:
                yield self.ledger
            finally:
                ended.set()

    async def verify(self, url: str) -> None:
        """Look for everything that was acknowledged."""
        async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
            await asyncio.gather(*(writer.verify(client) for writer in self.writers))


@asynccontextmanager
async def people(url: str, count: int = 8, patience: float = 10, name: str = "writer") -> AsyncIterator[Load]:
    """Register people who each have a profile, and keep their connections open."""
    ledger = Ledger()
    limits = httpx2.Limits(max_connections=count, max_keepalive_connections=count)
    async with httpx2.AsyncClient(base_url=url, timeout=patience, limits=limits) as client:
        persons = [await make_person(client, f"{name}-{number}") for number in range(count)]
        writers = []
        for person in persons:
            profile = await make_profile(client, person, display_name="0")
            writers.append(Writer(person, client, ledger, (0, profile.headers["etag"])))
        yield Load(writers, ledger)


def _version(answer: httpx2.Response) -> int:
    return int(answer.headers["etag"].strip('"').split("-")[0])
