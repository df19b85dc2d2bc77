"""The pages that mailed links lead to: they ask, and the API decides.

Showing a page uses nothing up, since mail scanners open links; only the button does.
"""

from functools import cache
from pathlib import Path as FilePath

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backend.api import problems

router = APIRouter(include_in_schema=False)

_FOLDER = FilePath(__file__).parents[1] / "data" / "pages"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_MEDIA_TYPES = {"page.js": "text/javascript", "page.css": "text/css", "text.css": "text/css"}


@router.get("/verify-email")
async def show_verification() -> HTMLResponse:
    """Ask for the password that proves, with the link, whose the address is."""
    return _page("verify", field="password", autocomplete="current-password")


@router.get("/reset-password")
async def show_reset() -> HTMLResponse:
    """Ask for a new password."""
    return _page("reset", field="password", autocomplete="new-password")


@router.get("/forgot-password")
async def show_forgot() -> HTMLResponse:
    """Ask where to mail a link."""
    return _page("forgot", field="email", autocomplete="email")


@router.get("/confirm-email-change")
async def show_email_change() -> HTMLResponse:
    """Ask for the password with which, and with the link, the account gets this address."""
    return _page("change", field="password", autocomplete="current-password")


@router.get("/undo-email-change")
async def show_undo() -> HTMLResponse:
    """Ask whether the account shall have its old address again."""
    return _page("undo")


@router.get("/undo-erasure")
async def show_undo_erasure() -> HTMLResponse:
    """Ask whether the account shall be kept."""
    return _page("keep")


@router.get("/pages/{name}")
async def read_file(name: str) -> Response:
    """Serve the pages' script or style."""
    if name not in _MEDIA_TYPES:
        return problems.problem(404)
    return Response((_FOLDER / name).read_bytes(), media_type=_MEDIA_TYPES[name])


@cache
def _page(page: str, *, field: str = "", autocomplete: str = "") -> HTMLResponse:
    templates = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    parts = {"page": page, "field": field, "autocomplete": autocomplete}
    html = templates.get_template("page.html.jinja").render(parts)
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})
