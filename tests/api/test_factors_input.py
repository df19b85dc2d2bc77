"""Hostile answers to challenges: refused, whatever they are, and never with a 500."""

from typing import Any

import httpx2
import pytest

from tests.authenticator import Authenticator
from tests.conftest import FakeClock
from tests.factories import make_person
from tests.second_factors import (
    AUTH,
    FACTORS,
    ask_for_passkey,
    challenge,
    enrol_passkey,
    enrol_totp,
    show_code,
)

pytestmark = pytest.mark.anyio

SPOILT = [
    pytest.param({"rawId": "AB"}, id="id in no canonical form"),
    pytest.param({"rawId": "AAAA"}, id="ids that differ"),
    pytest.param({"response.clientDataJSON": "AB"}, id="client data in no canonical form"),
    pytest.param({"response.clientDataJSON": "bnVsbA"}, id="client data that is null"),
    pytest.param({"response.clientDataJSON": "eyJ0eXBlIjp7fX0"}, id="client data of odd types"),
    pytest.param({"response.authenticatorData": "AAAA"}, id="short authenticator data"),
    pytest.param({"response.authenticatorData": "A" * 200}, id="empty authenticator data"),
    pytest.param({"response.signature": "AAAA"}, id="no signature"),
    pytest.param({"response.userHandle": "AB"}, id="handle in no canonical form"),
]


def _spoil(credential: dict[str, Any], changes: dict[str, str]) -> dict[str, Any]:
    for path, value in changes.items():
        *parents, name = path.split(".")
        part = credential
        for parent in parents:
            part = part[parent]
        part[name] = value
    return credential


@pytest.mark.parametrize("changes", SPOILT)
async def test_a_spoilt_answer_is_refused(client: httpx2.AsyncClient, changes: dict[str, str]) -> None:
    amira, authenticator = await make_person(client), Authenticator()
    await enrol_passkey(client, amira, authenticator)
    question = await ask_for_passkey(client)
    credential = _spoil(authenticator.get(question["options"]), changes)

    body = {"challenge": question["challenge"], "credential": credential}
    refused = await client.post(f"{AUTH}/passkey/login", json=body)

    assert (refused.status_code, refused.json()["code"]) == (401, "factor-invalid")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"rawId": "AB"}, id="id in no canonical form"),
        pytest.param({"rawId": "AAAA", "id": "AAAA"}, id="another id"),
        pytest.param({"response.clientDataJSON": "bnVsbA"}, id="client data that is null"),
        pytest.param({"response.attestationObject": "oA"}, id="attestation of nothing"),
        pytest.param({"response.attestationObject": "n5-fn5-f"}, id="attestation without an end"),
    ],
)
async def test_a_spoilt_passkey_is_refused(client: httpx2.AsyncClient, changes: dict[str, str]) -> None:
    amira = await make_person(client)
    question = (await client.post(f"{FACTORS}/passkeys/options", headers=amira.headers)).json()
    credential = _spoil(Authenticator().create(question["options"]), changes)

    body = {"challenge": question["challenge"], "credential": credential}
    refused = await client.post(f"{FACTORS}/passkeys", json=body, headers=amira.headers)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-input")


@pytest.mark.parametrize("method", ["totp", "recovery"])
@pytest.mark.parametrize("code", ["000000", "12 34 56 78", "٠١٢٣٤٥", "ßßßßßß", "-" * 40, "' OR 1=1 --"])
async def test_what_is_no_code_is_refused(
    client: httpx2.AsyncClient, time: FakeClock, method: str, code: str
) -> None:
    amira = await make_person(client)
    await enrol_totp(client, amira, time)

    refused = await show_code(client, await challenge(client), code, method)

    assert (refused.status_code, refused.json()["code"]) == (401, "factor-invalid")
    assert code not in refused.text


@pytest.mark.parametrize("token", ["B" * 43, "A" * 43, "_" * 43])
async def test_what_is_no_challenge_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    for method in ("totp", "recovery"):
        refused = await show_code(client, {"challenge": token}, "123456", method)
        assert (refused.status_code, refused.json()["code"]) == (400, "challenge-invalid")
