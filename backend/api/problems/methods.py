"""Which methods an address answers to. The framework's router knows the one of each route alone."""

import re
from functools import cache

from starlette.routing import compile_path


def allowed_methods(document: dict[str, dict[str, dict[str, object]]], path: str) -> frozenset[str]:
    """Return the methods of a path, HEAD and OPTIONS included; none where nothing is documented there.

    Args:
        document: The OpenAPI document.
        path: Of a request.
    """
    paths = document["paths"]
    # What has the very address goes before what has a place for anything there.
    found = [path] if path in paths else [name for name in paths if _compiled(name).fullmatch(path)]
    named = {method.upper() for name in found for method in paths[name]}
    if "GET" in named:
        named.add("HEAD")
    return frozenset(named | {"OPTIONS"} if named else ())


@cache
def _compiled(template: str) -> re.Pattern[str]:
    return compile_path(template)[0]
