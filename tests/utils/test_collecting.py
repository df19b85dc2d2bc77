"""What is built to stay is left alone, and what others leave behind meanwhile is not kept with it."""

import gc
import weakref

from backend.utils.collecting import uncollected


class _Node:
    """Leads to itself: only the collector frees it."""

    def __init__(self) -> None:
        self.self = self


def test_what_others_leave_behind_meanwhile_does_not_stay_for_ever() -> None:
    with uncollected(among_others=True), uncollected(among_others=True):
        left = weakref.ref(_Node())
        was_on = gc.isenabled()

    assert not was_on
    assert gc.isenabled()
    assert left() is None


def test_what_is_built_is_not_looked_through_again() -> None:
    with uncollected():
        built = [_Node()]

    assert not any(found is built for found in gc.get_objects())
