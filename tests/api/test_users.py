"""Accounts, through the API."""

import json

import httpx2
import pytest

from tests.factories import PASSWORD, erase, make_person, register, sign_in

pytestmark = pytest.mark.anyio


async def test_an_account_is_created_and_shown_to_its_owner(client: httpx2.AsyncClient) -> None:
    created = await register(client)
    tokens = (await sign_in(client, "amira")).json()

    me = await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert created.status_code == 201
    assert set(created.json()) == {
        "id", "email", "username", "email_verified", "role", "locale", "created_at",
    }  # fmt: skip
    assert created.json()["email_verified"] is False
    assert created.json()["role"] == "user"
    assert me.json() == created.json()


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/users/"])
async def test_paths_answer_with_and_without_a_trailing_slash(client: httpx2.AsyncClient, path: str) -> None:
    body = {"email": "amira@example.com", "username": "amira", "password": PASSWORD}

    response = await client.post(path, json=body)

    assert response.status_code == 201
    assert not response.history


@pytest.mark.parametrize(
    "email",
    [
        pytest.param("amira@example.com", id="same"),
        pytest.param("AMIRA@EXAMPLE.COM", id="other-case"),
        pytest.param("\uff41mira@example.com", id="full-width-letter"),
    ],
)
async def test_an_address_belongs_to_one_account_in_every_spelling(
    client: httpx2.AsyncClient, email: str
) -> None:
    await register(client)

    response = await register(client, "boris", email=email)

    assert response.status_code == 409
    assert response.json()["code"] == "email-taken"
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_user_name_belongs_to_one_account_in_every_case(client: httpx2.AsyncClient) -> None:
    await register(client, "Straße", email="amira@example.com")

    response = await register(client, "STRASSE", email="boris@example.com")

    assert response.status_code == 409
    assert response.json()["code"] == "username-taken"


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        pytest.param("Kq7!", {"too-short", "predictable"}, id="short"),
        pytest.param("sesame-street-9", {"needs-upper-case"}, id="no-upper-case"),
        pytest.param("SESAME-STREET-9", {"needs-lower-case"}, id="no-lower-case"),
        pytest.param("Sesame-Street", {"needs-digit"}, id="no-digit"),
        pytest.param("SesameStreet9", {"needs-special"}, id="no-special"),
        pytest.param(
            "aaaa",
            {"too-short", "needs-upper-case", "needs-digit", "needs-special", "predictable", "common"},
            id="everything",
        ),
    ],
)
async def test_a_weak_password_is_refused_with_every_reason(
    client: httpx2.AsyncClient, password: str, codes: set[str]
) -> None:
    response = await register(client, password=password)

    assert response.status_code == 422
    assert {error["code"] for error in response.json()["errors"]} == codes
    assert {error["pointer"] for error in response.json()["errors"]} == {"/password"}
    assert password not in response.text


@pytest.mark.parametrize("special", ["@", "?", " ", "#", "\u00e9\u20ac", "~"])
async def test_any_character_that_is_no_letter_or_digit_counts_as_special(
    client: httpx2.AsyncClient, special: str
) -> None:
    response = await register(client, password=f"SesameStreet9{special}")

    assert response.status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"email": "amira"}, id="no-at"),
        pytest.param({"email": "amira@" + "a" * 250 + ".com"}, id="long-address"),
        pytest.param({"email": "a\u0000@example.com"}, id="nul-in-address"),
        pytest.param({"username": "am"}, id="short-name"),
        pytest.param({"username": "a" * 51}, id="long-name"),
        pytest.param({"username": "amira@home"}, id="at-in-name"),
        pytest.param({"username": "ami\u0000ra"}, id="nul-in-name"),
        pytest.param({"password": "Sesame\u0000Street-9"}, id="nul-in-password"),
        pytest.param({"password": "Aa1-" * 257}, id="long-password"),
    ],
)
async def test_unusable_members_are_refused_and_not_echoed(
    client: httpx2.AsyncClient, changes: dict[str, str]
) -> None:
    ((member, value),) = changes.items()

    response = await register(client, **{"email": "amira@example.com"} | changes)

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [f"/{member}"]
    assert json.dumps(value) not in response.text


async def test_an_owner_changes_name_and_locale(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    response = await client.patch(
        "/api/v1/users/me", json={"username": "Amira.K", "locale": "fr-CA"}, headers=amira.headers
    )

    assert response.status_code == 200
    assert response.json()["username"] == "Amira.K"
    assert response.json()["locale"] == "fr-CA"
    assert (await sign_in(client, "AMIRA.K")).status_code == 200


async def test_a_name_that_is_taken_cannot_be_changed_to(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)
    await make_person(client, "boris")

    response = await client.patch("/api/v1/users/me", json={"username": "BORIS"}, headers=amira.headers)

    assert response.status_code == 409
    me = await client.get("/api/v1/users/me", headers=amira.headers)
    assert me.json()["username"] == "amira"


@pytest.mark.parametrize("member", ["role", "id", "email_verified", "password_hash", "disabled_at"])
async def test_what_is_not_the_owners_to_change_is_refused(client: httpx2.AsyncClient, member: str) -> None:
    amira = await make_person(client)

    response = await client.patch("/api/v1/users/me", json={member: "admin"}, headers=amira.headers)

    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "unknown-member"


async def test_a_deleted_account_is_gone_at_once_with_its_tokens(client: httpx2.AsyncClient) -> None:
    amira = await make_person(client)

    await erase(client, amira)

    assert (await client.get("/api/v1/users/me", headers=amira.headers)).status_code == 401
    assert (await sign_in(client, "amira")).status_code == 401
    refreshed = await client.post("/api/v1/auth/refresh", json={"refresh_token": amira.refresh_token})
    assert refreshed.status_code == 400
    assert (await register(client)).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [{"username": "\ufdfa" * 20}, {"email": "\ufdfa" * 35 + "@example.com"}],
    ids=["name", "address"],
)
async def test_a_name_whose_normal_form_is_too_long_is_refused(
    client: httpx2.AsyncClient, changes: dict[str, str]
) -> None:
    assert (await register(client, **changes)).status_code == 422


async def test_both_databases_speak_of_the_address_where_both_names_are_taken(
    client: httpx2.AsyncClient,
) -> None:
    await register(client)

    response = await register(client)

    assert (response.status_code, response.json()["code"]) == (409, "email-taken")
