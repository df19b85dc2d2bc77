"""The page about the API says what the API says."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.factories import make_person

PAGE = (Path(__file__).parents[2] / "docs" / "screening" / "api.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"## ([^\n]+)\n(?:(?!\n## ).)*?`POST (\S+)`\n\n```json\n(.*?)```\n\nanswers\n\n```json\n(.*?)```",
    PAGE,
    re.DOTALL,
)

pytestmark = pytest.mark.anyio


def _values(text: str) -> list[Any]:
    """Return the JSON values of a text, one behind the other."""
    decoder, values, place = json.JSONDecoder(), [], 0
    while place < len(text.rstrip()):
        value, place = decoder.raw_decode(text, place)
        values.append(_without_version(value))
        place += len(text[place:]) - len(text[place:].lstrip())
    return values


def _without_version(value: Any) -> Any:
    answer = value.get("answer") or value
    if "catalog_version" in answer:
        answer["catalog_version"] = "..."
    return value


def test_every_section_has_an_example() -> None:
    assert [title for title, *_ in EXAMPLES] == re.findall(r"(?m)^## (.+)$", PAGE)


@pytest.mark.parametrize(
    ("path", "body", "answer"), [pytest.param(*rest, id=title) for title, *rest in EXAMPLES]
)
async def test_an_example_is_answered_as_it_says(
    client: httpx2.AsyncClient, path: str, body: str, answer: str
) -> None:
    amira = await make_person(client)

    response = await client.post(path, json=json.loads(body), headers=amira.headers)

    assert _values(response.raise_for_status().text) == _values(answer)
