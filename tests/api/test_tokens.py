"""Access tokens that somebody else made: all refused alike, and never a 500."""

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from backend.api.dependencies import Resources
from backend.utils.security import from_base64url, keyed_hash, to_base64url
from tests.factories import Person, make_person

pytestmark = pytest.mark.anyio


class Forger:
    """Makes tokens with the service's real key or another, and any header and claims."""

    def __init__(self, token: str, key: ECKey) -> None:
        header, claims, _ = token.split(".")
        self.token = token
        self.header: dict[str, Any] = json.loads(from_base64url(header))
        self.claims: dict[str, Any] = json.loads(from_base64url(claims))
        self.key = key

    def make(
        self,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
        key: ECKey | None = None,
    ) -> str:
        """Sign changed parts; None removes a member."""
        new_header = self.header | (header or {})
        new_claims = self.claims | (claims or {})
        return self.sign(
            json.dumps({name: value for name, value in new_header.items() if value is not None}),
            json.dumps({name: value for name, value in new_claims.items() if value is not None}),
            key,
        )

    def sign(self, header: str, claims: str, key: ECKey | None = None) -> str:
        """Sign two texts as they are."""
        message = f"{to_base64url(header.encode())}.{to_base64url(claims.encode())}"
        private = (key or self.key).private_key
        assert private is not None
        r, s = utils.decode_dss_signature(private.sign(message.encode(), ec.ECDSA(SHA256())))
        return f"{message}.{to_base64url(r.to_bytes(32) + s.to_bytes(32))}"

    def hmac(self, algorithm: str, secret: bytes) -> str:
        """Sign with a symmetric algorithm."""
        message = f"{_part(self.header | {'alg': algorithm})}.{_part(self.claims)}"
        return f"{message}.{to_base64url(keyed_hash(secret, message.encode()))}"


def _part(members: dict[str, Any]) -> str:
    return to_base64url(json.dumps(members).encode())


def _padded(token: str) -> str:
    """Encode the header again with its padding, or with bits that a decoder drops."""
    header, rest = token.split(".", 1)
    return base64.urlsafe_b64encode(from_base64url(header) + b" ").decode() + "." + rest


def _public_pem(forger: Forger) -> bytes:
    return forger.key.as_pem(private=False)


