"""Build the documentation into `build/site`: `make docs`.

The pages link to each other as they stand in the project, so they are laid out like that for the generator,
whose strict mode refuses a link or an anchor that leads nowhere. Every page forbids itself to load anything
from another host.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.pages import ROOT, every_page, links_of, llms_text, sections, title_of

BUILD: Final = ROOT / "build"
_SOURCE: Final = BUILD / "site-source"
_SITE: Final = BUILD / "site"
_CONFIG: Final = BUILD / "site.toml"
_SETTINGS: Final = """\
[project]
site_name = "Safeplate"
site_description = "May these people eat this?"
docs_dir = "site-source"
site_dir = "site"
copyright = "Apache License 2.0"
use_directory_urls = false
nav = {nav}

[project.theme]
font = false
features = [
  "content.code.copy", "navigation.indexes", "navigation.sections", "navigation.top", "search.highlight",
  "toc.follow",
]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle = {{icon = "lucide/sun", name = "Dark"}}

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle = {{icon = "lucide/moon", name = "Light"}}

[project.extra]
generator = false

[project.plugins.search]

[project.markdown_extensions.tables]
[project.markdown_extensions.md_in_html]
[project.markdown_extensions.toc]
permalink = true
[project.markdown_extensions.pymdownx.highlight]
[project.markdown_extensions.pymdownx.inlinehilite]
[project.markdown_extensions.pymdownx.superfences]
"""


# The generator's scripts know other hosts, for diagrams and the like, which no page of ours needs.
_HEAD: Final = (
    "<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src 'self' blob:; base-uri 'self'; form-action 'self'\">"
)


def main() -> None:
    """Lay the pages out, build them, and put the Markdown beside what was built from it."""
    shutil.rmtree(_SOURCE, ignore_errors=True)
    shutil.rmtree(_SITE, ignore_errors=True)
    pages = [page for page in every_page() if page.is_relative_to(ROOT / "docs") or page.parent == ROOT]
    for path in {*pages, *_linked(pages)}:
        target = _SOURCE / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    _CONFIG.write_text(_SETTINGS.format(nav=_nav()), "utf-8")
    zensical = Path(sys.executable).with_name("zensical")
    command = [zensical, "build", "--strict", "--clean", "--config-file", _CONFIG]
    done = subprocess.run(command, check=False, cwd=BUILD)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(done.returncode)
    for path in _SITE.rglob("*.html"):
        html = path.read_text("utf-8")
        path.write_text(html.replace("<head>", _HEAD, 1), "utf-8")
    for page in pages:  # where llms.txt says that it is
        shutil.copyfile(page, _SITE / page.relative_to(ROOT))
    (_SITE / "llms.txt").write_text(llms_text(), "utf-8")
    print("The documentation is in build/site. To read it: python3 -m http.server -d build/site 8080")


def _linked(pages: list[Path]) -> set[Path]:
    """Return the files that pages link to besides each other."""
    targets = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in pages
        for link in links_of(page)
        if "://" not in link and not link.startswith(("#", "mailto:"))
    }
    return {target for target in targets if target.is_file()} - set(pages)


def _nav() -> str:
    """Return the navigation as TOML, which takes JSON's lists and, with other colons, its objects."""
    items = ['{"Safeplate" = "README.md"}']
    for heading, entries in sections().items():
        inner = []
        for entry in entries:
            first, *others = entry.pages()
            if others:
                inner.append(_item(entry.title, [_page(first), *(_titled(page) for page in others)]))
            else:
                inner.append(_item(entry.title, _page(first)))
        items.append(_item(heading, inner))
    return f"[{', '.join(items)}]"


def _titled(page: Path) -> str:
    return _item(title_of(page), _page(page))


def _page(path: Path) -> str:
    return json.dumps(path.relative_to(ROOT).as_posix())


def _item(title: str, value: str | list[str]) -> str:
    content = value if isinstance(value, str) else f"[{', '.join(value)}]"
    return f"{{{json.dumps(title, ensure_ascii=False)} = {content}}}"


if __name__ == "__main__":
    main()
