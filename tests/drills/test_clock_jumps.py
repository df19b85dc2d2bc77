"""The clock jumps a day back, and later two days forward, under a service that runs.

Nothing that was ended comes to life, nobody who may come in is kept out for longer than a new sign-in takes,
and letters go out.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.drills import parts
from tests.drills.conftest import Tell
from tests.drills.load import people
from tests.factories import Person, make_person, register, sign_in
from tests.server.conftest import start, stop

pytestmark = [pytest.mark.anyio, pytest.mark.drill]

REFRESH: Final = "/api/v1/auth/refresh"
ME: Final = "/api/v1/users/me"
JUMPS: Final = (("now", 0), ("back", -1), ("forward", 2))
"""Days."""
LETTER_SECONDS: Final = 10.0


class _Clock:
    """The time of the processes that were started with its variables."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set("+0")
        self.variables = {
            "LD_PRELOAD": parts.find_library("libfaketimeMT.so.1", "faketime", beside="faketime"),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Else it turns waits with a time-out into others: the interpreter's threads then wait for one
            # another for seconds, and everything that has an end in time is given up.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def set(self, offset: str) -> None:
        """Set it, against real time; processes look at it once a second."""
        self._file.write_text(f"{offset}\n", "ascii")


async def _jump(clock: _Clock, client: httpx2.AsyncClient, days: int) -> None:
    """Set the clock, and wait until the service's answers bear its date."""
    clock.set(f"{days:+}d")
    async with asyncio.timeout(30):
        while True:
            said = parsedate_to_datetime((await client.get("/livez")).headers["date"])
            if abs(said - datetime.now(UTC) - timedelta(days=days)) < timedelta(hours=1):  # noqa: TID251 - real time
                return
            await asyncio.sleep(0.1)


async def _letter_comes(folder: Path, client: httpx2.AsyncClient, name: str) -> int:
    """Register somebody, and return the status, or 0 where their letter is not written in time."""
    before = len(list((folder / "outbox").glob("*.eml")))
    answer = await register(client, name)
    for _ in range(int(LETTER_SECONDS / 0.1)):
        if len(list((folder / "outbox").glob("*.eml"))) > before:
            return answer.status_code
        await asyncio.sleep(0.1)
    return 0


async def _look(
    client: httpx2.AsyncClient, folder: Path, name: str, people: dict[str, Person]
) -> dict[str, int]:
    """Return the status of each thing that may depend on the time."""
    again = await sign_in(client, "kept")
    fresh = {"Authorization": f"Bearer {again.json().get('access_token')}"}

    async def refresh(person: str) -> int:
        body = {"refresh_token": people[person].refresh_token}
        return (await client.post(REFRESH, json=body)).status_code

    return {
        "access of a session that ended": (await client.get(ME, headers=people["ended"].headers)).status_code,
        "refresh of a session that ended": await refresh("ended"),
        "refresh with a spent token": await refresh("spent"),
        "access from before": (await client.get(ME, headers=people["kept"].headers)).status_code,
        "sign-in": again.status_code,
        "access with a new token": (await client.get(ME, headers=fresh)).status_code,
        "letter within 10 s": await _letter_comes(folder, client, f"after-{name}"),
    }


_ENDED: Final = {
    "access of a session that ended": 401,
    "refresh of a session that ended": 400,
    "refresh with a spent token": 400,
}
_IN: Final = {"sign-in": 200, "access with a new token": 200, "letter within 10 s": 201}
EXPECTED: Final = {
    "now": _ENDED | _IN | {"access from before": 200},
    "back": _ENDED | _IN | {"access from before": 200},
    "forward": _ENDED | _IN | {"access from before": 401},
}


async def _ended_and_spent(client: httpx2.AsyncClient) -> dict[str, Person]:
    people = {name: await make_person(client, name) for name in ("kept", "ended", "spent")}
    (await client.post("/api/v1/auth/logout", headers=people["ended"].headers)).raise_for_status()
    token = people["spent"].refresh_token
    for _ in range(2):  # a successor, and that one's: the first is spent for good
        answer = await client.post(REFRESH, json={"refresh_token": token})
        token = answer.raise_for_status().json()["refresh_token"]
    return people


async def test_a_clock_that_jumps_revives_nothing_and_stops_nothing(
    data_dir: Path, tmp_path: Path, tell: Tell
) -> None:
    clock, found = _Clock(tmp_path), {}
    server = start(data_dir, SAFEPLATE_RATE_LIMIT__ENABLED="false", **clock.variables)
    try:
        async with (
            people(server.url, 4) as load,
            httpx2.AsyncClient(base_url=server.url, timeout=20) as client,
        ):
            persons = await _ended_and_spent(client)
            async with load.running() as ledger:
                for name, days in JUMPS[:2]:
                    await _jump(clock, client, days)
                    found[name] = await _look(client, data_dir, name, persons)
            await load.verify(server.url)
            # Two days on, every access token has run out, those of the load too.
            await _jump(clock, client, JUMPS[2][1])
            found["forward"] = await _look(client, data_dir, "forward", persons)
    finally:
        stop(server)

    odd = [
        f"{name}: {what} {status}" for name in found for what, status in found[name].items()
        if status != EXPECTED[name][what]
    ]  # fmt: skip
    bar = "nothing that ended revives, sign-in and letters go on, tokens run out"
    tell(
        ledger.finding(
            "clock a day back, then two forward",
            bar,
            holds=not odd,
            otherwise="; ".join(odd) or "nothing",
        )
    )
