"""Documentation from our own assets: no page loads anything from another host, or runs anything inline."""

import re
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt

from backend.api import problems

router = APIRouter(include_in_schema=False)
pages_router = APIRouter(include_in_schema=False)

_BACKEND: Final = FilePath(__file__).parent.parent
_OURS: Final = _BACKEND / "data" / "docs"
_SWAGGER: Final = files("fastapi_swagger") / "resources"
# In a wheel the pages are inside the package, in a checkout beside it.
_PAGES: Final = next(
    path / "docs" / "problems"
    for path in (_BACKEND, _BACKEND.parent)
    if (path / "docs" / "problems").is_dir()
)
_INDEX: Final = "README"
_ASSETS: Final = {
    "docs.css": (_OURS, "text/css"),
    "docs.js": (_OURS, "text/javascript"),
    "favicon-32x32.png": (_SWAGGER, "image/png"),
    "swagger-ui-bundle.js": (_SWAGGER, "text/javascript"),
    "swagger-ui.css": (_SWAGGER, "text/css"),
}
# Swagger UI draws data: images. It writes styles from its scripts, which needs no exception.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_TEXT_POLICY: Final = (
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_LINK: Final = re.compile(r"\]\(([a-z-]+)\.md\)")
_TITLE: Final = re.compile(r"\A# (.+)")


@router.get("/docs")
async def read_docs() -> HTMLResponse:
    """Show the API, ready to be tried."""
    page = (_OURS / "docs.html").read_text("utf-8")
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


@router.get("/assets/{name}")
async def read_asset(name: str) -> Response:
    """Serve one file of the documentation page."""
    if name not in _ASSETS:
        return problems.problem(404)
    folder, media_type = _ASSETS[name]
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response((folder / name).read_bytes(), headers=headers, media_type=media_type)


@pages_router.get("/docs/problems")
async def read_problem_index(request: Request) -> Response:
    """List the problems."""
    return text_page(request, _pages()[_INDEX])


@pages_router.get("/docs/problems/{code}")
async def read_problem_page(request: Request, code: str) -> Response:
    """Explain a problem: the page that its `type` leads to."""
    page = _pages().get(code)
    return text_page(request, page) if page and code != _INDEX else problems.problem(404)


def text_page(request: Request, markdown: str) -> Response:
    """Answer with a page: as HTML where `Accept` names that, as browsers do, and else as Markdown.

    Args:
        request: What asks for it.
        markdown: Text of our own; raw HTML in it is shown as text.
    """
    headers = {"Vary": "Accept"}
    if "text/html" not in request.headers.get("accept", ""):
        return Response(markdown, media_type="text/markdown", headers=headers)
    headers["Content-Security-Policy"] = _TEXT_POLICY
    return HTMLResponse(_html(markdown), headers=headers)


@cache
def _html(markdown: str) -> str:
    frame = (_BACKEND / "data" / "pages" / "text.html").read_text("utf-8")
    before, between, after = re.split("TITLE|BODY", frame)
    title = _TITLE.match(markdown)
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return "".join((before, escape(title[1] if title else "Safeplate"), between, body, after))


@cache
def _pages() -> dict[str, str]:
    """Return the pages by their codes; links lead to where each is served."""
    return {
        page.stem: _LINK.sub(r"](/docs/problems/\1)", page.read_text("utf-8")) for page in _PAGES.glob("*.md")
    }
