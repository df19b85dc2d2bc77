"""What a visit leaves in the log: one line for each event, in one form, with nothing of the visitor's."""

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.config import Settings
from backend.core.mail import MailDelayedError
from backend.main import create_app
from tests.conftest import FakeClock, MemoryMailer, Post
from tests.factories import PASSWORD, make_person, make_profile, make_settings, register, sign_in, url_of
from tests.second_factors import challenge, code_of, enrol_totp, headers_of, make_codes, show_code

pytestmark = pytest.mark.anyio

AUTH = "/api/v1/auth"
NEW_PASSWORD = "Another-Street-8"
HOSTILE = {"User-Agent": 'Mozilla\x1b[31m "}{"event": "forged"} %0d%0a{0}', "Request-Id": 'a\tb"}'}


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    yield
    logging.getLogger().handlers[:] = []


@pytest.fixture
async def chatty(
    app: FastAPI, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[FastAPI]:
    """Return an application on the same database that logs everything to what capsys reads."""
    tight = {"enabled": True, "registration": "4/minute", "login": "1000/minute", "recovery": "1000/minute"}
    made = create_app(
        make_settings(settings.data_dir, url_of(settings), log={"level": "debug"}, rate_limit=tight)
    )
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def visitor(chatty: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client whose own log is off: it is not ours."""
    logging.getLogger("httpx2").setLevel(logging.CRITICAL)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=chatty), base_url="http://test"
    ) as client:
        yield client
    logging.getLogger("httpx2").setLevel(logging.NOTSET)


@pytest.fixture
def mail(chatty: FastAPI) -> Post:
    """Return the mail of the application that logs everything."""
    return Post(MemoryMailer(), chatty.state.resources)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    output = capsys.readouterr().err
    assert "\x1b" not in output
    return [json.loads(line) for line in output.splitlines()]


def _codes(lines: list[dict[str, Any]]) -> list[str]:
    return [line["code"] for line in lines if line["event"] == "request_refused"]


async def test_a_whole_visit_leaves_no_secret_address_or_health_word(
    visitor: httpx2.AsyncClient, mail: Post, time: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    amira = await make_person(visitor)
    await mail.deliver()
    link = mail.mailer.token()
    await visitor.post(f"{AUTH}/email/verify", json={"token": link, "password": PASSWORD})
    await make_profile(visitor, amira)
    secret = await enrol_totp(visitor, amira, time)
    codes = await make_codes(visitor, amira)
    question = await challenge(visitor)
    shown = code_of(secret)
    tokens = await show_code(visitor, question, shown)
    await sign_in(visitor, "amira", "Wrong-Password-zq")
    await sign_in(visitor, "nobody-zq@example.com", "Wrong-Password-zq")
    await visitor.post(f"{AUTH}/password/forgot", json={"email": amira.email})
    await mail.deliver()
    reset = mail.mailer.token()
    await visitor.post(f"{AUTH}/password/reset", json={"token": reset, "new_password": NEW_PASSWORD})
    await visitor.post(f"{AUTH}/password/reset", json={"token": reset, "new_password": NEW_PASSWORD})
    await visitor.get("/api/v1/users/me?diagnosis-zq=hiv-zq", headers=headers_of(tokens))
    await visitor.post("/api/v1/users", content=b'{"password": "cut-zq')

    output = capsys.readouterr().err

    issued = tokens.json()
    words = [
        amira.email, "amira", "zq", "example.com", PASSWORD, NEW_PASSWORD, "Wrong-Password", link, reset,
        secret, shown, *codes, question["challenge"], amira.access_token, amira.refresh_token,
        issued["access_token"], issued["refresh_token"], "milk", "Arachide", "coeliac", "vegetarian",
        "injector", "argon2", "127.0.0",
    ]  # fmt: skip
    assert output.count("\n") > 20
    assert [word for word in words if word in output] == []


async def test_every_line_says_when_in_utc_what_and_for_which_request(
    visitor: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    amira = await make_person(visitor)
    answer = await visitor.get("/api/v1/users/me", headers=amira.headers)

    lines = _lines(capsys)

    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["timestamp"])
        assert line["level"] in {"debug", "info", "warning", "error"}
        assert line["event"]
    (own,) = [line for line in lines if line.get("request_id") == answer.headers["request-id"]]
    assert own["event"] == "request"
    assert own["user_id"] == str(amira.id)
    assert (own["method"], own["route"], own["status"]) == ("GET", "/api/v1/users/me", 200)


async def test_what_a_caller_sends_begins_no_line_and_forges_no_event(
    visitor: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = '\r\n{"event": "forged"}\x1b[2J'

    visitor.headers.update(HOSTILE)
    await register(visitor, username=f"amira{forged}")
    await sign_in(visitor, f"amira{forged}", f"x{forged}")
    await visitor.get(f"/api/v1/users/{forged.encode().hex()}", params={"q": forged})
    await visitor.request("FORGED", "/%0d%0a%7b%22event%22")
    await make_person(visitor)

    events = [line["event"] for line in _lines(capsys)]

    assert "forged" not in str(events)
    assert events.count("request") == 6


async def test_refused_access_is_an_event(
    visitor: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    amira, boris = await make_person(visitor), await make_person(visitor, "boris")
    profile = (await make_profile(visitor, amira)).json()["id"]
    _lines(capsys)

    await visitor.get(f"/api/v1/health/profiles/{profile}", headers=boris.headers)
    await visitor.get("/api/v1/users/me", headers={"Authorization": "Bearer forged"})

    lines = [line for line in _lines(capsys) if line["event"] == "request_refused"]
    assert [(line["code"], line["status"]) for line in lines] == [
        ("profile-not-found", 404),
        ("invalid-token", 401),
    ]
    assert lines[0]["user_id"] == str(boris.id)
    assert "user_id" not in lines[1]


async def test_attempts_to_get_around_a_control_are_events(
    visitor: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    amira = await make_person(visitor)
    _lines(capsys)

    await register(visitor, "!")
    await visitor.post("/api/v1/users", content=b"{", headers={"Content-Type": "application/json"})
    await visitor.post(f"{AUTH}/login", content=b"", headers={"Content-Length": "9999999"})
    await visitor.post(f"{AUTH}/refresh", headers={"Sec-Fetch-Site": "cross-site"})
    await visitor.post(f"{AUTH}/refresh", json={"refresh_token": "forged"})
    for number in range(4):
        await register(visitor, f"boris{number}")
    guesses = [(await sign_in(visitor, "amira", "Wrong-Password-1")).status_code for _ in range(8)]

    codes = _codes(_lines(capsys))
    assert amira.username == "amira"
    assert guesses[-1] == 429
    assert set(codes) >= {
        "invalid-input", "malformed-body", "too-large", "cross-site", "invalid-grant", "rate-limited",
        "invalid-credentials",
    }  # fmt: skip


async def test_mail_that_fails_is_an_event_without_an_address(
    visitor: httpx2.AsyncClient, mail: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    await register(visitor)
    mail.mailer.failure = MailDelayedError("amira@example.com is not wanted")

    assert await mail.deliver() == 1

    output = capsys.readouterr().err
    assert "job_" in output
    assert "example.com" not in output
