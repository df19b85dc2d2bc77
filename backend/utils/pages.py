"""Pages of what is in memory already: the same in shape as pages of rows."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def page_of(
    items: Sequence[T], key: Callable[[T], str], *, after: str | None, limit: int
) -> tuple[tuple[T, ...], str | None]:
    """Return the items that follow one, and the key of the last of them if there are more.

    Args:
        items: All, in their order.
        key: What tells an item from all others.
        after: The key of the item after which to begin; None for the beginning.
        limit: How many to return at most.

    Raises:
        LookupError: No item has that key (any more).
    """
    keys = [key(item) for item in items]
    if after is not None and after not in keys:
        raise LookupError(after)
    start = keys.index(after) + 1 if after is not None else 0
    end = start + limit
    return tuple(items[start:end]), keys[end - 1] if end < len(items) else None
