"""Made-up people and what they have. Amira owns, Boris is the stranger, Olga administers."""

import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from backend.api.dependencies import Resources
from backend.core import keys
from backend.core.config import Settings
from backend.models.users import UserRole
from backend.services import admin

AMIRA_ID = uuid.UUID(int=1)
PASSWORD = "Sesame-Street-9"


def make_settings(data_dir: Path, database_url: str | None = None, **changes: Any) -> Settings:
    """Return settings for tests: fast hashes, no rate limits, keys in the data folder, nothing remembered."""
    keys.create_files(data_dir)
    values: dict[str, Any] = {
        "data_dir": data_dir,
        "password": {"memory_kib": 8_192, "passes": 1},
        "rate_limit": {"enabled": False},
        "log": {"level": "warning"},
        "jobs": {"enabled": False},
        "catalog": {"max_age": 0},
    }
    if database_url is not None:
        values["database"] = {"url": database_url}
    return Settings.model_validate(values | changes)


def url_of(settings: Settings) -> str:
    """Return the database's URL as an operator would write it."""
    return settings.database_url.render_as_string(hide_password=False)


@dataclass(frozen=True)
class Person:
    """Somebody who has an account and is signed in."""

    id: uuid.UUID
    username: str
    email: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """The header that shows who they are."""
        return {"Authorization": f"Bearer {self.access_token}"}


async def register(client: httpx2.AsyncClient, username: str = "amira", **changes: str) -> httpx2.Response:
    """Ask for an account."""
    body = {"email": f"{username}@example.com", "username": username, "password": PASSWORD} | changes
    return await client.post("/api/v1/users/", json=body)


async def sign_in(client: httpx2.AsyncClient, username: str, password: str = PASSWORD) -> httpx2.Response:
    """Ask for tokens."""
    form = {"username": username, "password": password}
    return await client.post("/api/v1/auth/login", data=form)


async def make_person(client: httpx2.AsyncClient, username: str = "amira") -> Person:
    """Create an account and sign in."""
    account = (await register(client, username)).raise_for_status().json()
    tokens = (await sign_in(client, username)).raise_for_status().json()
    return Person(
        uuid.UUID(account["id"]),
        username,
        account["email"],
        tokens["access_token"],
        tokens["refresh_token"],
    )


def profile_body(**changes: Any) -> dict[str, Any]:
    """Return the body of a profile."""
    body: dict[str, Any] = {
        "display_name": "Amira",
        "allergies": [
            {
                "name": "milk",
                "kind": "allergy",
                "severity": "life_threatening",
                "reactions": ["anaphylaxis"],
                "avoid_traces": True,
                "note": "carries an injector",
            },
            {"name": "Arachide"},
        ],
        "dietary_restrictions": ["vegetarian"],
        "medical_conditions": ["coeliac disease"],
    }
    return body | changes


async def make_profile(client: httpx2.AsyncClient, person: Person, **changes: Any) -> httpx2.Response:
    """Record a profile."""
    response = await client.post(
        "/api/v1/health/profiles", json=profile_body(**changes), headers=person.headers
    )
    return response.raise_for_status()


async def erase(client: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    """Have an account erased at once."""
    response = await client.delete("/api/v1/users/me", params={"immediately": True}, headers=person.headers)
    return response.raise_for_status()


async def make_admin(client: httpx2.AsyncClient, resources: Resources, username: str = "olga") -> Person:
    """Create an administrator and sign in."""
    person = await make_person(client, username)
    async with resources.database.unit() as session:
        await admin.change_role(session, admin.OPERATOR, person.id, UserRole.ADMIN, keyring=resources.keyring)
    tokens = (await sign_in(client, username)).raise_for_status().json()
    return replace(person, access_token=tokens["access_token"], refresh_token=tokens["refresh_token"])
