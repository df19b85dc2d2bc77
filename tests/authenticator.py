"""A software authenticator and the browser around it: real signatures, and faults where asked for."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from backend.utils.security import from_base64url, to_base64url

ORIGIN = "http://localhost:8000"

_Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
_UP, _UV, _BE, _BS, _AT = 0x01, 0x04, 0x08, 0x10, 0x40  # WebAuthn 3, 6.1


@dataclass
class Authenticator:
    """One authenticator with at most one passkey.

    Attributes:
        algorithm: -7 (ES256), -8 (EdDSA) or -257 (RS256).
        step: What each use adds to the sign count; 0 for one that does not count.
        verifies: Whether it asks for PIN, finger or face.
        eligible: Whether its passkey may be copied to other devices.
        backed_up: Whether it was.
        origin: The page that the browser shows.
        rp_id: A domain to answer for instead of the one that is asked for.
        cross_origin: Whether that page stands in a frame of another site's.
        attestation: `none`, or `packed`: then the key attests itself.
    """

    algorithm: int = -7
    step: int = 1
    verifies: bool = True
    eligible: bool = False
    backed_up: bool = False
    origin: str = ORIGIN
    rp_id: str | None = None
    cross_origin: bool = False
    attestation: str = "none"
    sign_count: int = 0
    user_handle: bytes = b""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def __post_init__(self) -> None:
        """Make the key."""
        self.key: _Key = _new_key(self.algorithm)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create` as a browser's `toJSON` does."""
        excluded = {item["id"] for item in options["excludeCredentials"]}
        if to_base64url(self.credential_id) in excluded:
            message = "InvalidStateError"
            raise RuntimeError(message)
        assert self.algorithm in {item["alg"] for item in options["pubKeyCredParams"]}
        assert options["authenticatorSelection"]["residentKey"] == "required"
        self.user_handle = from_base64url(options["user"]["id"])
        public_key = cbor2.dumps(_cose(self.key, self.algorithm))
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + public_key
        data = self._data(options["rp"]["id"], _AT) + attested
        client_data = self._client_data("webauthn.create", options)
        statement = self._statement(data + hashlib.sha256(client_data).digest())
        attestation = cbor2.dumps({"fmt": self.attestation, "attStmt": statement, "authData": data})
        response = {
            "clientDataJSON": to_base64url(client_data),
            "attestationObject": to_base64url(attestation),
            "authenticatorData": to_base64url(data),
            "transports": ["internal", "hybrid", "smoke-signals"],
            "publicKeyAlgorithm": self.algorithm,
        }
        return self._credential(response)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get` as a browser's `toJSON` does."""
        allowed = {item["id"] for item in options["allowCredentials"]}
        assert not allowed or to_base64url(self.credential_id) in allowed
        self.sign_count += self.step
        client_data = self._client_data("webauthn.get", options)
        data = self._data(options["rpId"], 0)
        signed = data + hashlib.sha256(client_data).digest()
        response = {
            "clientDataJSON": to_base64url(client_data),
            "authenticatorData": to_base64url(data),
            "signature": to_base64url(_sign(self.key, signed)),
            "userHandle": to_base64url(self.user_handle),
        }
        return self._credential(response)

    def _statement(self, signed: bytes) -> dict[str, Any]:
        return {"alg": self.algorithm, "sig": _sign(self.key, signed)} if self.attestation == "packed" else {}

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "type": kind,
                "challenge": options["challenge"],
                "origin": self.origin,
                "crossOrigin": self.cross_origin,
            }
        ).encode()

    def _data(self, rp_id: str, flags: int) -> bytes:
        flags |= _UP | self.verifies * _UV | self.eligible * _BE | self.backed_up * _BS
        digest = hashlib.sha256((self.rp_id or rp_id).encode()).digest()
        return digest + bytes([flags]) + self.sign_count.to_bytes(4)

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        identifier = to_base64url(self.credential_id)
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": response,
        }


def _new_key(algorithm: int) -> _Key:
    if algorithm == -7:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == -8:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65_537, 2_048)


def _cose(key: _Key, algorithm: int) -> dict[int, Any]:
    """Return the public key in COSE form (RFC 9053, 7; RFC 8230, 4)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = key.public_key().public_numbers()
        return {1: 2, 3: algorithm, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {1: 1, 3: algorithm, -1: 6, -2: key.public_key().public_bytes_raw()}
    rsa_numbers = key.public_key().public_numbers()
    return {1: 3, 3: algorithm, -1: rsa_numbers.n.to_bytes(256), -2: rsa_numbers.e.to_bytes(3)}


def _sign(key: _Key, message: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
