"""The keys that sign: which one signs now, which are accepted, and how processes learn of a new one.

A set of keys is a JWK set whose keys may say when they came (`iat`), from when they sign (`nbf`) and until
when they are accepted at least (`exp`), in Unix seconds. In a set without these members the first key signs
and all are accepted. Beside `keys`, `retired` holds the public halves of keys that signed before: they verify
what else was signed, never an access token.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from backend.core import keyfile
from backend.core.clock import now
from backend.core.logging import logger
from backend.utils import jose

_CLOCK_LEEWAY = timedelta(minutes=1)
_TIMES = ("iat", "nbf", "exp")


class KeySetInvalidError(ValueError):
    """The text is no set of signing keys."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs, did, or will.

    Attributes:
        key: The private key, with its `kid`.
        added_at: When it was added.
        signs_from: When it takes over; None if it was there before rotation was known.
        accepted_until: Its end, as the rotation saw it; None while no successor is known.
    """

    key: ECKey
    added_at: int | None = None
    signs_from: int | None = None
    accepted_until: int | None = None

    @property
    def kid(self) -> str:
        """The name of the key in a token's header."""
        return str(self.key.kid)

    @property
    def start(self) -> int:
        """When it takes over, for comparison."""
        return self.signs_from or 0


@dataclass(frozen=True, slots=True)
class KeySet:
    """One state of the file: what signs and what is accepted follows from the time."""

    keys: tuple[SigningKey, ...]
    retired: tuple[ECKey, ...] = ()

    def signer(self, moment: float) -> SigningKey:
        """Return the newest key whose time has come; the first of the file where several are as new."""
        started = [key for key in self.keys if key.start <= moment]
        if not started:  # this clock is behind the one that added them
            return min(self.keys, key=lambda key: key.start)
        return max(started, key=lambda key: key.start)

    def end(self, key: SigningKey, life: timedelta) -> float | None:
        """Return when the last token that the key can have signed has expired; None for a key without an end.

        The file says how long tokens lived for the command that wrote it; this process knows how long its own
        do. The later end counts.
        """
        if key.accepted_until is None:
            return None
        successors = [other.start for other in self.keys if other.start > key.start]
        return max(key.accepted_until, min(successors, default=0) + overlap(life).total_seconds())

    def is_accepted(self, key: SigningKey, moment: float, life: timedelta) -> bool:
        """Tell whether tokens under a key are accepted: before it signs, while it does, one life longer."""
        end = self.end(key, life)
        return end is None or moment < end or key is self.signer(moment)

    def accepted(self, moment: float, life: timedelta) -> list[SigningKey]:
        """Return the keys under which tokens are accepted, the one that signs first."""
        signer = self.signer(moment)
        others = [key for key in self.keys if key is not signer and self.is_accepted(key, moment, life)]
        return [signer, *others]

    def without_expired(self, moment: float, life: timedelta) -> "KeySet":
        """Return the set in which keys at their end have only their public half, as retired ones."""
        kept = tuple(key for key in self.keys if self.is_accepted(key, moment, life))
        gone = (_public(key.key) for key in self.keys if key not in kept)
        return KeySet(kept, (*self.retired, *gone))

    def to_text(self) -> str:
        """Return the text form, private keys included."""
        members: dict[str, Any] = {"keys": [_with_times(key) for key in self.keys]}
        if self.retired:
            members["retired"] = [key.as_dict(private=False) for key in self.retired]
        return json.dumps(members)


def overlap(life: timedelta) -> timedelta:
    """Return how long a key is accepted after the next one has taken over, for tokens that live so long.

    A process whose clock is behind signs with the old key for a little longer. Clocks that differ by more
    than a minute, or by more than the life of a token, are a fault that shows elsewhere.
    """
    return life + min(life, _CLOCK_LEEWAY)


def new_key(*, added_at: int | None = None, signs_from: int | None = None) -> SigningKey:
    """Make a key."""
    key = ECKey.generate_key("P-256", private=True)
    kid = key.thumbprint()  # RFC 7638: the id follows from the key, so two keys never share one
    named = ECKey.import_key({**key.as_dict(private=True), "kid": kid, "use": "sig", "alg": jose.ALGORITHM})
    return SigningKey(named, added_at, signs_from)


def parse(text: str) -> KeySet:
    """Read the text form of a set.

    Raises:
        KeySetInvalidError: It is no JWK set of private P-256 keys, each with a kid of its own.
    """
    try:
        members = json.loads(text)
        found = KeySet(
            tuple(_signing_key(member) for member in members["keys"]),
            tuple(_public(_plain(member)) for member in members.get("retired", ())),
        )
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeySetInvalidError("not a JWK set") from error
    _require_usable(found)
    return found


