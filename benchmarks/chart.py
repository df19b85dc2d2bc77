"""The chart: rates as bars, drawn as SVG that follows the reader's light or dark colours."""

from html import escape
from pathlib import Path
from typing import Any

from benchmarks.sections import POSTGRES, SQLITE

CHART = Path(__file__).parents[1] / "docs" / "assets" / "bench.svg"
_GROUPS = (
    ("account", "GET /users/me", ""),
    ("reading", "GET a sealed profile", ": profile"),
    ("writing", "PUT a profile of 10 allergies", ""),
    ("signing-in", "Sign in", ""),
    ("refreshing", "Refresh", ""),
    ("screening", "Check a label", ": check"),
    ("day", "A mixed day", ""),
)
_WIDTH, _LEFT, _ROW, _BAR = 760, 220, 22, 14
_STYLE = """
 text { font: 12px system-ui, sans-serif; fill: #24292f }
 .title { font-weight: 600 } .ours { fill: #1a7f37 } .other { fill: #8c959f }
 @media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .ours { fill: #3fb950 } .other { fill: #6e7681 }
 }
"""


def draw(results: dict[str, Any]) -> None:
    """Draw what was measured: requests a second on one core, each group in a scale of its own."""
    parts, top = [], 10
    for section, title, suffix in _GROUPS:
        rates = _rates(results["sections"].get(section, {}), suffix)
        if not rates:
            continue
        top += 18
        parts.append(f'<text class="title" x="0" y="{top}">{escape(title)}, a second</text>')
        top += 8
        for name, rate in rates.items():
            parts.append(_bar(name, rate, max(rates.values()), top))
            top += _ROW
        top += 6
    CHART.parent.mkdir(parents=True, exist_ok=True)
    CHART.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" role="img" '
        f'aria-label="Requests a second on one core"><style>{_STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _rates(found: dict[str, Any], suffix: str) -> dict[str, float]:
    return {
        name.removesuffix(suffix): members["rate"]
        for name, members in found.items()
        if name.endswith(suffix) and "rate" in members
    }


def _bar(name: str, rate: float, largest: float, top: int) -> str:
    width = max(1, round((_WIDTH - _LEFT - 70) * rate / largest))
    kind = "ours" if name in {SQLITE, POSTGRES} else "other"
    middle = top + _BAR - 3
    return (
        f'<text x="0" y="{middle}">{escape(name)}</text>'
        f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{width}" height="{_BAR}" rx="2"/>'
        f'<text x="{_LEFT + width + 6}" y="{middle}">{rate:,.0f}</text>'
    )
