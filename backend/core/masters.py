"""The master keys: which one wraps now, which still open, and how processes learn of a new one.

The text form is one key, in base64url, or a JSON object: `keys` is a list of symmetric JWKs (RFC 7517), which
may say when they came (`iat`) and from when they wrap (`nbf`), in Unix seconds; the newest whose time has
come wraps, and all open. `index` is what keyed hashes are derived from: it outlives the keys, so that what
was stored under a keyed hash is still found when the key of that day has been destroyed. It opens nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from backend.core import keyfile
from backend.core.clock import now
from backend.core.logging import logger
from backend.utils.security import KEY_BYTES, extract, from_base64url, new_key, to_base64url

ID_BYTES: Final = 8
REST: Final = timedelta(minutes=15)
"""How long a key rests before it may be destroyed: longer than any request or job that wrapped with it."""

_MEMBERS = {"kty", "k", "iat", "nbf"}


class MasterSetInvalidError(ValueError):
    """The text is no set of master keys."""


class MasterNeededError(Exception):
    """A key cannot be destroyed, or not yet; the message says why."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key that wraps, did, or will.

    Attributes:
        key: 32 bytes.
        added_at: When it was added.
        wraps_from: When it takes over; None if it was there before rotation was known.
        id: What marks all that is wrapped under it.
    """

    key: bytes = field(repr=False)
    added_at: int | None = None
    wraps_from: int | None = None
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Derive the id: two keys never share one."""
        digest = hashlib.sha256(b"safeplate master key id" + self.key).digest()
        object.__setattr__(self, "id", digest[:ID_BYTES])

    @property
    def name(self) -> str:
        """The id, for people."""
        return self.id.hex()

    @property
    def since(self) -> datetime | None:
        """From when it wraps, if that is known."""
        return None if self.wraps_from is None else datetime.fromtimestamp(self.wraps_from, UTC)

    @property
    def start(self) -> int:
        """From when it wraps, for comparison."""
        return self.wraps_from or 0


@dataclass(frozen=True)
class MasterSet:
    """One state of the file: what wraps and what opens follows from the time."""

    keys: tuple[MasterKey, ...]
    index: bytes = field(repr=False)

    @cached_property
    def by_id(self) -> Mapping[bytes, MasterKey]:
        """The keys by their ids."""
        return {key.id: key for key in self.keys}

    def wrapper(self, moment: float) -> MasterKey:
        """Return the newest key whose time has come; the last of the file where several are as new."""
        started = [key for key in self.keys if key.start <= moment]
        if not started:  # this clock is behind the one that added them
            return min(self.keys, key=lambda key: key.start)
        return max(reversed(started), key=lambda key: key.start)

    def waiting(self, moment: float) -> MasterKey | None:
        """Return the key whose time has not come, if there is one."""
        return next((key for key in self.keys if key.start > moment), None)

    def with_next(self, *, delay: timedelta) -> "MasterSet":
        """Return the set with a new key that takes over after a delay."""
        moment = int(now().timestamp())
        start = max(moment + int(delay.total_seconds()), *(key.start for key in self.keys))
        return replace(self, keys=(*self.keys, MasterKey(new_key(), moment, start)))

    def without(self, name: str) -> "MasterSet":
        """Return the set without a key that has rested.

        Raises:
            MasterNeededError: There is no such key, it wraps or will, or it wrapped a short while ago.
        """
        moment = now().timestamp()
        current = self.wrapper(moment)
        gone = next((key for key in self.keys if key.name == name), None)
        if gone is None:
            raise MasterNeededError(f"There is no master key {name}.")
        if gone is current or gone.start > moment:
            raise MasterNeededError(f"Master key {name} is needed: it wraps now, or will.")
        end = datetime.fromtimestamp(current.start, UTC) + REST
        if moment < end.timestamp():
            raise MasterNeededError(
                f"Master key {name} wrapped until a short while ago, and work that began then may still be "
                f"stored under it. Destroy it after {end:%Y-%m-%d %H:%M:%S} UTC."
            )
        return replace(self, keys=tuple(key for key in self.keys if key is not gone))

    def to_text(self) -> str:
        """Return the text form: of a key that was always alone, the key itself."""
        first = self.keys[0]
        if len(self.keys) == 1 and first.wraps_from is None and extract(first.key) == self.index:
            return to_base64url(first.key)
        return json.dumps({"index": to_base64url(self.index), "keys": [_member(key) for key in self.keys]})


