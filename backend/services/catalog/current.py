"""Which catalogue a request works with: one for the whole of it, chosen at its beginning."""

from contextvars import ContextVar

from backend.services.catalog.loading import Catalog, shipped

_catalog: ContextVar[Catalog | None] = ContextVar("catalog", default=None)


def current() -> Catalog:
    """Return the catalogue of the request or job under way; the shipped one on the command line."""
    return _catalog.get() or shipped()


def bind(catalog: Catalog) -> None:
    """Say which catalogue the rest of this context works with."""
    _catalog.set(catalog)
