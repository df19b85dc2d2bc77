"""How fast labels are read and judged, beside the bare search for the lexicon's phrases."""

import time
from collections.abc import Callable, Iterable
from functools import partial

from backend.services import catalog
from backend.services.catalog import Catalog
from backend.services.screening import Requirement, judge, lexicon, read
from backend.services.screening.judge import require_allergy
from backend.services.screening.lexicon import Lexicon
from backend.utils.text import fold

ROUNDS = 300
ENGLISH = (
    "Ingredients: fortified wheat flour (wheat flour, calcium carbonate, iron, niacin, thiamin), sugar, "
    "palm oil, skimmed milk powder, raising agents: sodium bicarbonate, ammonium bicarbonate; emulsifier: "
    "soya lecithin; natural flavouring, salt. May contain nuts and sesame. Store in a cool dry place.\n"
)
GERMAN = (
    "Zutaten: Weizenvollkornmehl, Zucker, Palmöl, Magermilchpulver, stark entölter Kakao, Haselnussmark, "
    "Süßmolkenpulver, Emulgator: Sojalecithine; Backtriebmittel: Natriumhydrogencarbonat; natürliches "
    "Vanillearoma, Himbeerfruchtzubereitung, Speisesalz. Kann Spuren von Erdnüssen enthalten. Kühl lagern.\n"
)
LABELS = {"en": ENGLISH, "de": GERMAN}


def main() -> None:
    """Measure, and print a table."""
    words, known = lexicon.shipped(), catalog.shipped()
    requirements = [require_allergy(known.allergens[code], known, traces=True) for code in ("milk", "nuts")]
    for language, label in LABELS.items():
        baseline = _time(f"search alone, {language}", label, _searching(label, words))
        checking = partial(_check, label, language, words, requirements, known)
        whole = _time(f"read and judge, {language}", label, checking)
        print(f"{'ratio':20} {whole / baseline:10.1f} times the search alone")


def _searching(label: str, words: Lexicon) -> Callable[[], object]:
    return partial(words.automaton.find_matches_as_indexes, fold(label), overlapping=True)


def _check(
    label: str, language: str, words: Lexicon, requirements: Iterable[Requirement], known: Catalog
) -> None:
    judge(read(label, words, language=language), requirements, known, declared=frozenset())


def _time(name: str, label: str, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(ROUNDS):
        work()
    seconds = (time.perf_counter() - started) / ROUNDS
    print(f"{name:20} {1 / seconds:10,.0f} labels/s {len(label) / seconds:14,.0f} characters/s")
    return seconds


if __name__ == "__main__":
    main()
