"""Makes access tokens that the service did not make: any header, any claims, any signature."""

import base64
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from backend.utils.security import from_base64url, keyed_hash, to_base64url
from tests.factories import Person

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256: FIPS 186-5, SP 800-186


class Forger:
    """Knows one real token, its owner, and the service's real key."""

    def __init__(self, person: Person, key: ECKey) -> None:
        header, claims, _ = person.access_token.split(".")
        self.person = person
        self.token = person.access_token
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

    def sign(
        self, header: str | bytes | None = None, claims: str | bytes | None = None, key: ECKey | None = None
    ) -> str:
        """Sign two texts as they are; without one, the real token's."""
        parts = (
            json.dumps(self.header) if header is None else header,
            json.dumps(self.claims) if claims is None else claims,
        )
        return self.sign_encoded(*(to_base64url(_bytes(part)) for part in parts), key=key)

    def sign_encoded(self, header: str, claims: str, *, key: ECKey | None = None) -> str:
        """Sign two parts that are encoded already, well or not."""
        message = f"{header}.{claims}"
        private = (key or self.key).private_key
        assert private is not None
        r, s = utils.decode_dss_signature(private.sign(message.encode(), ec.ECDSA(SHA256())))
        return f"{message}.{to_base64url(r.to_bytes(32) + s.to_bytes(32))}"

    def hmac(self, algorithm: str, secret: bytes) -> str:
        """Sign with a symmetric algorithm."""
        message = f"{part(self.header | {'alg': algorithm})}.{part(self.claims)}"
        return f"{message}.{to_base64url(keyed_hash(secret, message.encode()))}"

    def with_signature(self, change: Callable[[int, int], bytes]) -> str:
        """Keep the parts of the real token, and make another signature of its two numbers."""
        message, _, signature = self.token.rpartition(".")
        data = from_base64url(signature)
        return f"{message}.{to_base64url(change(int.from_bytes(data[:32]), int.from_bytes(data[32:])))}"

    def with_text(self, name: str, literal: str) -> str:
        """Sign claims in which one member has this JSON text, which need not be JSON."""
        marked = json.dumps(self.claims | {name: "\N{BLACK SQUARE}"}, ensure_ascii=False)
        return self.sign(claims=marked.replace('"\N{BLACK SQUARE}"', literal))


def part(members: dict[str, Any]) -> str:
    """Encode a header or claims."""
    return to_base64url(json.dumps(members).encode())


def padded(text: str) -> str:
    """Encode with padding."""
    return base64.urlsafe_b64encode(text.encode() + b" " * ((1 - len(text)) % 3)).decode()


def loose(encoded: str) -> str:
    """Change bits at the end that a lenient decoder drops."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(encoded) % 4, "every bit of this text counts"
    return encoded[:-1] + alphabet[alphabet.index(encoded[-1]) | 1]


def der(r: int, s: int) -> bytes:
    """Return the form of a signature that certificates use."""
    return utils.encode_dss_signature(r, s)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
