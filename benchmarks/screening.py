"""How fast labels are read and judged, beside the bare search for the lexicon's phrases."""

import time
from collections.abc import Callable

from backend.services import catalog
from backend.services.screening import judge, lexicon, read
from backend.services.screening.judge import require_allergy
from backend.utils.text import fold

ROUNDS = 300
LABEL = (
    "Ingredients: fortified wheat flour (wheat flour, calcium carbonate, iron, niacin, thiamin), sugar, "
    "palm oil, skimmed milk powder, raising agents: sodium bicarbonate, ammonium bicarbonate; emulsifier: "
    "soya lecithin; natural flavouring, salt. May contain nuts and sesame. Store in a cool dry place.\n"
)


def main() -> None:
    """Measure, and print a table."""
    words, known = lexicon.shipped(), catalog.shipped()
    requirements = [require_allergy(known.allergens[code], known, traces=True) for code in ("milk", "nuts")]
    folded = fold(LABEL)

    def search() -> None:
        words.automaton.find_matches_as_indexes(folded, overlapping=True)

    def check() -> None:
        judge(read(LABEL, words, language="en"), requirements, known, declared=frozenset())

    baseline = _time("search alone", search)
    whole = _time("read and judge", check)
    print(f"{'ratio':16} {whole / baseline:10.1f} times the search alone")


def _time(name: str, work: Callable[[], None]) -> float:
    started = time.perf_counter()
    for _ in range(ROUNDS):
        work()
    seconds = (time.perf_counter() - started) / ROUNDS
    print(f"{name:16} {1 / seconds:10,.0f} labels/s {len(LABEL) / seconds:14,.0f} characters/s")
    return seconds


if __name__ == "__main__":
    main()
