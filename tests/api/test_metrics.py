"""What is counted: by route template, without anything of anybody's, and shown to who has the token alone."""

import re
from pathlib import Path

import httpx2
import pytest

from backend.main import create_app
from tests.factories import make_person, make_profile, make_settings

pytestmark = pytest.mark.anyio

TOKEN = "a-token-for-the-scraper"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


async def _shown(folder: Path) -> httpx2.Response:
    app = create_app(make_settings(folder, metrics={"token": TOKEN}))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        return (await client.get("/metrics", headers=HEADERS)).raise_for_status()


def _value(text: str, series: str) -> float:
    found = re.search(rf"(?m)^{re.escape(series)} (\S+)$", text)
    return float(found[1]) if found else 0.0


async def test_requests_are_counted_by_template_and_nothing_of_anybody_is_shown(
    client: httpx2.AsyncClient, data_dir: Path
) -> None:
    before = (await _shown(data_dir)).text
    amira = await make_person(client)
    profile = (await make_profile(client, amira)).json()["id"]
    path = f"/api/v1/health/profiles/{profile}"
    for _ in range(3):
        await client.get(path, headers=amira.headers)
    await client.get(f"/nothing/{amira.username}?secret=1")
    label = {"text": "Ingredients: sugar, whey powder."}
    (await client.post("/api/v1/screening/check", json=label, headers=amira.headers)).raise_for_status()

    text = (await _shown(data_dir)).text

    grown = {
        series: _value(text, series) - _value(before, series)
        for series in (
            'safeplate_requests_total{method="GET",route="/api/v1/health/profiles/{profile_id}",status="200"}',
            'safeplate_request_seconds_count{method="GET",route="/api/v1/health/profiles/{profile_id}"}',
            'safeplate_requests_total{method="GET",route="unmatched",status="404"}',
            "safeplate_screening_seconds_count",
            "safeplate_screening_characters_sum",
            "safeplate_password_seconds_count",
        )
    }
    assert list(grown.values()) == [3, 3, 1, 1, len(label["text"]), 2]
    personal = (profile, str(amira.id), amira.username, "example.com", "secret", "whey", "milk", "127.0.0.1")
    assert [word for word in personal if word in text] == []


async def test_every_label_is_one_of_few(data_dir: Path) -> None:
    text = (await _shown(data_dir)).text

    labels = set(re.findall(r'(\w+)="', "\n".join(re.findall(r"(?m)^safeplate_.*$", text))))
    assert labels <= {"route", "method", "status", "le", "state", "limit", "version", "database"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer of-another-thing"}, HEADERS])
async def test_nobody_sees_them_where_no_token_is_set(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get("/metrics", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer of-another-thing"}])
async def test_a_wrong_token_is_refused(data_dir: Path, headers: dict[str, str]) -> None:
    app = create_app(make_settings(data_dir, metrics={"token": TOKEN}))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        answer = await client.get("/metrics", headers=headers)

    assert answer.status_code == 401
    assert "safeplate_" not in answer.text
