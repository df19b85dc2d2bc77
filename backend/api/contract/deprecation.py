"""How an operation is given up: announced in its answers and in the document, long before it goes.

`Deprecation` (RFC 9745) says since when there is something better, `Sunset` (RFC 8594) from when on there
may be nothing here, `Link` where that is explained. Nothing is deprecated at present.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when an operation is deprecated, from when on it may be gone, and the page that says what to use.

    Both moments are timezone-aware; at least six months lie between them (docs/conventions.md).
    """

    since: datetime
    sunset: datetime
    page: str

    def headers(self) -> dict[str, str]:
        """Return each answer's headers: a date of structured fields (RFC 9651, 3.3.7), and one of HTTP."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": format_datetime(self.sunset.astimezone(UTC), usegmt=True),
            "Link": f'<{self.page}>; rel="deprecation"; type="text/html"',
        }


DEPRECATED: Final[Mapping[tuple[str, str], Deprecation]] = MappingProxyType({})
"""By method and path, as in the document."""


def describe(
    operation: dict[str, Any],
    key: tuple[str, str],
    table: Mapping[tuple[str, str], Deprecation] = DEPRECATED,
) -> None:
    """Say of an operation that it is deprecated, if it is."""
    if (found := table.get(key)) is None:
        return
    operation["deprecated"] = True
    operation["description"] += (
        f"\n\nDeprecated since {found.since:%Y-%m-%d}; gone from {found.sunset:%Y-%m-%d} on."
    )
    for response in operation["responses"].values():
        for name in found.headers():
            response["headers"][name] = {"$ref": f"#/components/headers/{name}"}
