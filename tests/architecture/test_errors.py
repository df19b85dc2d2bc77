"""The tree of errors: complete, with one status and one page each."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import backend
from backend.api import problems
from backend.core.errors import AppError

DOCS = Path(__file__).parents[2] / "docs" / "problems"

for module in pkgutil.walk_packages(backend.__path__, "backend."):
    import_module(module.name)


def _errors(root: type[AppError] = AppError) -> Iterator[type[AppError]]:
    for error in root.__subclasses__():
        yield error
        yield from _errors(error)


def _name(error: object) -> str:
    return getattr(error, "__name__", "")


FEATURE_ERRORS = sorted((error for error in set(_errors()) if "code" in vars(error)), key=_name)


def _codes() -> list[str]:
    return [*(error.code for error in FEATURE_ERRORS), *problems.transport_codes().values()]


@pytest.mark.parametrize("error", sorted(set(_errors()), key=_name))
def test_an_error_is_of_one_kind(error: type[AppError]) -> None:
    kinds = [kind for kind in problems.KINDS if issubclass(error, kind)]

    assert len(kinds) == 1
    assert problems.status_of(error) is problems.KINDS[kinds[0]]
    assert error.__name__.endswith("Error")


def test_no_two_errors_share_a_code() -> None:
    assert len(set(_codes())) == len(_codes())


def test_every_code_has_its_page_and_every_page_its_code() -> None:
    assert {path.stem for path in DOCS.glob("*.md")} - {"README"} == set(_codes())


def test_the_list_of_problems_names_each_beside_its_status() -> None:
    rows = re.findall(r"(?m)^\| (\d{3}) \| (.*) \|$", (DOCS / "README.md").read_text("utf-8"))
    listed = {(int(status), code) for status, codes in rows for code in re.findall(r"\]\((.+?)\.md\)", codes)}

    feature = {(int(problems.status_of(error)), error.code) for error in FEATURE_ERRORS}
    assert listed == feature | set(problems.transport_codes().items())
