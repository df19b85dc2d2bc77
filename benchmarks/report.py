"""Tables for people, and the file that the figures are kept in."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.bars import BARS, Results, Verdict
from benchmarks.sections import POSTGRES, SECTIONS

RESULTS = Path(__file__).with_name("results.json")
_COLUMNS = (
    ("rate", "a second", "{:10,.0f}"), ("p50", "p50 ms", "{:9.1f}"), ("p99", "p99 ms", "{:9.1f}"),
    ("cpu_microseconds", "CPU us", "{:9,.0f}"), ("megabytes", "PSS MB", "{:8.0f}"),
    ("refused", "refused", "{:8}"), ("broken", "broken", "{:7}"),
)  # fmt: skip


def show(section: str, found: dict[str, dict[str, Any]]) -> None:
    """Print what a section measured; ratios are to Safeplate on PostgreSQL."""
    print(f"\n{section}: {SECTIONS[section].__doc__}", flush=True)
    if all("p50" not in members for members in found.values()):
        for name, members in found.items():
            told = ", ".join(f"{key} {_short(value)}" for key, value in members.items())
            print(f"  {name:34} {told}")
        return
    heads = "".join(_head(title, form) for _, title, form in _COLUMNS)
    print(f"  {'':34}{heads}   ratio")
    ours = next((members for name, members in found.items() if name.startswith(POSTGRES)), None)
    for name, members in found.items():
        cells = "".join(
            form.format(members[key]) if key in members else _head("", form) for key, _, form in _COLUMNS
        )
        ratio = members["rate"] / ours["rate"] if ours and ours["rate"] else float("nan")
        print(f"  {name:34}{cells}{ratio:8.2f}")


def show_bars(kept: Sequence[dict[str, Any]], verdicts: Sequence[Verdict]) -> bool:
    """Print the closing table, and tell whether every bar holds: those too that were measured before."""
    now = {verdict.words: verdict for verdict in verdicts}
    rows = [Verdict(bar["bar"], bar["asked"], bar["measured"], bar["holds"]) for bar in kept]
    rows = [now.get(row.words, row) for row in rows] + [
        verdict for verdict in verdicts if verdict.words not in {row.words for row in rows}
    ]
    print(f"\n{'bar':60} {'asked':>9} {'measured':>9}")
    for row in rows:
        said = "holds" if row.holds else "missed"
        earlier = "" if row.words in now else ", measured before"
        print(f"{row.words:60} {row.limit:>9} {row.value:9.2f}  {said}{earlier}")
    return all(row.holds for row in rows)


def read() -> dict[str, Any]:
    """Return the figures that are kept; empty where there are none."""
    if not RESULTS.exists():
        return {}
    kept: dict[str, Any] = json.loads(RESULTS.read_text())
    return kept


def keep(machine: dict[str, str], results: Results, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Write the figures, beside those of sections that were not measured now, and return all."""
    kept = read()
    sections = kept.get("sections", {}) | {name: _rounded(found) for name, found in results.items()}
    bars = {bar["bar"]: bar for bar in kept.get("bars", [])}
    for verdict in verdicts:
        bars[verdict.words] = {
            "bar": verdict.words,
            "asked": verdict.limit,
            "measured": _short(verdict.value),
            "holds": verdict.holds,
        }
    # A bar that has another name now was measured otherwise: its old figure says nothing of it.
    ordered = [bars[bar.words] for bar in BARS if bar.words in bars]
    whole = {"machine": machine, "bars": ordered, "sections": sections}
    RESULTS.write_text(json.dumps(whole, indent=1) + "\n")
    return whole


def _rounded(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _rounded(member) for key, member in value.items()}
    return _short(value)


def _short(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_short(member) for member in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _head(title: str, form: str) -> str:
    width = int(form.removeprefix("{:").split(".")[0].rstrip(",}"))
    return f"{title:>{width}}"
