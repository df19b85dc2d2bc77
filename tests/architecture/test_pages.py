"""The documentation is whole: every page is listed once, and every link leads somewhere."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tools.pages import (
    DECISIONS,
    MAP,
    ROOT,
    anchors_of,
    decisions_text,
    every_page,
    links_of,
    llms_text,
    sections,
    title_of,
)

PAGES = every_page()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in links_of(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        is_there = target.is_file() and target.is_relative_to(ROOT)
        if not is_there or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
            broken.append(link)

    assert broken == []


def test_every_page_for_readers_is_listed_once() -> None:
    listed = Counter(page for entries in sections().values() for entry in entries for page in entry.pages())
    # The README is where readers come from, and the list does not list itself.
    expected = {page for page in PAGES if page.is_relative_to(ROOT / "docs") or page.parent == ROOT}

    assert set(listed) == expected - {ROOT / "README.md", MAP}
    assert set(listed.values()) == {1}


def test_no_two_pages_have_one_title_and_each_has_one() -> None:
    titles = Counter(title_of(page) for page in PAGES)

    assert {title: count for title, count in titles.items() if count > 1} == {}
    assert all(page.read_text("utf-8").startswith("# ") for page in PAGES)


def test_the_lists_that_are_made_from_the_pages_are_current() -> None:
    assert (ROOT / "llms.txt").read_text("utf-8") == llms_text(), "run `make format`"
    assert DECISIONS.read_text("utf-8") == decisions_text(), "run `make format`"
