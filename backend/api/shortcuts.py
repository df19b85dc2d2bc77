"""From a path that was asked before straight to its route.

The framework tries the paths of all routes in turn, with one expression each, and those of a router within
another three times. Which route it finds depends on the method and the path alone.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

_OWN: Final = "me"
"""The one value of a path's parameter that is remembered: of all others there is no end."""

_FOUND: Final = ("router", "endpoint", "path_params", "route")
_KNOWN: Final = "shortcuts"


class _Known(NamedTuple):
    """What the framework found: the route, and what it wrote into the scope."""

    route: BaseRoute
    members: Mapping[str, Any]
    of_framework: Mapping[str, Any]


class Shortcuts:
    """Stands before the framework's router, and learns what it finds."""

    def __init__(self, router: ASGIApp) -> None:
        self._router = router
        self._known: dict[str, _Known] = {}

    @property
    def paths(self) -> frozenset[str]:
        """The paths that are known."""
        return frozenset(self._known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope.get("root_path"):
            await self._router(scope, receive, send)
            return
        known = self._known.get(scope["path"])
        if known is None:
            scope[_KNOWN] = self._known
            await self._router(scope, receive, send)
            return
        scope.update(known.members)
        scope["fastapi"] = {**scope.get("fastapi", {}), **known.of_framework}
        await known.route.handle(scope, receive, send)


def remember(scope: Scope, route: BaseRoute) -> None:
    """Keep the way to a route that answered a GET, if its path is one of few."""
    known: dict[str, _Known] | None = scope.pop(_KNOWN, None)
    if known is None or any(value != _OWN for value in scope["path_params"].values()):
        return
    members = {name: scope[name] for name in _FOUND if name in scope}
    known[scope["path"]] = _Known(route, members, dict(scope.get("fastapi", {})))


def install(app: FastAPI) -> None:
    """Put shortcuts before an application's router."""
    app.router.middleware_stack = Shortcuts(app.router.middleware_stack)