class MasterKeys:
    """The master keys of a running process, which follow their file.

    The file is looked at once a second at most, and when a wrapped value names a key that is not known: the
    file had the key before anybody wrapped with it.
    """

    def __init__(self, keys: MasterSet, *, path: Path | None = None) -> None:
        self.path = path
        self._file = keyfile.Followed(keys, self._parse, path=path, on_fault=_tell_unreadable)

    def current(self) -> MasterSet:
        """Return the set as the file has it, or had it a second ago."""
        if self._file.is_due():
            self._file.look()
        return self._file.keys

    def look(self) -> MasterSet:
        """Return the set as the file has it now."""
        self._file.look()
        return self._file.keys

    @property
    def wrapper(self) -> MasterKey:
        """The key that wraps."""
        return self.current().wrapper(now().timestamp())

    def find(self, key_id: bytes) -> MasterKey | None:
        """Return the key of that id."""
        return self.current().by_id.get(key_id) or self.look().by_id.get(key_id)

    def _parse(self, text: str) -> MasterSet:
        """Read the file anew. No change of keys changes the index: with another, it is another service's.

        What would be wrapped under those keys could not be opened once the right ones are back.
        """
        found = parse(text)
        if found.index != self._file.keys.index:
            raise MasterSetInvalidError("another service's keys")
        return found


def parse(text: str) -> MasterSet:
    """Read the text form.

    Raises:
        MasterSetInvalidError: It is neither a 32-byte key in base64url nor a set of them with its index.
    """
    text = text.strip()
    try:
        if not text.startswith("{"):
            key = _bytes(text)
            return MasterSet((MasterKey(key),), index=extract(key))
        members = json.loads(text)
        found = MasterSet(tuple(_key(member) for member in members["keys"]), index=_bytes(members["index"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MasterSetInvalidError("not a set of master keys") from error
    if not found.keys or len(found.by_id) != len(found.keys) or members.keys() != {"index", "keys"}:
        raise MasterSetInvalidError("no keys, one of them twice, or more than keys")
    return found


def destroy(path: Path, name: str) -> MasterSet:
    """Take a key out of the file, under its lock.

    Raises:
        MasterNeededError: There is no such key, it wraps or will, or it wrapped a short while ago.
        MasterSetInvalidError: The file holds no set of master keys.
        OSError: It cannot be read or written.
    """
    keys = parse(path.read_text("ascii")).without(name)
    keyfile.replace(path, keys.to_text())
    return keys


def _key(member: Mapping[str, Any]) -> MasterKey:
    times = [member.get(name) for name in ("iat", "nbf")]
    if member["kty"] != "oct" or set(member) - _MEMBERS or not all(_is_time(time) for time in times):
        raise MasterSetInvalidError("not a symmetric key with times in whole seconds")
    return MasterKey(_bytes(member["k"]), *times)


def _is_time(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value < 2**35)


def _member(key: MasterKey) -> dict[str, Any]:
    times = {"iat": key.added_at, "nbf": key.wraps_from}
    return {
        "kty": "oct",
        "k": to_base64url(key.key),
        **{name: time for name, time in times.items() if time is not None},
    }


def _bytes(text: str) -> bytes:
    key = from_base64url(text)
    if len(key) != KEY_BYTES:
        raise MasterSetInvalidError("not 32 bytes")
    return key


def _tell_unreadable(error: Exception) -> None:
    logger.error("master_keys_unreadable", error=type(error).__name__)
