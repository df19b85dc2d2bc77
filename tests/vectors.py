"""Public test vectors for signed tokens. None of them is a token of ours, so all must be refused."""

import importlib.metadata
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain, product
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from backend.utils.security import from_base64url, to_base64url
from tests.forger import ORDER, der

SCHEME = ec.ECDSA(SHA256())
_COMPACT = re.compile(r"[\w-]*(\.[\w-]*){2,4}")

# Facts of C2SP/wycheproof, testvectors_v1/json_web_signature_test.json, groups "es256" (18 to 32) and
# "SpecialCaseEs256" (378 to 401), Apache-2.0: the key, one message, its signature, and what is done to them.
_KEY: dict[str, str | list[str]] = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "kid-ec-sign",
    "x": "04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY",
    "y": "UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw",
}
_SIGNATURE = "5cA0OHyMP7ezamUd5c9kV-FrGxdx4hbGXOdplQkutrqWrte5P-pAvsE3Ve6xSyU3YDQwUHjVVOtvcrEbbnZ8yA"
_OTHER_KEY = {
    "kty": "EC",
    "kid": "kid-ec-sign",
    "use": "sig",
    "alg": "ES256",
    "x": "MdnTZDIhDJbfASdFqamcpO2Ch9GNKK2m0MQlh402Spo",
    "y": "7avJ4lq_Wyx-nLPDBQ2YpytuHyMio07BUyvl3jaC-1Y",
    "crv": "P-256",
}
_BY_OTHER_KEY = "4jmsollQD8ZxvySzXYnIEYA4fwaZi2ZbC0aI1J4LYmW2Bn31NhKdjms2N6o51Dff5-InWXQF9m45VtTexl6yjg"
_HMAC = "TgWtz2FIRukBQ_mA5sgHa0Ybtgn7bl-YBPAi7Z0XdHU"


def wycheproof_key() -> ECKey:
    """Return the key of the vectors."""
    return ECKey.import_key(_KEY)


def wycheproof() -> dict[str, str]:
    """Return the vectors for the algorithm of our tokens, by number and comment."""
    head, body, good = _header(alg="ES256", kid="kid-ec-sign"), to_base64url(b"foo"), _SIGNATURE
    found = {
        "18 acceptsValid": f"{head}.{body}.{good}",
        "19 rejectsModifiedSignature": f"{head}.{body}.X{good[1:]}",
        "20 rejectsMissingSignature": f"{head}.{body}.",
        "21 rejectsMissingSignatureAndSeparator": f"{head}.{body}",
        "22 rejectsModifiedPayload": f"{head}.WG9v.{good}",
        "23 rejectsMissingPayload": f"{head}..{good}",
        "24 rejectsMissingPayloadAndSeparator": f"{head}.{good}",
        "25 rejectsModifiedHeader": f"{_header(alg='ES256', kid='Xid-ec-sign')}.{body}.{good}",
        "26 rejectsMissingHeader": f".{body}.{good}",
        "27 rejectsMissingHeaderAndSeparator": f"{body}.{good}",
        "28 rejectsMissingHeaderAndSignature": f".{body}.",
        "29 rejectsMissingHeaderSignatureAndSeparators": body,
        "30 rejectsEmptyString": "",
        "31 rejectsSymmetryConfusionAttacks": f"{_header(alg='HS256', kid='kid-ec-sign')}.{body}.{_HMAC}",
        "32 rejectsAttackerProvidedEmbeddedJwk": (
            f"{_header(alg='ES256', kid='kid-ec-sign', jwk=_OTHER_KEY)}.{body}.{_BY_OTHER_KEY}"
        ),
    }
    special = {number: f"{head}.{body}.{to_base64url(data)}" for number, data in _special_cases().items()}
    return found | special


def _special_cases() -> dict[str, bytes]:
    data = from_base64url(_SIGNATURE)
    r, s = int.from_bytes(data[:32]), int.from_bytes(data[32:])
    found = {
        "378 valid": r.to_bytes(32) + (ORDER - s).to_bytes(32),
        "379 SignatureTooLong": r.to_bytes(33) + s.to_bytes(33),
        "380 TrailingZeros": r.to_bytes(32) + b"\x00" + s.to_bytes(32) + b"\x00",
        "381 RisTooBig": (r + ORDER).to_bytes(33) + s.to_bytes(33),
        "382 SisTooBig": r.to_bytes(33) + (s + ORDER).to_bytes(33),
        "383 IntegerOverflow": (r + 2**256).to_bytes(33) + s.to_bytes(33),
        "384 IntegerOverflow": r.to_bytes(33) + (s + 2**256).to_bytes(33),
        "385 BufferOverflow": r.to_bytes(288) + s.to_bytes(288),
    }
    numbers = (0, 1, ORDER - 1, ORDER)
    for number, (one, two) in enumerate(product(numbers, numbers), 386):
        found[f"{number} r and s special"] = one.to_bytes(32) + two.to_bytes(32)
    return found


def _header(**members: Any) -> str:
    return to_base64url(json.dumps(members, separators=(",", ":")).encode())


@cache
def of_the_rfcs() -> dict[str, str]:
    """Return the examples of RFC 7515 to 7520 and more, which the wheel of `jwcrypto` carries."""
    found = {}
    for module, name, value in _module_values():
        for number, text in enumerate(sorted(_texts(value))):
            found[f"{module} {name} {number}"] = text
    return found


@cache
def keys() -> list[ECKey]:
    """Return every P-256 key of the vectors, as if it were one of ours."""
    found = [wycheproof_key()]
    for _, _, value in _module_values():
        members = [value, *value.get("keys", ())] if isinstance(value, dict) else []
        found += [
            ECKey.import_key({name: item[name] for name in ("kty", "crv", "x", "y")})
            for item in members
            if isinstance(item, dict) and item.get("crv") == "P-256"
        ]
    return list({key.thumbprint(): key for key in found}.values())


def encode_der(data: bytes) -> bytes:
    """Return a signature of a token in the form that the key's library reads."""
    return der(int.from_bytes(data[:32]), int.from_bytes(data[32:]))


@cache
def _module_values() -> list[tuple[str, str, Any]]:
    values = []
    for file in importlib.metadata.files("jwcrypto") or []:
        if file.name.startswith("tests") and file.suffix == ".py":
            name = f"vectors_of_{file.stem.replace('-', '_')}"
            spec = importlib.util.spec_from_file_location(name, str(file.locate()))
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
            values += [(file.stem, key, value) for key, value in vars(module).items() if key[:2] != "__"]
    return values


def _texts(value: Any) -> Iterator[str]:
    """Find tokens in a value: compact ones, JSON serialisations, and examples that are taken apart."""
    if isinstance(value, str):
        if _COMPACT.fullmatch(value) or (value.startswith("{") and ("signature" in value or "tag" in value)):
            yield value
    elif isinstance(value, dict):
        yield from _texts_of_members(value)
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_texts, value))


def _texts_of_members(members: dict[str, Any]) -> Iterator[str]:
    parts = [members.get(name) for name in ("protected", "payload", "signature")]
    if all(isinstance(part, str | bytes) for part in parts):
        yield ".".join(map(_encoded, parts))
    if members.keys() & {"signature", "signatures", "ciphertext"}:
        yield json.dumps(members, default=str)


def _encoded(part: Any) -> str:
    """Encode a part; those of a JSON serialisation are encoded already."""
    if isinstance(part, str) and not part.startswith("{"):
        return part
    return to_base64url(part if isinstance(part, bytes) else part.encode())
