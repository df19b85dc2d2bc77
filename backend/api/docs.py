"""Interactive documentation from our own assets: no page loads anything from another host."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path as FilePath

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

from backend.api import problems

router = APIRouter(include_in_schema=False)
pages_router = APIRouter(include_in_schema=False)

_ASSETS = files("fastapi_swagger") / "resources"
_BACKEND = FilePath(__file__).parent.parent
# In a wheel the pages are inside the package, in a checkout beside it.
_PAGES = next(path / "docs" / "problems" for path in (_BACKEND, _BACKEND.parent) if (path / "docs").is_dir())
_MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


# Swagger UI sets inline styles and draws data: images.
_POLICY = (
    "default-src 'none'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


@router.get("/docs")
async def read_docs(request: Request) -> HTMLResponse:
    """Show the API, ready to be tried."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=f"{request.app.title} {request.app.version}",
        swagger_js_url="/assets/swagger-ui-bundle.js",
        swagger_css_url="/assets/swagger-ui.css",
        swagger_favicon_url="/assets/favicon-32x32.png",
        swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
    )
    page.headers["Content-Security-Policy"] = _policy(bytes(page.body))
    return page


@router.get("/assets/{name}")
async def read_asset(name: str) -> Response:
    """Serve one file of the documentation page."""
    if name not in _MEDIA_TYPES:
        return problems.problem(404)
    content = (_ASSETS / name).read_bytes()
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(content, headers=headers, media_type=_MEDIA_TYPES[name])


@pages_router.get("/docs/problems/{code}")
async def read_problem_page(code: str) -> Response:
    """Explain a problem: the page that its `type` leads to."""
    page = _pages().get(code)
    return FileResponse(page, media_type="text/plain") if page else problems.problem(404)


def _policy(page: bytes) -> str:
    """Return the policy of the documentation page: of inline scripts, the one that starts it and no other."""
    digests = [b64encode(sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(page)]
    return _POLICY.format(hashes="".join(f" 'sha256-{digest}'" for digest in digests))


@cache
def _pages() -> dict[str, FilePath]:
    return {page.stem: page for page in _PAGES.glob("*.md")}
