"""What a developer meets first: the service's root, the page to try it on, and the pages of its problems."""

import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.config import Settings
from backend.main import create_app
from tests.factories import make_settings, url_of

pytestmark = pytest.mark.anyio

PROBLEMS = Path(__file__).parents[2] / "docs" / "problems"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
LINK = re.compile(r'(?:src|href)="([^"]+)"')


async def test_the_root_says_what_answers_and_where_to_go_on(client: httpx2.AsyncClient) -> None:
    info = (await client.get("/")).json()

    assert (info["name"], info["api"]) == ("Safeplate", "/api/v1")
    links = [info[name] for name in ("documentation", "openapi", "problems", "health")]
    assert [(await client.get(link)).status_code for link in links] == [200] * 4


async def test_the_root_is_a_page_for_a_browser(client: httpx2.AsyncClient) -> None:
    page = await client.get("/", headers=BROWSER)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "Accept"
    links = LINK.findall(page.text)
    assert {"/docs", "/openapi.json", "/docs/problems", "/readyz"} < set(links)
    assert [(await client.get(link)).status_code for link in links] == [200] * len(links)


async def test_the_root_leads_to_no_documentation_that_was_taken_away(
    app: FastAPI, settings: Settings
) -> None:
    quiet = create_app(make_settings(settings.data_dir, url_of(settings), http={"docs": False}))
    transport = httpx2.ASGITransport(app=quiet)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        info, page = await client.get("/"), await client.get("/", headers=BROWSER)
        style = await client.get("/pages/text.css")

    assert info.json()["documentation"] is None
    assert '"/docs"' not in page.text
    assert style.status_code == 200


async def test_the_docs_load_nothing_from_another_host(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")

    links = LINK.findall(page.text)
    assert len(links) == 6
    for link in links:
        assert link.startswith(("/assets/", "/openapi.json"))
        assert (await client.get(link)).status_code == 200
    assert "http" not in page.text
    assert (await client.get("/assets/..%2f__init__.py")).status_code in {404, 422}


async def test_the_docs_run_and_style_nothing_inline(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")

    assert "unsafe" not in page.headers["content-security-policy"]
    assert re.findall(r"<script[^>]*>[^<]|<style|style=|\son\w+=", page.text) == []


async def test_the_docs_are_as_dark_as_the_readers_system(client: httpx2.AsyncClient) -> None:
    script, style = await client.get("/assets/docs.js"), await client.get("/assets/swagger-ui.css")

    assert "prefers-color-scheme: dark" in script.text
    assert 'classList.toggle("dark-mode"' in script.text
    assert "html.dark-mode .swagger-ui{" in style.text


async def test_a_problem_is_explained_to_people_as_html_and_to_programs_as_markdown(
    client: httpx2.AsyncClient,
) -> None:
    page = await client.get("/docs/problems/malformed-body", headers=BROWSER)
    plain = await client.get("/docs/problems/malformed-body")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert plain.headers["content-type"] == "text/markdown; charset=utf-8"
    assert page.headers["vary"] == plain.headers["vary"] == "Accept"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert '<a href="/docs/problems/invalid-input">' in page.text
    assert "](/docs/problems/invalid-input)" in plain.text


async def test_every_problem_is_listed_and_its_page_and_links_are_there(client: httpx2.AsyncClient) -> None:
    index = await client.get("/docs/problems", headers=BROWSER)
    codes = {path.stem for path in PROBLEMS.glob("*.md")} - {"README"}

    assert {link.rpartition("/")[2] for link in LINK.findall(index.text) if "/problems/" in link} == codes
    for code in sorted(codes):
        page = await client.get(f"/docs/problems/{code}", headers=BROWSER)
        assert page.status_code == 200
        assert page.text.count("<h1>") == 1
        for link in LINK.findall(page.text):
            assert (await client.get(link)).status_code == 200, f"{code}: {link}"
