"""JSON as RFC 8259 and I-JSON (RFC 7493) mean it: what two readers could read differently is refused."""

import json
from typing import Any, NoReturn


def parse_json(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text in UTF-8.

    Raises:
        ValueError: It is no JSON in UTF-8, has a member twice, holds NaN or Infinity, or is nested too deep.
    """
    try:
        return json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _refuse(_: str) -> NoReturn:
    raise ValueError("not a JSON number")
