"""Guessing at secrets: counted for the account, for the network and for the two together, in the database.

Every path on which a secret can be guessed (password, code of a factor, mailed code) counts in the same
buckets, before the secret is checked, so that parallel guesses cannot pass in between. Guesses drain away
with time. Beyond the free ones each has to wait, longer and longer: a delay, not a lock. It does not reach
somebody on a device that was signed in before, so that nobody can keep an owner out by failing for them.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import ColumnElement, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core import caller, tries
from backend.core.clock import now
from backend.core.config import RateLimitSettings
from backend.core.database import Database, insert_into
from backend.core.errors import RateLimitedError
from backend.core.keys import Keyring
from backend.core.logging import logger
from backend.models.attempts import Attempts as Bucket

# How much one guess fills a bucket: the same free level means 5 guesses of one network at one account, 10
# of all networks at one account, and 100 of one network at all accounts.
_PAIR, _ACCOUNT, _NETWORK = 2.0, 1.0, 0.1
_PURPOSE: Final = "attempts"
_KEPT_SECONDS: Final = 7 * 86_400.0  # longer than the fullest bucket takes to drain


@dataclass(frozen=True, slots=True)
class Attempt:
    """A guess that was counted: what each of its buckets got."""

    weights: dict[str, float]


class Attempts:
    """Counts guesses."""

    def __init__(self, database: Database, *, keyring: Keyring, settings: RateLimitSettings) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings

    async def count(self, account: str, *, is_known_device: bool = False) -> Attempt:
        """Count a guess before its secret is checked, in a transaction of its own: failing undoes nothing.

        Args:
            account: Whose secret: the account's id, or the name that was given where there is no account.
            is_known_device: Whether this device was signed in to the account before: then what others did to
                the account does not count.

        Raises:
            RateLimitedError: Too many guesses lately; says when the next one may come.
        """
        network = caller.current().ip_prefix
        attempt = Attempt(
            {
                _key(self._keyring, "network", network): _NETWORK,
                _key(self._keyring, "pair", f"{account} {network}"): _PAIR,
            }
            | ({} if is_known_device else {_key(self._keyring, "account", account): _ACCOUNT})
        )
        if self._settings.enabled:
            await tries.once(("guess", *attempt.weights), partial(self._count, attempt))
        return attempt

    async def forgive(self, session: AsyncSession, attempt: Attempt) -> None:
        """Take back a guess that was right. Other guesses stay: a thief's own sign-in clears none."""
        mine = Bucket.key.in_(attempt.weights)
        # Locked in the order of the keys, as guesses do it: an update alone would lock as the rows lie.
        await session.execute(select(Bucket.key).where(mine).order_by(Bucket.key).with_for_update())
        await session.execute(
            update(Bucket)
            .where(mine)
            .values(
                level=_not_negative(Bucket.level - case(attempt.weights, value=Bucket.key, else_=0.0)),
                blocked_until=0.0,
            )
            .execution_options(synchronize_session=False)
        )

    async def lift(self, session: AsyncSession, account: str) -> None:
        """Take back all guesses at an account, for its owner, who has shown what was mailed.

        Otherwise whoever goes on guessing from everywhere would keep the owner of a new device out for good.
        """
        bucket = _key(self._keyring, "account", account)
        await session.execute(delete(Bucket).where(Bucket.key == bucket))

    async def purge(self) -> None:
        """Delete buckets that have been empty for long."""
        async with self._database.unit() as session:
            await session.execute(delete(Bucket).where(Bucket.counted_at < now().timestamp() - _KEPT_SECONDS))

    async def _count(self, attempt: Attempt) -> None:
        async with self._database.unit() as session:
            await self._fill(session, attempt)

    async def _fill(self, session: AsyncSession, attempt: Attempt) -> None:
        moment = now().timestamp()
        # Sorted: two guesses lock their rows in the same order.
        rows = [
            {"key": key, "level": weight, "counted_at": moment, "blocked_until": 0.0}
            for key, weight in sorted(attempt.weights.items())
        ]
        insert = insert_into(session, Bucket, *rows)
        this = insert.excluded.counted_at
        # A clock that went back neither fills a bucket nor makes anybody wait for the days in between. Twice:
        # a guess that read the clock just before another was counted must not pass as one from before.
        drained = _not_negative(this - Bucket.counted_at) / self._settings.guess_recovery.total_seconds()
        level = _not_negative(Bucket.level - drained) + insert.excluded.level
        most = 2 * self._settings.longest_delay.total_seconds()
        fill = insert.on_conflict_do_update(
            index_elements=[Bucket.key],
            set_={
                "level": level,
                "counted_at": this,
                "blocked_until": self._blocked_until(level, this),
            },
            where=or_(Bucket.blocked_until <= this, Bucket.blocked_until > this + most),
        ).returning(Bucket.key)
        filled = (await session.execute(fill)).all()
        if len(filled) < len(rows):
            latest = select(func.max(Bucket.blocked_until)).where(Bucket.key.in_(attempt.weights))
            until = await session.scalar(latest) or moment
            logger.warning("guess_refused")
            raise RateLimitedError(retry_after=max(1, math.ceil(until - moment)))

    def _blocked_until(
        self, level: ColumnElement[float], moment: ColumnElement[float]
    ) -> ColumnElement[float]:
        """Return when the next guess may come: the square of what is beyond the free level, in seconds.

        A free guess blocks nothing, not even for the moment: of two that come together, the one that read the
        clock first may be counted last.
        """
        beyond = level - self._settings.free_guesses
        longest = self._settings.longest_delay.total_seconds()
        return case(
            (beyond <= 0, 0.0),
            (beyond * beyond > longest, moment + longest),
            else_=moment + beyond * beyond,
        )


async def forget(session: AsyncSession, account: str, networks: Iterable[str], *, keyring: Keyring) -> int:
    """Delete the guesses at an account, those of some networks too; return how many buckets there were.

    Those of other networks name nobody, and go with time.
    """
    pairs = (_key(keyring, "pair", f"{account} {network}") for network in networks)
    theirs = Bucket.key.in_([_key(keyring, "account", account), *pairs])
    # Locked in the order of the keys, as guesses do it.
    found = await session.scalars(select(Bucket.key).where(theirs).order_by(Bucket.key).with_for_update())
    count = len(found.all())
    await session.execute(delete(Bucket).where(theirs).execution_options(synchronize_session=False))
    return count


def _key(keyring: Keyring, kind: str, whose: str) -> str:
    return keyring.fingerprint(_PURPOSE, f"{kind} {whose}")


def _not_negative(value: ColumnElement[float]) -> ColumnElement[float]:
    return case((value < 0, 0.0), else_=value)