class SigningKeys:
    """The signing keys of a running process, which follow their file.

    The file is looked at once a second at most, and when a token names a key that is not known.
    """

    def __init__(self, keys: KeySet, *, life: timedelta, path: Path | None = None) -> None:
        self._file = keyfile.Followed(keys, parse, path=path, on_fault=_tell_unreadable)
        self._life = life
        self._path = path
        self._tried_to_retire: tuple[int, ...] | None = None

    def current(self) -> KeySet:
        """Return the set as the file has it, or had it a second ago. Another file gives another object."""
        if self._path is not None and self._file.is_due():
            self._file.look()
            self._retire(self._path, now().timestamp())
        return self._file.keys

    @property
    def signer(self) -> ECKey:
        """The key that signs new tokens."""
        return self.current().signer(now().timestamp()).key

    def find(self, kid: str) -> ECKey | None:
        """Return the key of that name, if tokens under it are accepted."""
        found = self._find(kid)
        if found is None:
            self._file.look()
            found = self._find(kid)
        return found

    def known(self) -> list[str]:
        """Return the ids of all keys under which documents can be read: those that retired too."""
        keys = self.current()
        return [str(key.kid) for key in (*(key.key for key in keys.keys), *keys.retired)]

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the public keys of tokens that are valid now or will be issued next (RFC 7517, 5)."""
        accepted = self.current().accepted(now().timestamp(), self._life)
        return {"keys": [key.key.as_dict(private=False) for key in accepted]}

    def sign_document(self, document: Mapping[str, Any], *, typ: str) -> str:
        """Sign a small JSON object, which is no access token, as a compact JWS of that type."""
        _require_no_token_type(typ)
        return jose.sign(document, self.signer, typ=typ)

    def read_document(self, signed: str, *, typ: str) -> dict[str, Any]:
        """Return what `sign_document` signed, with a key of today or with one that has since retired.

        Raises:
            TokenInvalidError: It was not signed by this service, has another type, or was altered.
        """
        _require_no_token_type(typ)
        return jose.verify(signed, self._find_any, typ=typ)

    def _find(self, kid: str) -> ECKey | None:
        keys = self.current().accepted(now().timestamp(), self._life)
        return _first((key.key for key in keys), kid)

    def _find_any(self, kid: str) -> ECKey | None:
        keys = self.current()
        return self.find(kid) or _first((*(key.key for key in keys.keys), *keys.retired), kid)

    def _retire(self, path: Path, moment: float) -> None:
        keys = self._file.keys
        is_due = not all(keys.is_accepted(key, moment, self._life) for key in keys.keys)
        if not is_due or self._tried_to_retire == self._file.version:
            return
        self._tried_to_retire = self._file.version
        try:
            retire_expired(path, self._life)
        except (OSError, ValueError) as error:
            # The key is out of use all the same; its private half stays until the folder can be written.
            logger.error("signing_key_not_retired", error=type(error).__name__)


def retire_expired(path: Path, life: timedelta) -> KeySet:
    """Drop the private halves of keys at their end from the file, and return what it holds then."""
    with keyfile.lock(path):
        keys = parse(path.read_text("ascii"))
        pruned = keys.without_expired(now().timestamp(), life)
        if len(pruned.keys) != len(keys.keys):
            keyfile.replace(path, pruned.to_text())
        return pruned


def _tell_unreadable(error: Exception) -> None:
    # Nobody is signed out because of a slip of the hand: the keys of before go on.
    logger.error("signing_keys_unreadable", error=type(error).__name__)


def _signing_key(member: Mapping[str, Any]) -> SigningKey:
    times = [member.get(name) for name in _TIMES]
    if not all(time is None or type(time) is int for time in times):
        raise KeySetInvalidError("times are whole seconds")
    return SigningKey(_plain(member), *times)


def _plain(member: Mapping[str, Any]) -> ECKey:
    return ECKey.import_key({name: value for name, value in member.items() if name not in _TIMES})


def _with_times(key: SigningKey) -> dict[str, Any]:
    times = zip(_TIMES, (key.added_at, key.signs_from, key.accepted_until), strict=True)
    return {**key.key.as_dict(private=True), **{name: time for name, time in times if time is not None}}


def _require_usable(found: KeySet) -> None:
    private = [key.key for key in found.keys]
    every = [*private, *found.retired]
    kids = {key.kid for key in every if isinstance(key.kid, str) and key.kid}
    are_p256 = all(key.curve_name == "P-256" for key in every)
    if not private or len(kids) != len(every) or not are_p256 or not all(key.is_private for key in private):
        raise KeySetInvalidError("not private P-256 keys with a kid each")


def _first(keys: Iterable[ECKey], kid: str) -> ECKey | None:
    return next((key for key in keys if key.kid == kid), None)


def _public(key: ECKey) -> ECKey:
    return ECKey.import_key(key.as_dict(private=False))


def _require_no_token_type(typ: str) -> None:
    # Whoever else reads our public keys may know types in these spellings (RFC 9068, 4; RFC 7519, 5.1).
    if typ.lower().removeprefix("application/") in {jose.TOKEN_TYPE, "jwt", ""}:
        raise ValueError("a document must not pass for an access token")
