"""Which catalogue a request works with, and in which language: one of each, chosen at its beginning."""

from contextvars import ContextVar

from backend.services.catalog.entries import LANGUAGES
from backend.services.catalog.loading import Catalog, shipped
from backend.utils.text import preferred_language

_catalog: ContextVar[Catalog | None] = ContextVar("catalog", default=None)
_language: ContextVar[str | None] = ContextVar("language", default=None)


def current() -> Catalog:
    """Return the catalogue of the request or job under way; the shipped one on the command line."""
    return _catalog.get() or shipped()


def spoken() -> str | None:
    """Return the language of names in the request under way, if it tells one that names come in."""
    return _language.get()


def bind(catalog: Catalog, *, accept_language: str = "") -> None:
    """Say which catalogue the rest of this context works with, and what its caller speaks."""
    _catalog.set(catalog)
    _language.set(preferred_language(accept_language, LANGUAGES))
