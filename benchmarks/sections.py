"""What is measured together: each section starts its servers, prepares people, and runs all in turn."""

import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from pwdlib.hashers.argon2 import Argon2Hasher

from backend.core.config import PasswordSettings
from benchmarks import candidates, load, machine, people, postgres, rounds, workloads
from benchmarks.candidates import Candidate
from benchmarks.load import Load
from benchmarks.people import Person
from benchmarks.processes import Server
from benchmarks.rounds import Effort, Entry
from benchmarks.statistics import Summary

SQLITE, POSTGRES, REFERENCE = "Safeplate on SQLite", "Safeplate on PostgreSQL", "reference"
PEERS = ("fastapi-users", "django")
_PEOPLE = 64
_SHARE = 0.35  # what is left of two cores is for what drives, and for PostgreSQL

Result = dict[str, dict[str, object]]
"""By candidate: what was measured."""


@dataclass(frozen=True, slots=True)
class Party:
    """A server that runs, and the people who have accounts on it."""

    candidate: Candidate
    server: Server
    people: list[Person]


class Stage:
    """Servers that run until the end of a section."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self.parties: dict[str, Party] = {}

    def begin(self, *names: str, cores: frozenset[int] = machine.SERVER_CORES) -> dict[str, Party]:
        """Start some servers, and open accounts on each."""
        for name in names:
            if name == REFERENCE:
                self._add_reference(cores, with_variant=len(names) > 3)
                continue
            party = self._add(name, self._candidate(name), cores)
            party.people.extend(_enrol(party))
        return self.parties

    def add(self, name: str, *, workers: int, cores: frozenset[int]) -> Party:
        """Start Safeplate once more, with so many processes, on what the first prepared."""
        candidate = candidates.safeplate(name, self._folder / "postgres", database=self._url, workers=workers)
        party = self._add(name, candidate, cores)
        party.people.extend(self.parties[POSTGRES].people)
        return party

    def _add(self, name: str, candidate: Candidate, cores: frozenset[int]) -> Party:
        server = self._stack.enter_context(candidate.running(self._folder, cores=cores))
        self.parties[name] = Party(candidate, server, [])
        return self.parties[name]

    def _add_reference(self, cores: frozenset[int], *, with_variant: bool) -> None:
        """Start the reference on what another Safeplate prepared: what it writes is not sealed."""
        url, data = self._stack.enter_context(postgres.database()), self._folder / "reference"
        candidate = candidates.safeplate("prepares the reference", data, database=url)
        with candidate.running(self._folder) as server:
            known = _enrol(Party(candidate, server, []))
        # One that is stopped while it writes keeps its locks: where they write, there is one alone.
        for resets in (True, False) if with_variant else (True,):
            chosen = candidates.reference(data, url, resets=resets)
            self._add(chosen.name, chosen, cores).people.extend(known)

    def _candidate(self, name: str) -> Candidate:
        if name == SQLITE:
            return candidates.safeplate(name, self._folder / "sqlite")
        url = self._stack.enter_context(postgres.database())
        if name == POSTGRES:
            self._url = url
            return candidates.safeplate(name, self._folder / "postgres", database=url)
        return candidates.fastapi_users(url) if name == "fastapi-users" else candidates.django(url)


@contextmanager
def stage() -> Iterator[Stage]:
    """Open a stage, and end all that ran on it."""
    with tempfile.TemporaryDirectory(prefix="safeplate-bench-") as folder, ExitStack() as stack:
        yield Stage(stack, Path(folder))


def account(effort: Effort) -> Result:
    """GET /users/me, 32 clients."""
    with stage() as opened:
        parties = opened.begin(SQLITE, POSTGRES, REFERENCE, *PEERS)
        return _compare(parties, lambda party: workloads.me(party.people, party.candidate.words), effort)


def reading(effort: Effort) -> Result:
    """GET /health/profiles/me beside GET /users/me, 32 clients."""
    with stage() as opened:
        parties = opened.begin(SQLITE, POSTGRES)
        loads: dict[str, Callable[[Party], Load]] = {
            "account": lambda party: workloads.me(party.people, workloads.SAFEPLATE),
            "profile": lambda party: workloads.read_profile(party.people),
        }
        return _compare_all(parties, loads, effort)


def writing(effort: Effort) -> Result:
    """PUT of a profile with 10 allergies, 64 clients."""
    with stage() as opened:
        parties = opened.begin(SQLITE, POSTGRES, REFERENCE)
        return _compare(parties, lambda party: workloads.replace_profile(party.people), effort)


def signing_in(effort: Effort) -> Result:
    """POST /auth/login, 64 clients, beside the hash alone."""
    effort = Effort(effort.repeats, effort.seconds * 2)  # 64 wait their turn: the last of them counts too
    with stage() as opened:
        parties = opened.begin(SQLITE, POSTGRES, *PEERS)
        rounds.sleep([party.server for party in parties.values()])
        hashes = [hashes_a_second(effort.seconds) for _ in range(effort.repeats)]
        found = _compare(parties, lambda party: workloads.login(party.people, party.candidate.words), effort)
        return found | {"the hash alone": {"rate": median(hashes)}}


def refreshing(effort: Effort) -> Result:
    """POST /auth/refresh, 32 clients."""
    with stage() as opened:
        return _compare(opened.begin(SQLITE, POSTGRES, "django"), _refresh, effort)


def screening(effort: Effort) -> Result:
    """POST /screening/check, 32 clients, and /screening/batch of 50 labels, 4 clients."""
    with stage() as opened:
        loads: dict[str, Callable[[Party], Load]] = {
            "check": lambda party: workloads.check(party.people),
            "batch of 50": lambda party: workloads.batch(party.people),
        }
        return _compare_all(opened.begin(SQLITE, POSTGRES), loads, effort)


def day(effort: Effort) -> Result:
    """70 % GET /users/me, 15 % check, 5 % GET and 5 % PUT of the profile, 5 % login; 32 clients."""
    with stage() as opened:
        return _compare(opened.begin(SQLITE, POSTGRES), lambda party: workloads.day(party.people), effort)


def flood(effort: Effort) -> Result:
    """GET /users/me of 4 clients that pause 10 ms, at rest and while 64 sign in without a pause."""
    found: Result = {}
    with stage() as opened:
        parties = opened.begin(SQLITE, POSTGRES, *PEERS)
        rounds.sleep([party.server for party in parties.values()])
        for name, party in parties.items():
            party.server.wake()
            runs = [_flooded(party, effort.seconds) for _ in range(min(3, effort.repeats))]
            party.server.sleep()
            found[name] = {key: median(run[key] for run in runs) for key in runs[0]}
        for party in parties.values():
            party.server.wake()
    return found


def workers(effort: Effort) -> Result:
    """GET /users/me with one process and with two, each with 0.35 of a core, as far as that can be given."""
    with stage() as opened:
        opened.begin(POSTGRES, cores=machine.ALL_CORES)
        opened.add("two workers", workers=2, cores=machine.ALL_CORES)
        parties = opened.parties
        busy = [pid for party in parties.values() for pid in party.server.pids()]
        with machine.shares(busy, _SHARE) as is_shared:
            found = _compare(parties, lambda party: workloads.me(party.people, workloads.SAFEPLATE), effort)
        found["two workers"]["megabytes of each"] = parties["two workers"].server.megabytes()
        found["two workers"]["share of a core for each"] = _SHARE if is_shared else 1.0
        return found


def starting(effort: Effort) -> Result:
    """Seconds from the start of the process to its first answer, on one core, in turn.

    And until it is wholly ready: an account is answered for before the lists are read that labels need.
    """
    seconds: dict[str, list[float]] = {}
    whole: list[float] = []
    with tempfile.TemporaryDirectory(prefix="safeplate-bench-") as name:
        folder = Path(name)
        compared = [candidates.smallest(folder), candidates.safeplate(SQLITE, folder / "data")]
        for _ in range(effort.repeats + 1):
            for candidate in compared:
                began = time.perf_counter()
                with candidate.running(folder) as server:
                    seconds.setdefault(candidate.name, []).append(server.seconds_to_ready)
                    if candidate.name == SQLITE:
                        with urllib.request.urlopen(f"{server.url}/readyz", timeout=60):
                            whole.append(time.perf_counter() - began)
    # The first start compiles modules and makes the schema.
    results: Result = {
        name: {"seconds": median(found[1:]), "first": found[0]} for name, found in seconds.items()
    }
    results[SQLITE]["seconds until labels are checked"] = median(whole[1:])
    return results


_ALL = (account, reading, writing, signing_in, refreshing, screening, day, flood, workers, starting)
SECTIONS: dict[str, Callable[[Effort], Result]] = {
    section.__name__.replace("_", "-"): section for section in _ALL
}


def hashes_a_second(seconds: float) -> float:
    """Return how many passwords one core checks in a second, as many at once as Safeplate does."""
    shipped = PasswordSettings()
    hasher = Argon2Hasher(time_cost=shipped.passes, memory_cost=shipped.memory_kib, parallelism=1)
    stored = hasher.hash(people.PASSWORD)
    deadline = time.perf_counter() + seconds

    def check() -> int:
        count = 0
        while time.perf_counter() < deadline:
            hasher.verify(people.PASSWORD, stored)
            count += 1
        return count

    with machine.on(machine.SERVER_CORES), ThreadPoolExecutor(shipped.threads) as threads:
        started = time.perf_counter()
        done = sum(found.result() for found in [threads.submit(check) for _ in range(shipped.threads)])
        return done / (time.perf_counter() - started)


def _enrol(party: Party) -> list[Person]:
    candidate, url = party.candidate, party.server.url
    is_ours = candidate.words is workloads.SAFEPLATE
    number = _PEOPLE if is_ours else 16
    found = people.enrol(url, number, register=candidate.register, sign_in=candidate.sign_in)
    if is_ours:
        people.add_profile(url, found)
    return found


def _compare(parties: dict[str, Party], make: Callable[[Party], Load], effort: Effort) -> Result:
    entries = {name: Entry(party.server, partial(make, party)) for name, party in parties.items()}
    return {name: _members(summary) for name, summary in rounds.compare(entries, effort).items()}


def _compare_all(
    parties: dict[str, Party], loads: dict[str, Callable[[Party], Load]], effort: Effort
) -> Result:
    entries = {
        f"{name}: {what}": Entry(party.server, partial(make, party))
        for name, party in parties.items()
        for what, make in loads.items()
    }
    return {name: _members(summary) for name, summary in rounds.compare(entries, effort).items()}


def _refresh(party: Party) -> Load:
    """Refresh with tokens that nobody has spent."""
    fresh = people.sign_in_again(party.server.url, party.people[:32], party.candidate.sign_in)
    return workloads.refresh(fresh, party.candidate.words)


def _flooded(party: Party, seconds: int) -> dict[str, float]:
    words, url = party.candidate.words, party.server.url
    asking = workloads.me(party.people, words, clients=4, pause=10)
    party.server.settle()  # what the flood before left in line is no rest
    load.drive(url, asking, 1)
    rest = load.drive(url, asking, seconds)
    with tempfile.TemporaryDirectory() as folder:
        flooding = load.begin(url, workloads.login(party.people, words), seconds + 2, Path(folder))
        time.sleep(1)
        flooded = load.drive(url, asking, seconds)
        logins = load.end(flooding)
    return {
        "p99 at rest": rest.p99,
        "p99 flooded": flooded.p99,
        "answers flooded": flooded.requests,
        "logins a second": logins.rate,
        "megabytes": party.server.megabytes()[0],
    }


def _members(summary: Summary) -> dict[str, object]:
    return {name: getattr(summary, name) for name in summary.__slots__}
