"""Access tokens that are wrong in one way each. Most are signed with the service's real key."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from joserfc.jwk import ECKey, OctKey

from backend.utils.security import to_base64url
from tests.forger import ORDER, Forger, der, loose, padded, part

CLAIMS = ("iss", "aud", "sub", "sid", "jti", "iat", "exp", "client_id", "scope")
HOUR = 3_600
Forgery = Callable[[Forger], str]


def _unsigned(algorithm: str) -> Forgery:
    return lambda f: f"{part(f.header | {'alg': algorithm})}.{part(f.claims)}."


def _header(**members: Any) -> Forgery:
    return lambda f: f.make(members)


def _claims(**members: Any) -> Forgery:
    return lambda f: f.make(claims=members)


def _text(name: str, literal: str) -> Forgery:
    return lambda f: f.with_text(name, literal)


def _numbers(r: int | None, s: int | None) -> Forgery:
    return lambda f: f.with_signature(
        lambda old_r, old_s: (
            (old_r if r is None else r).to_bytes(32) + (old_s if s is None else s).to_bytes(32)
        )
    )


def _signature(change: Callable[[int, int], bytes]) -> Forgery:
    return lambda f: f.with_signature(change)


def _with_own_key(forger: Forger) -> str:
    own = ECKey.generate_key("P-256")
    return forger.make({"jwk": own.as_dict(private=False)}, key=own)


def _flattened(forger: Forger) -> str:
    protected, payload, signature = forger.token.split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": signature})


def _general(forger: Forger) -> str:
    protected, payload, signature = forger.token.split(".")
    return json.dumps({"payload": payload, "signatures": [{"protected": protected, "signature": signature}]})


def _dots(count: int) -> Forgery:
    return lambda _: "." * count


def _cut(dots: int) -> Forgery:
    return lambda f: ".".join(f.token.split(".")[:dots]) + "."


ALGORITHMS: dict[str, Forgery] = {
    **{f"alg-{name}-unsigned": _unsigned(name) for name in ("none", "None", "NONE", "nOnE", "", "ES256")},
    **{
        f"alg-{name}": _header(alg=name)
        for name in (
            "none",
            "ES384",
            "ES512",
            "ES256K",
            "RS256",
            "PS256",
            "EdDSA",
            "HS256",
            "es256",
            "ES256 ",
        )
    },
    "alg-list": _header(alg=["ES256"]),
    "alg-object": _header(alg={"ES256": 1}),
    "alg-missing": _header(alg=None),
    "hs256-with-the-public-pem": lambda f: f.hmac("HS256", f.key.as_pem(private=False)),
    "hs256-with-the-public-der": lambda f: f.hmac("HS256", f.key.as_der(private=False)),
    "hs256-with-the-public-jwk": lambda f: f.hmac("HS256", json.dumps(f.key.as_dict(private=False)).encode()),
    "hs256-with-nothing": lambda f: f.hmac("HS256", b""),
    "es256-with-an-hmac": lambda f: f.hmac("ES256", f.key.as_pem(private=False)),
}
HEADERS: dict[str, Forgery] = {
    **{
        f"typ-{name}": _header(typ=name)
        for name in ("JWT", "jwt", "AT+JWT", "application/at+jwt", "", "at+jwt ")
    },
    "typ-missing": _header(typ=None),
    "typ-list": _header(typ=["at+jwt"]),
    "typ-of-a-document": _header(typ="audit-head+jwt"),
    "kid-missing": _header(kid=None),
    "kid-null": lambda f: f.sign(json.dumps(f.header | {"kid": None})),
    **{
        f"kid-{name}": _header(kid=value)
        for name, value in {
            "unknown": "another", "empty": "", "path": "../../../../dev/null", "absolute": "/etc/passwd",
            "sql": "x' UNION SELECT 'key' --", "url": "http://127.0.0.1:1/key", "command": "$(id)|id",
            "nul": "a\x00b", "surrogate": "\ud800", "number": 1, "true": True, "object": {"a": 1},
            "list": [], "huge": "k" * 10_240, "large": "k" * 5_000,
        }.items()
    },
    "kid-in-a-list": lambda f: f.make({"kid": [f.header["kid"]]}),
    "kid-other-case": lambda f: f.make({"kid": f.header["kid"].swapcase()}),
    "kid-with-a-space": lambda f: f.make({"kid": f.header["kid"] + " "}),
    **{
        f"member-{name}": _header(**{name: value})
        for name, value in {
            "crit": ["exp"], "jku": "http://127.0.0.1:1/jwks.json", "x5u": "http://127.0.0.1:1/key.pem",
            "x5c": ["AAAA"], "x5t": "AAAA", "x5t#S256": "AAAA", "b64": False, "zip": "DEF", "cty": "JWT",
            "enc": "A256GCM", "unknown": 1,
        }.items()
    },
    "crit-b64": _header(b64=False, crit=["b64"]),
    "crit-empty": _header(crit=[]),
    "jwk-embedded": _with_own_key,
    "jwk-symmetric": _header(jwk=OctKey.generate_key(256).as_dict(private=True)),
    "another-key-same-kid": lambda f: f.make(key=ECKey.generate_key("P-256")),
    "twice-kid": lambda f: f.sign(json.dumps(f.header)[:-1] + ', "kid": "another"}'),
    "twice-alg": lambda f: f.sign('{"alg": "none", ' + json.dumps(f.header)[1:]),
    "twice-escaped": lambda f: f.sign(json.dumps(f.header)[:-1] + ', "\\u0061lg": "none"}'),
}  # fmt: skip
WRONG_CLAIMS: dict[str, Forgery] = {
    **{f"{name}-missing": _claims(**{name: None}) for name in CLAIMS},
    **{f"{name}-null": _text(name, "null") for name in CLAIMS},
    **{f"{name}-list": _text(name, "[]") for name in CLAIMS},
    **{f"{name}-object": _text(name, "{}") for name in CLAIMS},
    **{f"{name}-true": _text(name, "true") for name in CLAIMS},
    **{f"{name}-number": _text(name, "12345678123456781234567812345678") for name in CLAIMS},
    **{f"{name}-twice": _text(name, f'"x", "{name}": "y"') for name in CLAIMS},
    **{
        f"{name}-{kind}": _text(name, literal)
        for name in ("iat", "exp", "nbf")
        for kind, literal in {
            "text": '"9999999999"', "float": "9999999999.5", "whole-float": "9999999999.0", "nan": "NaN",
            "infinity": "Infinity", "huge": "1e400", "digits": "9" * 5_000, "no-date": "9" * 30,
            "negative": "-1", "hexadecimal": "0xffffffffff", "date": '"2099-01-01T00:00:00Z"',
        }.items()
    },
    **{f"nbf-{kind}": _text("nbf", literal) for kind, literal in {"null": "null", "true": "true"}.items()},
    "expired": lambda f: f.make(claims={"exp": f.claims["iat"] - 1}),
    "exp-this-second": lambda f: f.make(claims={"exp": int(time.time())}),
    "iat-in-the-future": lambda f: f.make(
        claims={"iat": f.claims["iat"] + HOUR, "exp": f.claims["exp"] + HOUR}
    ),
    "nbf-in-the-future": lambda f: f.make(claims={"nbf": f.claims["iat"] + HOUR}),
    "other-audience": _claims(aud="another-service"),
    "audience-other-case": _claims(aud="Safeplate"),
    "audience-list": _claims(aud=["safeplate", "other"]),
    "audience-list-of-one": _claims(aud=["safeplate"]),
    "other-issuer": _claims(iss="https://evil.example"),
    "other-client": _claims(client_id="other"),
    "sub-of-nobody": _claims(sub=str(uuid.uuid4())),
    "sub-no-uuid": _claims(sub="' OR 1=1 --"),
    "sub-surrogate": _claims(sub="\ud800"),
    "sub-nul": lambda f: f.make(claims={"sub": f.claims["sub"] + "\x00"}),
    "sid-of-nobody": _claims(sid=str(uuid.uuid4())),
    "sid-in-a-list": lambda f: f.make(claims={"sid": [f.claims["sid"]]}),
    "sid-is-sub": lambda f: f.make(claims={"sid": f.claims["sub"]}),
    "sub-is-sid": lambda f: f.make(claims={"sub": f.claims["sid"]}),
    "sub-twice": lambda f: f.sign(claims=json.dumps(f.claims)[:-1] + f', "sub": "{uuid.uuid4()}"}}'),
}  # fmt: skip
FORMS: dict[str, Forgery] = {
    "claims-list": lambda f: f.sign(claims="[]"),
    "claims-text": lambda f: f.sign(claims='"text"'),
    "claims-null": lambda f: f.sign(claims="null"),
    "claims-empty": lambda f: f.sign(claims=""),
    "claims-deep": lambda f: f.sign(claims="[" * 5_000),
    "claims-deep-object": lambda f: f.sign(claims='{"a":' * 1_000 + "1" + "}" * 1_000),
    "claims-two-values": lambda f: f.sign(claims=json.dumps(f.claims) * 2),
    "claims-utf-16": lambda f: f.sign(claims=json.dumps(f.claims).encode("utf-16")),
    "claims-bom": lambda f: f.sign(claims=b"\xef\xbb\xbf" + json.dumps(f.claims).encode()),
    "claims-surrogate-bytes": lambda f: f.sign(claims='{"sub": "\ud800"}'),
    "header-deep": lambda f: f.sign("[" * 5_000),
    "header-no-json": lambda f: f.sign("{"),
    "header-list": lambda f: f.sign("[]"),
    "header-surrogate-bytes": lambda f: f.sign(json.dumps(f.header)[:-1] + ', "a": "\ud800"}'),
    "header-comment": lambda f: f.sign(json.dumps(f.header) + "// comment"),
    "header-single-quotes": lambda f: f.sign(json.dumps(f.header).replace('"', "'")),
    "header-padding": lambda f: f.sign_encoded(padded(json.dumps(f.header)), part(f.claims)),
    "claims-padding": lambda f: f.sign_encoded(part(f.header), padded(json.dumps(f.claims))),
    "signature-padding": lambda f: f.token + "==",
    "signature-loose-bits": lambda f: f"{f.token.rpartition('.')[0]}.{loose(f.token.split('.')[2])}",
    "header-standard-alphabet": lambda f: f.sign_encoded(part(f.header) + "+/", part(f.claims)),
    "tab-within": lambda f: f.token[:40] + "\t" + f.token[40:],
    "space-within": lambda f: f.token[:40] + " " + f.token[40:],
    "line-break-within": lambda f: f.token[:40] + "\n" + f.token[40:],
    "non-ascii": lambda f: f.token[:-1] + "é",
    "full-width": lambda f: f.token[:-1] + "\N{FULLWIDTH LATIN CAPITAL LETTER A}",
    "nul": lambda f: f.token + "\x00",
    "nul-within": lambda f: f.token[:9] + "\x00" + f.token[9:],
    "high-bytes": lambda _: "\x80\xff.\x80.\xff",
    "quoted": lambda f: f'"{f.token}"',
    "twice": lambda f: f"{f.token},{f.token}",
    "scheme-twice": lambda f: f"Bearer {f.token}",
    **{f"cut-at-dot-{dots}": _cut(dots) for dots in (1, 2)},
    "cut-signature": lambda f: f.token[:-10],
    "two-parts": lambda f: f.token.rpartition(".")[0],
    "one-part": lambda f: f.token.partition(".")[0],
    "four-parts": lambda f: f.token + ".",
    "five-parts": lambda f: f.token + ".a.b",
    "jwe": lambda _: (
        f"{part({'alg': 'dir', 'enc': 'A256GCM'})}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"
    ),
    "dot-before": lambda f: "." + f.token,
    "dots-doubled": lambda f: f.token.replace(".", ".."),
    **{f"dots-{count}": _dots(count) for count in (1, 2, 3, 4, 1_000)},
    "no-header": lambda f: "." + f.token.partition(".")[2],
    "no-claims": lambda f: "{0}..{2}".format(*f.token.split(".")),
    "parts-swapped": lambda f: "{1}.{0}.{2}".format(*f.token.split(".")),
    "json-flattened": _flattened,
    "json-general": _general,
    "over-8-kib": _claims(scope="x" * 9_000),
    "over-8-kib-of-nothing": lambda _: "A" * 9_000,
    "refresh-token": lambda f: f.person.refresh_token,
    "session-id": lambda f: str(f.claims["sid"]),
    "password-hash": lambda _: "$argon2id$v=19$m=8192,t=1,p=1$AAAA$AAAA",
}
SIGNATURES: dict[str, Forgery] = {
    "empty": _signature(lambda *_: b""),
    "zero": _numbers(0, 0),
    **{f"r-is-{name}": _numbers(value, None) for name, value in {"0": 0, "1": 1, "n": ORDER}.items()},
    **{f"s-is-{name}": _numbers(None, value) for name, value in {"0": 0, "1": 1, "n": ORDER}.items()},
    "one-one": _numbers(1, 1),
    "n-n": _numbers(ORDER, ORDER),
    "n-minus-1": _numbers(ORDER - 1, ORDER - 1),
    "all-ones": _numbers(2**256 - 1, 2**256 - 1),
    "swapped": _signature(lambda r, s: s.to_bytes(32) + r.to_bytes(32)),
    "one-bit": _signature(lambda r, s: (r ^ 1).to_bytes(32) + s.to_bytes(32)),
    "r-plus-n": _signature(lambda r, s: (r + ORDER).to_bytes(33) + s.to_bytes(33)),
    "s-plus-n": _signature(lambda r, s: r.to_bytes(33) + (s + ORDER).to_bytes(33)),
    "too-short": _signature(lambda r, s: r.to_bytes(32) + s.to_bytes(32)[:-1]),
    "too-long": _signature(lambda r, s: r.to_bytes(32) + s.to_bytes(32) + b"\x00"),
    "zeros-before": _signature(lambda r, s: r.to_bytes(33) + s.to_bytes(33)),
    "zeros-behind": _signature(lambda r, s: r.to_bytes(32) + b"\x00" + s.to_bytes(32) + b"\x00"),
    "der": _signature(der),
    "der-padded": _signature(lambda r, s: der(r, s)[:64].ljust(64, b"\x00")),
    "of-another-token": lambda f: f"{f.token.rpartition('.')[0]}.{f.make(claims={'jti': 'x'}).split('.')[2]}",
    "of-the-claims-alone": lambda f: f"{f.token.rpartition('.')[0]}.{f.sign('', None).split('.')[2]}",
    "text": lambda f: f"{f.token.rpartition('.')[0]}.{to_base64url(b'signature')}",
}

FORGERIES = {
    "algorithms": ALGORITHMS,
    "headers": HEADERS,
    "claims": WRONG_CLAIMS,
    "forms": FORMS,
    "signatures": SIGNATURES,
}
