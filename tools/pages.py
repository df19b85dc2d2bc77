"""The Markdown pages of the project: which there are, in which order, and what links to what.

`docs/README.md` is the one list of them. The navigation of the site and `llms.txt` are made from it:
`make format`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
MAP: Final = ROOT / "docs" / "README.md"
DECISIONS: Final = ROOT / "docs" / "adr" / "README.md"
_DECISIONS: Final = """\
# Decisions

One page each: why it was decided, what follows, and what else there was. `make format` keeps this list.

| | decision |
| --- | --- |
"""
_FENCE: Final = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK: Final = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?\)")
_HEADING: Final = re.compile(r"^#{1,6} +(.+?) *#* *$", re.MULTILINE)
_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_ENTRY: Final = re.compile(r"^- \[(.+?)\]\((.+?)\): (.+(?:\n  .+)*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list: a page, or the first page of a folder that holds more."""

    title: str
    path: Path
    about: str

    def pages(self) -> list[Path]:
        """Return the page, and where it is a folder's first, the others of that folder."""
        if self.path.name != "README.md" or self.path.parent == ROOT:
            return [self.path]
        return [self.path, *sorted(set(self.path.parent.glob("*.md")) - {self.path})]


def every_page() -> list[Path]:
    """Return every Markdown page for readers, wherever it stands."""
    folders = (ROOT / "docs", ROOT / "benchmarks", ROOT / "clients", ROOT / "backend")
    found = [path for folder in folders for path in folder.rglob("*.md") if "node_modules" not in path.parts]
    return sorted([*ROOT.glob("*.md"), *found])


def sections() -> dict[str, list[Entry]]:
    """Return the list of pages by its headings, in its order."""
    _, *parts = _SECTION.split(MAP.read_text("utf-8"))
    return {
        heading: [
            Entry(title, (MAP.parent / target).resolve(), " ".join(about.split()))
            for title, target, about in _ENTRY.findall(text)
        ]
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def title_of(page: Path) -> str:
    """Return a page's first heading."""
    heading = _HEADING.search(page.read_text("utf-8"))
    return heading[1].replace("`", "") if heading else page.stem


def links_of(page: Path) -> Iterator[str]:
    """Return where a page's links lead, code left out."""
    prose = _CODE.sub("", _FENCE.sub("", page.read_text("utf-8")))
    yield from _LINK.findall(prose)


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the site name them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    plain = (re.sub(r"\[(.+?)\]\(.+?\)", r"\1", heading).replace("`", "").lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def llms_text() -> str:
    """Return `llms.txt` (llmstxt.org): the list of pages, for programs that read."""
    readme = (ROOT / "README.md").read_text("utf-8")
    summary = " ".join(readme.split("\n\n")[2].split())  # after the title and the problem
    parts = [f"# Safeplate\n\n> {summary}\n"]
    for heading, entries in sections().items():
        lines = (f"- [{it.title}]({it.path.relative_to(ROOT).as_posix()}): {it.about}\n" for it in entries)
        parts.append(f"## {heading}\n\n{''.join(lines)}")
    return "\n".join(parts)


def decisions_text() -> str:
    """Return `docs/adr/README.md`: the list of decisions."""
    rows = []
    for page in sorted(DECISIONS.parent.glob("0*.md")):
        number, title = title_of(page).split(". ", 1)
        rows.append(f"| {number} | [{title}]({page.name}) |\n")
    return _DECISIONS + "".join(rows)


if __name__ == "__main__":
    (ROOT / "llms.txt").write_text(llms_text(), "utf-8")
    DECISIONS.write_text(decisions_text(), "utf-8")
