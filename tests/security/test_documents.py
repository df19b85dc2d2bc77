"""What the security pages state is so."""

import ast
import re
from datetime import timedelta
from pathlib import Path

from backend.core import logging
from backend.schemas.health.entries import MAX_ALLERGIES, MAX_RESTRICTIONS
from backend.services.factors.errors import MAX_PASSKEYS
from backend.services.health import KEPT_REVISIONS
from backend.services.health.errors import MAX_DEPENDANTS
from backend.services.idempotency import LIFE
from tests.architecture.test_access import ACCESS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "security"
OPERATIONS = (PAGES / "operations.md").read_text("utf-8")


def _events() -> set[str]:
    return {
        call.args[0].value
        for path in (ROOT / "backend").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) == "logger"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_every_event_of_the_log_is_listed() -> None:
    table = OPERATIONS.partition("| event | level | when |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == _events()


def test_a_log_line_has_no_member_for_where_somebody_is_or_what_they_sent() -> None:
    forbidden = {
        "ip",
        "ip_prefix",
        "address",
        "email",
        "username",
        "path",
        "query",
        "body",
        "headers",
        "user_agent",
    }

    assert not forbidden & logging.ALLOWED_KEYS


def test_every_class_of_access_is_explained() -> None:
    table = (PAGES / "authorization.md").read_text("utf-8")

    assert {f"| `{access}` |" for access in ACCESS.values()} <= set(
        re.findall(r"^\| `\w+` \|", table, re.MULTILINE)
    )


def test_limits_are_those_of_the_code() -> None:
    page = (PAGES / "input.md").read_text("utf-8")

    assert f"| passkeys of an account | {MAX_PASSKEYS} |" in page
    assert f"one of its owner, {MAX_DEPENDANTS} of dependants" in page
    entries = f"{MAX_ALLERGIES} allergies, {MAX_RESTRICTIONS} diets, {MAX_RESTRICTIONS} conditions"
    assert f"| entries of a profile | {entries} |" in page
    assert f"| versions of a profile that are kept | {KEPT_REVISIONS:,}, the newest |" in page
    assert f"| 255, {LIFE // timedelta(hours=1)} hours |" in page


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).resolve().is_file(), f"{page.name}: {target}"
