"""Password rules, and hashing in a small pool of low-priority threads.

A hash takes tens of milliseconds of a core. In the event loop it would stop every other request; in an
unbounded pool a flood of sign-ins would take all cores and memory. Here at most `threads` hashes run at once,
at a raised niceness, so other requests keep their latency while sign-ins queue.

Passwords are normalised here, when they are set and when they are checked, and nowhere else.
"""

import asyncio
import os
import threading
import unicodedata
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from backend.core import metrics, tries
from backend.core.config import PasswordSettings
from backend.core.errors import InvalidInputError, UnavailableError, Violation
from backend.core.languages import translate
from backend.utils.bloom import BloomFilter
from backend.utils.passwords import PasswordPolicy, PasswordRule, normalise

COMMON: Final = Path(__file__).parents[1] / "data" / "passwords" / "common.bloom"
_NICENESS: Final = 10
_BCRYPT_BYTES: Final = 72  # bcrypt reads no further; its library refuses longer input

_Result = TypeVar("_Result")


class Checked(NamedTuple):
    """What checking a password found.

    Attributes:
        matches: Whether the password is the one that was hashed.
        replacement: A new hash to store, where the stored one is of an older kind or cost.
    """

    matches: bool
    replacement: str | None


class PasswordPool:
    """Hashes and verifies passwords."""

    def __init__(self, settings: PasswordSettings) -> None:
        argon2 = Argon2Hasher(time_cost=settings.passes, memory_cost=settings.memory_kib, parallelism=1)
        self._hash = PasswordHash((argon2, BcryptHasher()))
        self._threads = ThreadPoolExecutor(
            settings.threads, thread_name_prefix="password", initializer=_lower_priority
        )
        self._policy = PasswordPolicy(
            min_length=settings.required_length,
            composition=settings.policy == "composition",
            is_listed=common_passwords().__contains__,
        )
        self._waiting = 0
        self._max_waiting = settings.max_waiting
        self._dummy = self._hash.hash("no password has this hash")

    def require_strong(self, password: str, *, pointer: str, personal: Collection[str]) -> None:
        """Refuse a password that breaks the rule, or rests on the person's own names and addresses.

        Raises:
            InvalidInputError: Names every broken rule, and never the password.
        """
        faults = self._policy.faults(password, personal=personal)
        if faults:
            raise InvalidInputError([Violation(pointer, fault.code, _told(fault)) for fault in faults])

    async def hash(self, password: str) -> str:
        """Return an argon2id hash in its PHC string form.

        Raises:
            UnavailableError: Too many passwords are waiting.
        """
        work = partial(self._run, self._hash.hash, normalise(password))
        return await tries.once(("hash", password), work)

    async def check(self, password: str, stored: str | None) -> Checked:
        """Check a password; without a stored hash do the same work for nothing.

        Raises:
            UnavailableError: Too many passwords are waiting.
        """
        work = partial(self._run, self._check, password, self._dummy if stored is None else stored)
        checked = await tries.once(("check", password, stored), work)
        return checked if stored is not None else Checked(matches=False, replacement=None)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, password: str, stored: str) -> Checked:
        normal = normalise(password)
        try:
            if stored.startswith("$2"):
                # The older system hashed what it was sent: composed or decomposed, or neither wholly.
                forms = dict.fromkeys((normal, unicodedata.normalize("NFD", password), password))
                matches = any(self._hash.verify(form.encode()[:_BCRYPT_BYTES], stored) for form in forms)
                return Checked(matches, self._hash.hash(normal) if matches else None)
            return Checked(*self._hash.verify_and_update(normal, stored))
        except UnknownHashError:
            return Checked(matches=False, replacement=None)

    async def _run(self, work: Callable[..., _Result], *arguments: str) -> _Result:
        if self._waiting >= self._max_waiting:
            raise UnavailableError(retry_after=5)
        self._waiting += 1
        try:
            with metrics.hashing() as counted:
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, _timed, counted, work, *arguments
                )
        finally:
            self._waiting -= 1


def _timed(counted: metrics.Hash, work: Callable[..., _Result], *arguments: str) -> _Result:
    counted.begin()
    try:
        return work(*arguments)
    finally:
        counted.end()


@cache
def common_passwords() -> BloomFilter:
    """Return the list of common passwords that this release ships.

    Raises:
        ValueError: The file is damaged.
    """
    return BloomFilter.from_bytes(COMMON.read_bytes())


def _lower_priority() -> None:
    # Linux schedules by thread, and a thread's niceness is its own; elsewhere it is the process's: leave it.
    if hasattr(os, "sched_getscheduler"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _told(rule: PasswordRule) -> str:
    said, limit = translate(rule.detail), str(rule.limit)
    return said.replace("{min_length}", limit).replace("{max_length}", limit)
