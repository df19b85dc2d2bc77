"""What people with second factors do, through the API."""

from typing import Any

import httpx2
import pyotp

from backend.core.clock import now
from tests.authenticator import Authenticator
from tests.conftest import FakeClock
from tests.factories import PASSWORD, Person, sign_in

AUTH = "/api/v1/auth"
FACTORS = f"{AUTH}/factors"


def code_of(secret: str, steps: int = 0) -> str:
    """Return an app's code, now or some steps of 30 seconds away."""
    return pyotp.TOTP(secret).at(now(), counter_offset=steps)


async def enrol_totp(client: httpx2.AsyncClient, person: Person, time: FakeClock) -> str:
    """Set an authenticator app up, let its code pass, and return its secret."""
    begun = await client.post(f"{FACTORS}/totp", json={}, headers=person.headers)
    secret: str = begun.raise_for_status().json()["secret"]
    body = {"code": code_of(secret)}
    (await client.post(f"{FACTORS}/totp/confirm", json=body, headers=person.headers)).raise_for_status()
    time.advance(seconds=30)
    return secret


async def enrol_passkey(
    client: httpx2.AsyncClient, person: Person, authenticator: Authenticator, name: str = "Laptop"
) -> httpx2.Response:
    """Set a passkey up."""
    asked = await client.post(f"{FACTORS}/passkeys/options", headers=person.headers)
    question = asked.raise_for_status().json()
    body = {
        "challenge": question["challenge"],
        "name": name,
        "credential": authenticator.create(question["options"]),
    }
    return await client.post(f"{FACTORS}/passkeys", json=body, headers=person.headers)


async def make_codes(client: httpx2.AsyncClient, person: Person) -> list[str]:
    """Make recovery codes."""
    made = await client.post(f"{FACTORS}/recovery-codes", headers=person.headers)
    codes: list[str] = made.raise_for_status().json()["codes"]
    return codes


async def challenge(
    client: httpx2.AsyncClient, username: str = "amira", password: str = PASSWORD
) -> dict[str, Any]:
    """Show the password, and return the question that follows."""
    answer = await sign_in(client, username, password)
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (401, "mfa-required"), problem
    return problem


async def show_code(
    client: httpx2.AsyncClient, question: dict[str, Any], code: str, method: str = "totp"
) -> httpx2.Response:
    """Answer with a code."""
    body = {"challenge": question["challenge"], "code": code}
    return await client.post(f"{AUTH}/mfa/{method}", json=body)


async def show_passkey(
    client: httpx2.AsyncClient, question: dict[str, Any], authenticator: Authenticator
) -> httpx2.Response:
    """Answer with a passkey."""
    credential = authenticator.get(question["passkey_options"])
    body = {"challenge": question["challenge"], "credential": credential}
    return await client.post(f"{AUTH}/mfa/passkey", json=body)


async def ask_for_passkey(client: httpx2.AsyncClient, **choice: str) -> dict[str, Any]:
    """Ask for a sign-in with a passkey alone."""
    asked = await client.post(f"{AUTH}/passkey/options", json=choice)
    question: dict[str, Any] = asked.raise_for_status().json()
    return question


async def login_with_passkey(
    client: httpx2.AsyncClient, authenticator: Authenticator, question: dict[str, Any] | None = None
) -> httpx2.Response:
    """Sign in with a passkey alone."""
    question = question or await ask_for_passkey(client)
    credential = authenticator.get(question["options"])
    body = {"challenge": question["challenge"], "credential": credential}
    return await client.post(f"{AUTH}/passkey/login", json=body)


def headers_of(answer: httpx2.Response) -> dict[str, str]:
    """Return the header that shows who has signed in."""
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
