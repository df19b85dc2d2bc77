"""Signed tokens, strictly: a narrow gate in front of the JOSE library (RFC 8725).

The gate decides on the header before any key is touched: exact members, one algorithm, one type, a `kid` of
ours. `jku`, `x5u`, `jwk`, `crit` and everything else unknown is refused because it is not on the list.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from backend.utils.security import from_base64url
from backend.utils.strict_json import parse_json

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type (RFC 9068, 2.1), no secret
MAX_TOKEN_BYTES = 8_192
_HEADER_MEMBERS = {"alg", "typ", "kid"}


class TokenInvalidError(Exception):
    """The token is not one that we signed. The reason is for logs and tests, never for callers."""


def sign(claims: Mapping[str, Any], key: ECKey, *, typ: str = TOKEN_TYPE) -> str:
    """Return the claims as a compact ES256 token of that type, by default an access token's.

    Raises:
        ValueError: It would be larger than what `verify` reads.
    """
    header = {"alg": ALGORITHM, "typ": typ, "kid": key.kid}
    token = jwt.encode(header, dict(claims), key, algorithms=[ALGORITHM])
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError("too much to sign")
    return token


def verify(token: str, find_key: Callable[[str], ECKey | None], *, typ: str = TOKEN_TYPE) -> dict[str, Any]:
    """Check form, header and signature. The claims are the caller's to check.

    Args:
        token: A compact JWS.
        find_key: Returns the key of a `kid`, if it is one of ours.
        typ: The one type that is accepted; what was signed for another purpose is refused.

    Raises:
        TokenInvalidError: Anything at all is not as `sign` makes it.
    """
    if len(token) > MAX_TOKEN_BYTES or not token.isascii() or token.count(".") != 2:
        _refuse("form")
    encoded_header, encoded_claims, signature = token.split(".")
    header = _parse(encoded_header)
    if set(header) != _HEADER_MEMBERS or header["alg"] != ALGORITHM or header["typ"] != typ:
        _refuse("header")
    key = find_key(header["kid"]) if isinstance(header["kid"], str) else None
    if key is None:
        _refuse("kid")
    claims = _parse(encoded_claims)
    try:
        from_base64url(signature)
        jwt.decode(token, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise TokenInvalidError("signature") from error
    return claims


def _parse(encoded: str) -> dict[str, Any]:
    try:
        value = parse_json(from_base64url(encoded))
    except ValueError as error:
        raise TokenInvalidError("encoding") from error
    if not isinstance(value, dict):
        _refuse("not an object")
    return value


def _refuse(reason: str) -> NoReturn:
    raise TokenInvalidError(reason)
