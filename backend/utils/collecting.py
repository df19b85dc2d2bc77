"""Python's garbage collector, kept out of what only builds things that stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(*, among_others: bool = False) -> Iterator[None]:
    """Build what lives as long as the process: nothing is looked through meanwhile, and never again.

    Importing the service and reading its lists makes a million objects that stay. To look through them again
    and again as they grow in number takes a third of the time; and to write into them afterwards gives every
    forked process a copy of its own of pages that they would share.

    Within another such block it does nothing: that one does it all at its end.

    Args:
        among_others: Whether requests are answered meanwhile. The circles of objects that those leave behind
            are collected at the end, or they would stay for ever. After the lists that takes 0.02 s; after
            the imports it would take 0.15 s, and there is nobody else.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if among_others:
                gc.collect()
            gc.freeze()
            gc.enable()
