"""What authenticators answer: what holds, and every way in which it does not."""

import secrets
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.config import Settings
from backend.core.passkeys import Descriptor, Passkey, PasskeyUnverifiableError, RelyingParty, relying_party
from backend.utils.security import from_base64url, to_base64url
from tests.authenticator import ORIGIN, Authenticator

PARTY = RelyingParty("localhost", (ORIGIN, "https://food.example"))
USER = b"amira's handle"


def _create(authenticator: Authenticator, challenge: bytes, asked: bytes | None = None) -> Passkey:
    options = PARTY.creation_options(asked or challenge, user_handle=USER, user_name="amira", exclude=())
    return PARTY.verify_creation(authenticator.create(options), challenge=challenge)


def _answer(authenticator: Authenticator, challenge: bytes) -> dict[str, Any]:
    return authenticator.get(PARTY.request_options(challenge, allow=()))


@pytest.mark.parametrize("algorithm", [-7, -8, -257], ids=["ES256", "EdDSA", "RS256"])
def test_a_passkey_of_each_algorithm_is_made_and_used(algorithm: int) -> None:
    authenticator = Authenticator(algorithm=algorithm, eligible=True, backed_up=True)
    first, second = secrets.token_bytes(32), secrets.token_bytes(32)

    made = _create(authenticator, first)
    used = PARTY.verify_assertion(
        _answer(authenticator, second), challenge=second, public_key=made.public_key
    )

    assert (made.credential_id, made.sign_count) == (authenticator.credential_id, 0)
    assert (made.backup_eligible, made.backed_up) == (True, True)
    assert made.transports == ("hybrid", "internal")
    assert authenticator.user_handle == USER
    assert (used.sign_count, used.backup_eligible, used.backed_up) == (1, True, True)


def test_a_browser_is_asked_for_a_discoverable_passkey_with_verification_and_no_make() -> None:
    known = Descriptor(b"known", ("usb",))

    options = PARTY.creation_options(b"c" * 32, user_handle=USER, user_name="amira", exclude=[known])

    assert options["rp"] == {"name": "Safeplate", "id": "localhost"}
    assert [item["alg"] for item in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["excludeCredentials"] == [
        {"id": to_base64url(b"known"), "type": "public-key", "transports": ["usb"]}
    ]


def test_a_key_that_attests_itself_is_taken_and_no_other_attestation() -> None:
    challenge = secrets.token_bytes(32)

    made = _create(Authenticator(attestation="packed"), challenge)

    assert made.sign_count == 0
    for attestation in ("apple", "tpm", "unheard-of"):
        with pytest.raises(PasskeyUnverifiableError):
            _create(Authenticator(attestation=attestation), challenge)


FAULTS = [
    pytest.param({"origin": "https://evil.example"}, id="wrong origin"),
    pytest.param({"origin": ORIGIN + ".evil.example"}, id="origin that begins like ours"),
    pytest.param({"rp_id": "evil.example"}, id="wrong domain"),
    pytest.param({"verifies": False}, id="user not verified"),
    pytest.param({"cross_origin": True}, id="in a frame of another site"),
    pytest.param({"backed_up": True}, id="backed up though not eligible"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_creation_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(PasskeyUnverifiableError):
        _create(Authenticator(**fault), secrets.token_bytes(32))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_use_is_refused(fault: dict[str, Any]) -> None:
    authenticator, challenge = Authenticator(), secrets.token_bytes(32)
    made = _create(authenticator, challenge)
    for name, value in fault.items():
        setattr(authenticator, name, value)

    with pytest.raises(PasskeyUnverifiableError):
        PARTY.verify_assertion(
            _answer(authenticator, challenge), challenge=challenge, public_key=made.public_key
        )


def test_an_answer_to_another_challenge_is_refused() -> None:
    authenticator, challenge = Authenticator(), secrets.token_bytes(32)
    made = _create(authenticator, challenge)

    with pytest.raises(PasskeyUnverifiableError):
        _create(Authenticator(), challenge, asked=secrets.token_bytes(32))
    with pytest.raises(PasskeyUnverifiableError):
        PARTY.verify_assertion(
            _answer(authenticator, secrets.token_bytes(32)), challenge=challenge, public_key=made.public_key
        )


def test_a_signature_of_another_key_is_refused() -> None:
    challenge = secrets.token_bytes(32)
    made = _create(Authenticator(), challenge)

    with pytest.raises(PasskeyUnverifiableError):
        PARTY.verify_assertion(
            _answer(Authenticator(), challenge), challenge=challenge, public_key=made.public_key
        )


@pytest.mark.parametrize(
    "key",
    [
        pytest.param({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}, id="point not on the curve"),
        pytest.param({1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)}, id="algorithm not asked for"),
        pytest.param({1: 3, 3: -257, -1: b"\xff" * 2_048, -2: b"\x01\x00\x01"}, id="giant RSA key"),
        pytest.param({1: 1, 3: -8, -1: 6, -2: "text"}, id="text for bytes"),
        pytest.param({}, id="empty"),
        pytest.param([1, 2], id="no map"),
        pytest.param("key", id="text"),
    ],
)
def test_what_is_no_key_of_ours_is_refused(key: object) -> None:
    authenticator, challenge = Authenticator(), secrets.token_bytes(32)
    options = PARTY.creation_options(challenge, user_handle=USER, user_name="amira", exclude=())
    credential = authenticator.create(options)
    attestation = cbor2.loads(from_base64url(credential["response"]["attestationObject"]))
    attestation["authData"] = attestation["authData"][: 37 + 18 + 32] + cbor2.dumps(key)
    credential["response"]["attestationObject"] = to_base64url(cbor2.dumps(attestation))

    with pytest.raises(PasskeyUnverifiableError):
        PARTY.verify_creation(credential, challenge=challenge)


@given(data=st.binary(max_size=300), part=st.sampled_from(["clientDataJSON", "attestationObject"]))
def test_noise_is_refused_and_nothing_else_happens(data: bytes, part: str) -> None:
    challenge = b"c" * 32
    options = PARTY.creation_options(challenge, user_handle=USER, user_name="amira", exclude=())
    credential = Authenticator().create(options)
    credential["response"][part] = to_base64url(data)

    with pytest.raises(PasskeyUnverifiableError):
        PARTY.verify_creation(credential, challenge=challenge)


@pytest.mark.parametrize(
    ("auth", "public_url", "expected"),
    [
        pytest.param({}, "http://127.0.0.1:8000", ("localhost", (ORIGIN,)), id="address"),
        pytest.param({}, "http://[::1]:8000", ("localhost", (ORIGIN,)), id="IPv6 address"),
        pytest.param(
            {}, "https://food.example/", ("food.example", ("https://food.example",)), id="public URL"
        ),
        pytest.param(
            {"passkey_rp_id": "example.org", "passkey_origins": ["https://a.example.org"]},
            "https://food.example",
            ("example.org", ("https://a.example.org",)),
            id="set",
        ),
    ],
)
def test_passkeys_belong_to_the_public_domain(
    auth: dict[str, Any], public_url: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    settings = Settings.model_validate({"auth": auth, "mail": {"public_url": public_url}})

    party = relying_party(settings)

    assert (party.id, party.origins) == expected
