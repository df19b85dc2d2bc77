"""People with accounts on a server: opened over its own API, as anybody's would be."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx2

PASSWORD = "Sesame-Street-9"  # noqa: S105 - of people made up for the run
ALLERGIES = ("milk", "egg", "peanut", "wheat", "soya", "sesame", "celery", "mustard", "lupin", "fish")
PROFILE: Mapping[str, object] = {
    "allergies": [{"name": name, "severity": "severe", "note": "since childhood"} for name in ALLERGIES]
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in; without `refresh` where the server gives no such token."""

    name: str
    email: str
    token: str
    refresh: str = ""


SignIn = Callable[[httpx2.Client, str, str], Person]


def enrol(url: str, number: int, *, register: str, sign_in: SignIn) -> list[Person]:
    """Open so many accounts at the path `register`, some at once, and sign each in."""

    def join(index: int) -> Person:
        name, email = f"guest{index}", f"guest{index}@example.com"
        account = {"email": email, "username": name, "password": PASSWORD}
        client.post(register, json=account).raise_for_status()
        return sign_in(client, name, email)

    with httpx2.Client(base_url=url, timeout=60) as client, ThreadPoolExecutor(8) as threads:
        return list(threads.map(join, range(number)))


def sign_in_again(url: str, people: Sequence[Person], how: SignIn) -> list[Person]:
    """Sign people in anew, for tokens that nobody has spent."""
    with httpx2.Client(base_url=url, timeout=60) as client, ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda person: how(client, person.name, person.email), people))


def at_safeplate(client: httpx2.Client, name: str, email: str) -> Person:
    """Sign in."""
    form = {"username": name, "password": PASSWORD}
    tokens = client.post("/api/v1/auth/login", data=form).raise_for_status().json()
    return Person(name, email, tokens["access_token"], tokens["refresh_token"])


def at_fastapi_users(client: httpx2.Client, name: str, email: str) -> Person:
    """Sign in."""
    form = {"username": email, "password": PASSWORD}
    tokens = client.post("/auth/login", data=form).raise_for_status().json()
    return Person(name, email, tokens["access_token"])


def at_django(client: httpx2.Client, name: str, email: str) -> Person:
    """Sign in."""
    tokens = client.post("/login", json={"username": name, "password": PASSWORD}).raise_for_status().json()
    return Person(name, email, tokens["access"], tokens["refresh"])


def add_profile(url: str, people: Sequence[Person]) -> None:
    """Record a health profile of ten allergies for each."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        for person in people:
            headers = {"Authorization": f"Bearer {person.token}"}
            client.post("/api/v1/health/profiles", json=PROFILE, headers=headers).raise_for_status()
