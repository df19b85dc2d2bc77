"""Changing the signing key: the next one is published first and signs later; the old one goes when idle."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from backend.core import keyfile
from backend.core.clock import now
from backend.core.signing import KeySet, SigningKey, new_key, overlap, parse


class RotationPendingError(Exception):
    """A new key is waiting for its time already; the message says which and until when."""


class KeyState(StrEnum):
    """What a key does at the moment."""

    WAITING = "waiting"
    SIGNING = "signing"
    ACCEPTED = "accepted"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What may be told of a key. No part of the key itself."""

    kid: str
    state: KeyState
    signs_from: datetime | None = None
    retires_at: datetime | None = None


def add_next(keys: KeySet, *, delay: timedelta, life: timedelta) -> KeySet:
    """Return the set with a new key that takes over after a delay.

    Keys of before are accepted until their last token has expired.

    Args:
        keys: The set as it is.
        delay: Time for every process and every cache of the public keys to learn of the new key.
        life: How long access tokens live.

    Raises:
        RotationPendingError: A key is waiting already. Two at once would leave open which one signs.
    """
    moment = int(now().timestamp())
    current = keys.without_expired(moment, life)
    for key in current.keys:
        if key.start > moment:
            time = in_words(_time(key.start))
            raise RotationPendingError(
                f"Key {key.kid} is waiting already: it signs from {time}. Rotate again after that."
            )
    latest = max(key.start for key in current.keys)
    start = max(moment + int(delay.total_seconds()), latest + 1)
    end = start + int(overlap(life).total_seconds())
    before = (replace(key, accepted_until=key.accepted_until or end) for key in current.keys)
    return KeySet((*before, new_key(added_at=moment, signs_from=start)), current.retired)


def rotate(path: Path, *, delay: timedelta, life: timedelta) -> KeySet:
    """Add the next key to the file, for all processes that read it.

    Raises:
        RotationPendingError: A key is waiting already.
        KeySetInvalidError: The file holds no set of signing keys.
        OSError: It cannot be read or written.
    """
    with keyfile.lock(path):
        keys = add_next(parse(path.read_text("ascii")), delay=delay, life=life)
        keyfile.replace(path, keys.to_text())
        return keys


def report(keys: KeySet, life: timedelta) -> list[KeyReport]:
    """Say of each key what it does, in the order in which they sign."""
    ordered = sorted(keys.keys, key=lambda key: key.start)
    retired = [KeyReport(str(key.kid), KeyState.RETIRED) for key in keys.retired]
    return [*retired, *(_report_one(keys, key, life) for key in ordered)]


def in_words(moment: datetime | None) -> str:
    """Return a time for people to read."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "-"


def _report_one(keys: KeySet, key: SigningKey, life: timedelta) -> KeyReport:
    moment = now().timestamp()
    end = keys.end(key, life)
    if key is keys.signer(moment):
        state = KeyState.SIGNING
    elif key.start > moment:
        state = KeyState.WAITING
    else:
        state = KeyState.ACCEPTED if keys.is_accepted(key, moment, life) else KeyState.RETIRED
    return KeyReport(
        key.kid, state, _time(key.signs_from) if key.signs_from else None, _time(end) if end else None
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
