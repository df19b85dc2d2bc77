"""Access and refresh tokens: issued and checked with the service's keys."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.core.clock import now
from backend.core.config import AuthSettings
from backend.core.errors import UnauthenticatedError
from backend.core.keys import Keyring
from backend.core.signing import KeySet
from backend.utils.identifiers import uuid7
from backend.utils.jose import TokenInvalidError, sign, verify
from backend.utils.security import from_base64url, is_equal, keyed_hash, to_base64url

_REMEMBERED = 10_000
_REQUIRED = {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "client_id", "scope"}
_TEXTS = ("sub", "sid", "jti", "client_id", "scope")
_NEVER = 2**53  # larger numbers are not the same for every reader of JSON (RFC 7493, 2.2)
_CLOCK_LEEWAY = 60  # seconds by which the clocks of our machines may differ
_GENERATION_BYTES = 4
_REFRESH_BYTES = 16 + _GENERATION_BYTES + 32


class AccessTokenInvalidError(UnauthenticatedError):
    """The bearer token is missing, altered, expired, or its session has ended."""

    code = "invalid-token"
    title = "The access token is missing or not valid"
    challenge = 'error="invalid_token"'


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token is issued for.

    Attributes:
        client_id: Which client got it.
        methods: How the person signed in: names of RFC 8176, separated by spaces.
        signed_in_at: When they did.
    """

    user_id: uuid.UUID
    session_id: uuid.UUID
    client_id: str
    methods: str
    signed_in_at: datetime


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified access token says; `expires_at` in Unix seconds."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    client_id: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """What a refresh token says before its code is checked against the session's family key."""

    session_id: uuid.UUID
    generation: int
    code: bytes

    def is_of(self, family_key: bytes) -> bool:
        """Tell whether the session of that family key issued this token."""
        return is_equal(self.code, _refresh_code(family_key, self.session_id, self.generation))


class Tokens:
    """Issues tokens, and remembers the ones it has verified so that a signature is checked once."""

    def __init__(self, keyring: Keyring, settings: AuthSettings) -> None:
        self.settings = settings
        self.keyring = keyring
        self._verified: dict[bytes, AccessClaims] = {}
        self._verified_under: KeySet | None = None

    @property
    def access_seconds(self) -> int:
        """Life of an access token in seconds."""
        return int(self.settings.access_token_ttl.total_seconds())

    def issue_access(self, grant: Grant) -> str:
        """Return a new access token (RFC 9068)."""
        issued_at = int(now().timestamp())
        claims = {
            "iss": self.settings.issuer,
            "aud": self.settings.audience,
            "sub": str(grant.user_id),
            "sid": str(grant.session_id),
            "jti": str(uuid7()),
            "iat": issued_at,
            "exp": issued_at + self.access_seconds,
            "client_id": grant.client_id,
            "scope": "",
            "auth_time": int(grant.signed_in_at.timestamp()),
            "amr": grant.methods.split(),
        }
        return sign(claims, self.keyring.signer)

    def read_access(self, token: str) -> AccessClaims:
        """Verify an access token; whether its session still lives is the database's to say.

        Raises:
            AccessTokenInvalidError: It is not ours, not for us, or no longer valid.
        """
        self._forget_after_a_change_of_keys()
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._verify(token)
            if len(self._verified) >= _REMEMBERED:
                self._verified.pop(next(iter(self._verified)))
            self._verified[digest] = claims
        if claims.expires_at <= now().timestamp():
            self._verified.pop(digest, None)
            raise AccessTokenInvalidError
        return claims

    def _forget_after_a_change_of_keys(self) -> None:
        keys = self.keyring.signing.current()
        if keys is not self._verified_under:
            self._verified.clear()
            self._verified_under = keys

    def _verify(self, token: str) -> AccessClaims:
        try:
            claims = verify(token, self.keyring.signing.find)
            return self._claims(claims)
        except (TokenInvalidError, ValueError) as error:
            raise AccessTokenInvalidError from error

    def _claims(self, claims: dict[str, Any]) -> AccessClaims:
        expected = {"iss": self.settings.issuer, "aud": self.settings.audience}
        times = (claims.get("iat"), claims.get("exp"), claims.get("nbf", 0))
        if not claims.keys() >= _REQUIRED or any(claims[name] != value for name, value in expected.items()):
            raise TokenInvalidError("claims")
        if not all(type(moment) is int and 0 <= moment < _NEVER for moment in times):
            raise TokenInvalidError("times")
        if not all(isinstance(claims[name], str) for name in _TEXTS):
            raise TokenInvalidError("texts")
        if max(claims["iat"], claims.get("nbf", 0)) > now().timestamp() + _CLOCK_LEEWAY:
            raise TokenInvalidError("not yet")
        return AccessClaims(
            uuid.UUID(str(claims["sub"])),
            uuid.UUID(str(claims["sid"])),
            str(claims["client_id"]),
            claims["exp"],
        )


def make_refresh(family_key: bytes, session_id: uuid.UUID, generation: int) -> str:
    """Return the refresh token of one generation: session, generation and their HMAC."""
    plain = session_id.bytes + generation.to_bytes(_GENERATION_BYTES)
    return to_base64url(plain + _refresh_code(family_key, session_id, generation))


def read_refresh(token: str) -> RefreshClaims | None:
    """Take a refresh token apart; None where it has not the form of one."""
    try:
        data = from_base64url(token)
    except ValueError:
        return None
    if len(data) != _REFRESH_BYTES:
        return None
    generation = int.from_bytes(data[16 : 16 + _GENERATION_BYTES])
    return RefreshClaims(uuid.UUID(bytes=data[:16]), generation, data[16 + _GENERATION_BYTES :])


def _refresh_code(family_key: bytes, session_id: uuid.UUID, generation: int) -> bytes:
    return keyed_hash(family_key, session_id.bytes + generation.to_bytes(_GENERATION_BYTES))