FORGERIES: dict[str, Callable[[Forger], str]] = {
    "alg-none": lambda f: f"{_part(f.header | {'alg': 'none'})}.{_part(f.claims)}.",
    "alg-none-with-signature": lambda f: f.make({"alg": "none"}),
    "alg-none-capital": lambda f: f"{_part(f.header | {'alg': 'None'})}.{_part(f.claims)}.",
    "hs256-with-the-public-key": lambda f: f.hmac("HS256", _public_pem(f)),
    "hs256-with-the-public-jwk": lambda f: f.hmac("HS256", json.dumps(f.key.as_dict(private=False)).encode()),
    "hs256-with-nothing": lambda f: f.hmac("HS256", b""),
    "alg-es384": lambda f: f.make({"alg": "ES384"}),
    "alg-list": lambda f: f.make({"alg": ["ES256"]}),
    "alg-missing": lambda f: f.make({"alg": None}),
    "typ-jwt": lambda f: f.make({"typ": "JWT"}),
    "typ-missing": lambda f: f.make({"typ": None}),
    "typ-other-case": lambda f: f.make({"typ": "AT+JWT"}),
    "kid-missing": lambda f: f.make({"kid": None}),
    "kid-unknown": lambda f: f.make({"kid": "another"}),
    "kid-like-a-path": lambda f: f.make({"kid": "../../../../dev/null"}),
    "kid-number": lambda f: f.make({"kid": 1}),
    "kid-object": lambda f: f.make({"kid": {"a": 1}}),
    "crit": lambda f: f.make({"crit": ["exp"]}),
    "jwk-embedded": lambda f: _with_own_key(f),  # noqa: PLW0108 - it is defined below
    "jku": lambda f: f.make({"jku": "http://127.0.0.1:1/jwks.json"}),
    "x5u": lambda f: f.make({"x5u": "http://127.0.0.1:1/key.pem"}),
    "b64-false": lambda f: f.make({"b64": False}),
    "zip": lambda f: f.make({"zip": "DEF"}),
    "another-key-same-kid": lambda f: f.make(key=ECKey.generate_key("P-256")),
    "other-audience": lambda f: f.make(claims={"aud": "another-service"}),
    "audience-list": lambda f: f.make(claims={"aud": ["safeplate", "other"]}),
    "other-issuer": lambda f: f.make(claims={"iss": "https://evil.example"}),
    "other-client": lambda f: f.make(claims={"client_id": "other"}),
    "expired": lambda f: f.make(claims={"exp": f.claims["iat"] - 1}),
    "exp-missing": lambda f: f.make(claims={"exp": None}),
    "exp-text": lambda f: f.make(claims={"exp": "9999999999"}),
    "exp-float": lambda f: f.make(claims={"exp": 9999999999.5}),
    "exp-true": lambda f: f.make(claims={"exp": True}),
    "exp-huge": lambda f: f.sign(
        json.dumps(f.header), json.dumps(f.claims | {"exp": 0}).replace('"exp": 0', '"exp": 1e400')
    ),
    "sub-missing": lambda f: f.make(claims={"sub": None}),
    "sub-of-nobody": lambda f: f.make(claims={"sub": str(uuid.uuid4())}),
    "sub-no-uuid": lambda f: f.make(claims={"sub": "' OR 1=1 --"}),
    "sid-missing": lambda f: f.make(claims={"sid": None}),
    "sid-of-nobody": lambda f: f.make(claims={"sid": str(uuid.uuid4())}),
    "sid-list": lambda f: f.make(claims={"sid": [f.claims["sid"]]}),
    "duplicate-member": lambda f: f.sign(
        json.dumps(f.header), json.dumps(f.claims)[:-1] + f', "sub": "{uuid.uuid4()}"}}'
    ),
    "claims-list": lambda f: f.sign(json.dumps(f.header), "[]"),
    "claims-nan": lambda f: f.sign(json.dumps(f.header), '{"exp": NaN}'),
    "claims-deep": lambda f: f.sign(json.dumps(f.header), "[" * 2_000),
    "header-no-json": lambda f: f.sign("{", json.dumps(f.claims)),
    "padding": lambda f: _padded(f.token),
    "line-break": lambda f: f.token[:40] + "\t" + f.token[40:],
    "cut-signature": lambda f: f.token[:-10],
    "no-signature": lambda f: f.token.rpartition(".")[0] + ".",
    "two-parts": lambda f: f.token.rpartition(".")[0],
    "five-parts": lambda f: f.token + ".a.b",
    "der-signature": lambda f: (
        f.token.rpartition(".")[0] + "." + to_base64url(b"\x30\x06\x02\x01\x01\x02\x01\x01")
    ),
    "zero-signature": lambda f: f.token.rpartition(".")[0] + "." + to_base64url(bytes(64)),
    "empty-parts": lambda _: "..",
    "over-8-kib": lambda f: f.make(claims={"scope": "x" * 9_000}),
    "refresh-token": lambda f: f.claims["sid"],
}


def _with_own_key(forger: Forger) -> str:
    own = ECKey.generate_key("P-256")
    return forger.make({"jwk": own.as_dict(private=False)}, key=own)


async def _forger(client: httpx2.AsyncClient, resources: Resources) -> tuple[Person, Forger]:
    amira = await make_person(client)
    return amira, Forger(amira.access_token, resources.keyring.signer)


async def _me(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})


async def test_the_forger_can_make_a_good_token(client: httpx2.AsyncClient, resources: Resources) -> None:
    _, forger = await _forger(client, resources)

    response = await _me(client, forger.make(claims={"jti": "another"}))

    assert response.status_code == 200


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_is_refused(client: httpx2.AsyncClient, resources: Resources, name: str) -> None:
    _, forger = await _forger(client, resources)

    response = await _me(client, FORGERIES[name](forger))

    assert response.status_code == 401
    assert response.json()["code"] == "invalid-token"
    assert response.headers["www-authenticate"] == 'Bearer realm="safeplate", error="invalid_token"'


async def test_a_token_cannot_be_used_with_another_persons_session(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    _, forger = await _forger(client, resources)
    boris = await make_person(client, "boris")

    response = await _me(client, forger.make(claims={"sub": str(boris.id)}))

    assert response.status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer a b"])
async def test_without_a_bearer_token_nobody_is_let_in(client: httpx2.AsyncClient, header: str) -> None:
    response = await client.get("/api/v1/users/me", headers={"Authorization": header})

    assert response.status_code == 401


async def test_a_remembered_token_still_asks_the_session(
    client: httpx2.AsyncClient, resources: Resources
) -> None:
    amira, _ = await _forger(client, resources)
    await _me(client, amira.access_token)

    await client.delete("/api/v1/users/me", headers=amira.headers)

    assert (await _me(client, amira.access_token)).status_code == 401
