"""`safeplate user ...` beside a running server, on each database."""

import json
import os
import pty
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pyotp
import pytest

from tests.factories import PASSWORD
from tests.server.conftest import SAFEPLATE, Server

ME, LOGIN, ADMIN = "/api/v1/users/me", "/api/v1/auth/login", "/api/v1/admin/users"
OTHER = "Another-Street-7"

pytestmark = pytest.mark.server


@pytest.fixture
def client(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=30) as opened:
        yield opened


def _create(server: Server, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = ("user", "create", f"{name}@example.com", name, "--password-stdin", *options)
    return server.command(*arguments, stdin=f"{PASSWORD}\n")


def _sign_in(client: httpx2.Client, name: str, password: str = PASSWORD) -> dict[str, str]:
    answer = client.post(LOGIN, data={"username": name, "password": password})
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


def _listed(server: Server, *filters: str) -> list[dict[str, Any]]:
    done = server.command("user", "list", "--json", *filters)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _activity(client: httpx2.Client, headers: dict[str, str]) -> list[tuple[str, str]]:
    items = client.get(f"{ME}/activity", headers=headers).json()["items"]
    return [(item["action"], item["actor"]) for item in items]


def test_the_first_administrator_comes_from_the_command_line(server: Server, client: httpx2.Client) -> None:
    done = _create(server, "olga", "--admin", "--verified")

    assert (done.returncode, done.stdout, done.stderr) == (0, "Created.\n", "")
    headers = _sign_in(client, "olga")
    me = client.get(ME, headers=headers).json()
    assert (me["role"], me["email_verified"]) == ("admin", True)
    assert client.get(ADMIN, headers=headers).status_code == 200
    assert {("account_registered", "operator"), ("role_changed", "operator")} <= set(
        _activity(client, headers)
    )


def test_an_account_is_created_as_an_ordinary_one_unless_it_is_said(
    server: Server, client: httpx2.Client
) -> None:
    _create(server, "plain")

    me = client.get(ME, headers=_sign_in(client, "plain")).json()
    assert (me["role"], me["email_verified"]) == ("user", False)


def test_a_token_is_refused_within_the_second_after_a_change(server: Server, client: httpx2.Client) -> None:
    _create(server, "changed")
    commands = (("disable",), ("enable",), ("promote",), ("promote", "--to", "user"), ("sessions", "--end"))
    for act, *options in commands:
        if act == "enable":
            assert client.post(LOGIN, data={"username": "changed", "password": PASSWORD}).status_code == 401
            assert server.command("user", "enable", "changed").returncode == 0
            continue
        headers = _sign_in(client, "changed")
        assert client.get(ME, headers=headers).status_code == 200

        done = server.command("user", act, "CHANGED@example.com", *options)

        assert (done.returncode, done.stderr) == (0, "")
        assert {client.get(ME, headers=headers).status_code for _ in range(8)} == {401}


def test_what_operators_do_is_written_down(server: Server, client: httpx2.Client) -> None:
    _create(server, "watched")
    for act in (("disable",), ("enable",), ("promote",), ("sessions",), ("sessions", "--end")):
        server.command("user", act[0], "watched", *act[1:])
    server.command("user", "reset-password", "watched", "--password-stdin", stdin=OTHER)

    written = _activity(client, _sign_in(client, "watched", OTHER))

    assert written == [
        ("signed_in", "owner"),
        ("password_reset", "operator"),
        ("sessions_ended", "operator"),
        ("account_read", "operator"),
        ("role_changed", "operator"),
        ("account_enabled", "operator"),
        ("account_disabled", "operator"),
        ("account_registered", "operator"),
    ]


def test_a_password_is_set_from_standard_input(server: Server, client: httpx2.Client) -> None:
    _create(server, "forgetful")
    headers = _sign_in(client, "forgetful")

    done = server.command("user", "reset-password", "forgetful", "--password-stdin", stdin=f"{OTHER}\n")

    assert (done.returncode, done.stdout, done.stderr) == (0, "The password is set.\n", "")
    assert client.get(ME, headers=headers).status_code == 401
    old = client.post(LOGIN, data={"username": "forgetful", "password": PASSWORD})
    assert old.status_code == 401
    assert client.get(ME, headers=_sign_in(client, "forgetful", OTHER)).status_code == 200


def test_a_link_for_a_new_password_is_mailed_by_the_running_server(
    server: Server, client: httpx2.Client
) -> None:
    _create(server, "lost", "--verified")
    headers = _sign_in(client, "lost")

    done = server.command("user", "reset-password", "lost")

    assert (done.returncode, done.stdout) == (0, "The letter will be sent.\n")
    assert client.get(ME, headers=headers).status_code == 401
    deadline = time.monotonic() + 20
    letters: list[str] = []
    while not letters and time.monotonic() < deadline:
        time.sleep(0.2)
        texts = [path.read_text("utf-8") for path in (server.data_dir / "outbox").glob("*.eml")]
        letters = [text for text in texts if "lost@example.com" in text and "/reset-password#token" in text]
    assert len(letters) == 1


def test_whoever_lost_every_factor_is_let_in_again(server: Server, client: httpx2.Client) -> None:
    _create(server, "factorless")
    headers = _sign_in(client, "factorless")
    factors = "/api/v1/auth/factors"
    begun = client.post(f"{factors}/totp", headers=headers, json={}).raise_for_status().json()
    code = pyotp.TOTP(begun["secret"]).now()
    client.post(f"{factors}/totp/confirm", headers=headers, json={"code": code}).raise_for_status()
    client.post(f"{factors}/recovery-codes", headers=headers).raise_for_status()
    login = {"username": "factorless", "password": PASSWORD}
    asked = client.post(LOGIN, data=login).json()["code"]

    done = server.command("user", "remove-factors", "factorless")

    assert (asked, done.returncode, done.stderr) == ("mfa-required", 0, "")
    assert client.get(ME, headers=headers).status_code == 401
    headers = _sign_in(client, "factorless")
    left = client.get(factors, headers=headers).json()
    assert left == {"items": [], "next_cursor": None, "recovery_codes_left": 0}
    assert ("factor_removed", "operator") in _activity(client, headers)


def test_accounts_are_listed_and_searched(server: Server) -> None:
    for name in ("list_one", "list_two", "listxtwo"):
        _create(server, name)
    server.command("user", "disable", "list_two")

    assert [item["username"] for item in _listed(server, "--search", "LIST_")] == ["list_one", "list_two"]
    assert [item["username"] for item in _listed(server, "--search", "list", "--disabled")] == ["list_two"]
    assert [item["username"] for item in _listed(server, "--search", "list", "--enabled")] == [
        "list_one",
        "listxtwo",
    ]
    assert _listed(server, "--search", "list", "--role", "admin") == []
    table = server.command("user", "list", "--search", "list_").stdout
    assert [word in table for word in ("list_one@example.com", "listxtwo", "password")] == [
        True,
        False,
        False,
    ]


def test_devices_are_listed(server: Server, client: httpx2.Client) -> None:
    _create(server, "devices")
    _sign_in(client, "devices")

    done = server.command("user", "sessions", "devices", "--json")

    (listed,) = json.loads(done.stdout)
    assert (listed["ip_prefix"], listed["client_id"], listed["current"]) == (
        "127.0.0.0/24",
        "safeplate",
        False,
    )
    assert "127.0.0.0/24" in server.command("user", "sessions", "devices").stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "hint"),
    [
        (("disable", "nobody-here"), "", "There is no account"),
        (("promote", "nobody-here"), "", "There is no account"),
        (("sessions", "nobody@example.com"), "", "There is no account"),
        (("reset-password", "nobody-here"), "", "There is no account"),
        (("create", "no-address", "somebody", "--password-stdin"), PASSWORD, "email: "),
        (("create", "x@example.com", "a b", "--password-stdin"), PASSWORD, "username: "),
        (("create", "x@example.com", "somebody", "--password-stdin"), "weak", "password: "),
        (("create", "x@example.com", "somebody", "--password-stdin"), "", "password: "),
        (("create", "x@example.com", "somebody"), PASSWORD, "--password-stdin"),
        (("list", "--search", " "), "", "search: "),
    ],
)
def test_what_is_wrong_is_said_in_a_line_each(
    server: Server, arguments: tuple[str, ...], stdin: str, hint: str
) -> None:
    done = server.command("user", *arguments, stdin=stdin)

    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert "weak" not in done.stderr
    assert all(line.startswith(hint) or hint in line for line in done.stderr.splitlines())


def test_a_name_that_is_taken_is_said(server: Server) -> None:
    _create(server, "taken")

    done = _create(server, "taken")

    assert (done.returncode, done.stderr) == (2, "This email address is already in use\n")


def test_a_shut_account_gets_no_letter(server: Server) -> None:
    _create(server, "shut")
    server.command("user", "disable", "shut")

    done = server.command("user", "reset-password", "shut")

    assert (done.returncode, done.stderr) == (2, "The account is disabled: enable it first\n")


def test_a_password_that_is_typed_is_not_shown(server: Server, client: httpx2.Client) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [SAFEPLATE, "user", "create", "typed@example.com", "typed", "--data-dir", server.data_dir],
        env=server.environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    for question in (b"Password: ", b"confirmation: "):
        while question not in shown:
            shown += os.read(ours, 1024)
        os.write(ours, PASSWORD.encode() + b"\n")
    while b"Created." not in shown:
        shown += os.read(ours, 1024)

    assert process.wait(timeout=30) == 0
    os.close(ours)
    assert PASSWORD.encode() not in shown
    assert client.get(ME, headers=_sign_in(client, "typed")).status_code == 200
