"""Python's garbage collector, kept out of what only builds things that stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Build what lives as long as the process: nothing is looked through meanwhile, and never again.

    Importing the service and reading its lists makes a million objects that stay. To look through them again
    and again as they grow in number takes a third of the time; and to write into them afterwards gives every
    forked process a copy of its own of pages that they would share.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
