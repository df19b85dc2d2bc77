"""`safeplate catalog` beside a server of two processes: each of them heeds every change."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.factories import make_person, profile_body
from tests.server.conftest import Server

pytestmark = [pytest.mark.anyio, pytest.mark.server]

ALLERGENS = "/api/v1/catalog/allergens"
LOOKS = 24  # new connections: both processes are met
FILE = """
- kind: allergy
  code: local.{name}
  names: {{en: {name}}}
  synonyms: {{en: [{name} flour]}}
- kind: diet
  code: local.{name}_free
  names: {{en: without {name}}}
  rules: [{{avoid: [local.{name}], source: {{publication: "Menu, 2026-11-24", authority: The house}}}}]
"""


def _answers(server: Server, path: str) -> list[httpx2.Response]:
    """Ask again and again, each time over a connection of its own."""
    return [httpx2.get(f"{server.url}{path}", timeout=30) for _ in range(LOOKS)]


def _await(server: Server, path: str, is_right: Callable[[httpx2.Response], bool]) -> None:
    """Wait until every process answers as it should: each looks once a second."""
    deadline = time.monotonic() + 30
    while not all(map(is_right, _answers(server, path))):
        assert time.monotonic() < deadline, "a process has not heard of the change"
        time.sleep(0.2)


def _write(folder: Path, name: str) -> Path:
    path = folder / "entries.yaml"
    path.write_text(FILE.format(name=name), "utf-8")
    return path


def test_every_process_heeds_what_the_command_line_changes(server: Server, tmp_path: Path) -> None:
    assert {answer.status_code for answer in _answers(server, f"{ALLERGENS}/local.abelmosk")} == {404}

    added = server.command("catalog", "add", str(_write(tmp_path, "abelmosk")))
    _await(server, f"{ALLERGENS}/local.abelmosk", lambda answer: answer.status_code == 200)
    retired = server.command("catalog", "retire", "local.abelmosk")
    _await(server, f"{ALLERGENS}/local.abelmosk", lambda answer: answer.json()["retired"] is True)
    listed = server.command("catalog", "list", "--json")
    restored = server.command("catalog", "restore", "local.abelmosk")
    _await(server, f"{ALLERGENS}/local.abelmosk", lambda answer: answer.json()["retired"] is False)

    assert (added.returncode, added.stdout) == (0, "Added 2.\n"), added.stderr
    assert [command.returncode for command in (retired, listed, restored)] == [0, 0, 0]
    assert '"local.abelmosk_free"' in listed.stdout


async def test_a_profile_that_another_process_wrote_is_read_and_screened_at_once(server: Server) -> None:
    options = ("--kind", "allergy", "--code", "local.bambara", "--name", "en=bambara")
    assert server.command("catalog", "add", *options, "--synonym", "en=bambara flour").returncode == 0
    _await(server, f"{ALLERGENS}/local.bambara", lambda answer: answer.status_code == 200)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
        amira = await make_person(client)
    body = profile_body(allergies=[{"name": "bambara"}], dietary_restrictions=[], medical_conditions=[])
    httpx2.post(
        f"{server.url}/api/v1/health/profiles", json=body, headers=amira.headers, timeout=30
    ).raise_for_status()

    text = {"text": "Ingredients: water, bambara flour."}
    url, me = f"{server.url}/api/v1/screening/check", f"{server.url}/api/v1/health/profiles/me"
    verdicts = {
        httpx2.post(url, json=text, headers=amira.headers, timeout=60).json()["verdict"] for _ in range(LOOKS)
    }
    names = {
        httpx2.get(me, headers=amira.headers, timeout=30).json()["allergies"][0]["name"] for _ in range(LOOKS)
    }

    assert (verdicts, names) == ({"contains"}, {"bambara"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            "- {kind: allergy, code: local.a, names: {en: Milk}}", "names/en: is a name of another", id="name"
        ),
        pytest.param("- {kind: allergy, code: a, names: {en: quandong}}", "code: must be", id="code"),
        pytest.param("- {kind: food, code: local.a, names: {en: quandong}}", "kind: ", id="kind"),
        pytest.param("- 5", "is neither an entry nor a list", id="no-entry"),
        pytest.param("- {kind: [", "entries.yaml: ", id="no-yaml"),
    ],
)
def test_a_file_that_makes_no_sense_adds_nothing(
    server: Server, tmp_path: Path, text: str, words: str
) -> None:
    before = server.command("catalog", "list", "--json").stdout
    path = _write(tmp_path, "quandong")
    path.write_text("- {kind: allergy, code: local.first, names: {en: first of all}}\n" + text, "utf-8")

    done = server.command("catalog", "add", str(path))

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert server.command("catalog", "list", "--json").stdout == before
