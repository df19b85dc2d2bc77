"""What a client accepts (RFC 9110, 12.5.1)."""

from collections.abc import Iterable


def accepts(header: str, offered: Iterable[str]) -> bool:
    """Tell whether an `Accept` header lets one of some media types through.

    The most specific range that fits a type decides on it. A missing header, or one without any range that
    is well formed, accepts everything.

    Args:
        header: Its value; empty where there is none.
        offered: Media types without parameters, in lower case.
    """
    ranges = [_parse(part) for part in header.split(",")]
    weights = {name: weight for name, weight in ranges if "/" in name}
    return not weights or any(_weight(media_type, weights) > 0 for media_type in offered)


def _weight(media_type: str, weights: dict[str, float]) -> float:
    for name in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        if name in weights:
            return weights[name]
    return 0


def _parse(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0
