"""What the pages on security refer to exists, and the list of ASVS requirements is complete and shown."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security" / "asvs.md"
FAILURES = ROOT / "docs" / "security" / "failures.md"
STATUSES = {"met", "partly", "operator", "later", "not applicable"}

# Section of the standard -> numbers of its requirements that apply (OWASP ASVS 5.0.0, levels 1 and 2).
APPLICABLE = {
    "1.1": "1-2", "1.2": "1-5 9", "1.3": "2 3 6 7 10 11", "1.4": "2", "1.5": "1-2",
    "2.1": "1-3", "2.2": "1-3", "2.3": "1-4", "2.4": "1",
    "3.2": "1-2", "3.3": "1-4", "3.4": "1-6", "3.5": "1-4", "3.7": "1-2",
    "4.1": "1-3", "4.2": "1",
    "5.1": "1", "5.2": "1-3", "5.3": "1-2", "5.4": "1-2",
    "6.1": "1-3", "6.2": "1-12", "6.3": "1-4", "6.4": "1-4", "6.5": "1-5", "6.6": "2-3", "6.8": "1 2 4",
    "7.1": "1-3", "7.2": "1-4", "7.3": "1-2", "7.4": "1-5", "7.5": "1-2", "7.6": "1-2",
    "8.1": "1-2", "8.2": "1-3", "8.3": "1", "8.4": "1",
    "9.1": "1-3", "9.2": "1-4",
    "10.1": "1", "10.3": "1-4", "10.4": "1-11", "10.6": "1-2", "10.7": "1-3",
    "11.1": "1-2", "11.2": "1-3", "11.3": "1-3", "11.4": "1-4", "11.5": "1", "11.6": "1",
    "12.1": "1-2", "12.2": "1-2", "12.3": "1-4",
    "13.1": "1", "13.2": "1-5", "13.3": "1-2", "13.4": "1-5",
    "14.1": "1-2", "14.2": "1-4", "14.3": "1-3",
    "15.1": "1-3", "15.2": "1-3", "15.3": "1-7",
    "16.1": "1", "16.2": "1-5", "16.3": "1-4", "16.4": "1-3", "16.5": "1-3",
}  # fmt: skip


class Row(NamedTuple):
    """One requirement, as the page has it."""

    id: str
    level: str
    asks: str
    status: str
    shown: str

    @property
    def evidence(self) -> list[str]:
        """What the row names as showing it."""
        return [name for name in re.findall(r"`([^`]+)`", self.shown) if _KINDS.match(name)]


_KINDS = re.compile(r"tests/|ruff |mypy |[\w./-]+\.md, ")
ROWS = [
    Row(*(cell.strip() for cell in line.strip("|").split("|")))
    for line in PAGE.read_text("utf-8").splitlines()
    if re.match(r"\| V\d", line)
]
FAILURE_TESTS = re.findall(r"`(tests/[^`]+::\w+)`", FAILURES.read_text("utf-8"))
EVIDENCE = sorted({*FAILURE_TESTS, *(name for row in ROWS for name in row.evidence)})


def _expected() -> list[str]:
    identifiers = []
    for section, numbers in APPLICABLE.items():
        for part in numbers.split():
            first, _, last = part.partition("-")
            identifiers += [f"V{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return identifiers


@cache
def _tests(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@cache
def _enabled_rules() -> set[str]:
    command = [sys.executable, "-m", "ruff", "check", "--show-settings", "--no-cache", "backend/main.py"]
    settings = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    enabled = settings.partition("linter.rules.enabled = [")[2].partition("]")[0]
    return set(re.findall(r"\(([A-Z]+\d+)\)", enabled))


def test_every_requirement_that_applies_is_there_once_and_in_order() -> None:
    expected = _expected()

    assert len(expected) == 217
    assert [row.id for row in ROWS] == expected
    assert {row.level for row in ROWS} == {"L1", "L2"}
    assert {row.status for row in ROWS} == STATUSES


def test_no_requirement_is_met_without_something_that_shows_it() -> None:
    assert [row.id for row in ROWS if row.status == "met" and not row.evidence] == []


def test_what_is_not_met_has_a_reason() -> None:
    assert [row.id for row in ROWS if row.status != "met" and len(row.shown.partition("`")[0]) < 15] == []


def test_the_counts_of_the_page_are_right() -> None:
    text = PAGE.read_text("utf-8")

    for status in STATUSES:
        found = re.search(rf"^\| {status} \| .* \| (\d+) \|$", text, re.MULTILINE)
        assert found is not None
        assert int(found[1]) == sum(row.status == status for row in ROWS), status


@pytest.mark.parametrize("name", [name for name in EVIDENCE if name.startswith("tests/")])
def test_a_named_test_exists(name: str) -> None:
    path, _, function = name.partition("::")

    assert function in _tests(path)


@pytest.mark.parametrize("name", [name for name in EVIDENCE if ".md, " in name])
def test_a_named_section_exists(name: str) -> None:
    path, _, section = name.partition(", ")
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text("utf-8"), re.MULTILINE)

    assert section.strip('"') in headings


@pytest.mark.parametrize("name", [name for name in EVIDENCE if name.startswith("ruff ")])
def test_a_named_rule_is_on(name: str) -> None:
    assert name.removeprefix("ruff ") in _enabled_rules()


def test_every_failure_elsewhere_has_its_source_and_a_test() -> None:
    rows = [line for line in FAILURES.read_text("utf-8").splitlines() if line.startswith("| ")][2:]

    assert len(rows) >= 12
    assert [row for row in rows if "`tests/" not in row or "https://" not in row] == []


def test_types_are_checked_strictly() -> None:
    assert "strict = true" in (ROOT / "pyproject.toml").read_text("utf-8")
    assert [name for name in EVIDENCE if name.startswith("mypy ")] == ["mypy strict"]


def test_the_page_says_whose_the_standard_is() -> None:
    head = PAGE.read_text("utf-8").partition("## V1")[0]

    assert "OWASP Foundation" in head
    assert "CC BY-SA 4.0" in head
