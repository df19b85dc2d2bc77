"""Mailed links and codes against two processes, on both databases: 64 uses at once, one success."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from email import message_from_bytes, policy

import httpx2
import pytest

from tests.factories import PASSWORD, make_person
from tests.server.conftest import Server

pytestmark = [pytest.mark.anyio, pytest.mark.server]
AUTH = "/api/v1/auth"
NEW_PASSWORD = "Mulberry-Tree-7"


@pytest.fixture
async def crowd(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client that opens up to 64 connections."""
    limits = httpx2.Limits(max_connections=64)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        yield client


async def _letter(server: Server, to: str, subject: str) -> dict[str, str]:
    """Wait for a letter, and return the token of its link and its code."""
    for _ in range(300):
        for path in (server.data_dir / "outbox").glob("*.eml"):
            letter = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = letter.get_body(("plain",))
            if (letter["To"], letter["Subject"]) == (to, subject) and body is not None:
                token = re.search(r"token=(\S+)", body.get_content())
                code = re.search(r"(?m): (\d{6})\s*$", body.get_content())
                return {"token": token[1] if token else "", "code": code[1] if code else ""}
        await asyncio.sleep(0.1)
    pytest.fail("no letter came")


async def _race(
    crowd: httpx2.AsyncClient, path: str, proofs: list[dict[str, str]], **rest: str
) -> Counter[int]:
    answers = await asyncio.gather(
        *(crowd.post(f"{AUTH}{path}", json=proof | rest) for proof in proofs * (64 // len(proofs)))
    )
    return Counter(answer.status_code for answer in answers)


async def test_each_kind_of_letter_is_good_once_for_64_who_use_it_at_once(
    crowd: httpx2.AsyncClient, server: Server
) -> None:
    owner = await make_person(crowd, "reader")
    new_email = "reader@new.example"

    async def proofs(to: str, subject: str) -> list[dict[str, str]]:
        found = await _letter(server, to, subject)
        return [{"token": found["token"]}, {"email": owner.email, "code": found["code"]}]

    verification = await proofs(owner.email, "Confirm your email address")
    verified = await _race(crowd, "/email/verify", verification, password=PASSWORD)
    body = {"new_email": new_email}
    (await crowd.post(f"{AUTH}/email/change", json=body, headers=owner.headers)).raise_for_status()
    change = await proofs(new_email, "Confirm your new email address")
    changed = await _race(crowd, "/email/change/confirm", change, password=PASSWORD)
    undo = await _letter(server, owner.email, "Your email address was changed")
    undone = await _race(crowd, "/email/change/undo", [{"token": undo["token"]}])
    reset = await proofs(owner.email, "Set a new password")
    was_reset = await _race(crowd, "/password/reset", reset, new_password=NEW_PASSWORD)

    for outcome in (verified, changed, undone, was_reset):
        assert outcome == {204: 1, 400: 63}
