"""Searching the catalogue: processor time of a search, over shipped entries and thousands of others.

python benchmarks/catalog.py [--own 2000] [--rounds 200]
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable

from backend.models.catalog import RequirementType
from backend.services import catalog
from backend.services.catalog import Allergen, Catalog, OwnEntry, UnknownNameError

_SYLLABLES = ("ba", "ko", "ri", "ten", "mul", "sha", "po", "gar", "lin", "eu", "dos", "vit")


def _with_own(count: int) -> Catalog:
    dice = random.Random(1)  # noqa: S311 - made-up names

    def word() -> str:
        return " ".join(
            "".join(dice.choices(_SYLLABLES, k=dice.randint(2, 5))) for _ in range(dice.randint(1, 3))
        )

    entries = [
        Allergen(
            code=f"local.n{number}",
            names={language: word() for language in catalog.LANGUAGES},
            synonyms={"en": tuple(word() for _ in range(3))},
        )
        for number in range(count)
    ]
    return catalog.lay_over(catalog.shipped(), [OwnEntry(entry) for entry in entries], version="benchmark")


def _queries(known: Catalog) -> dict[str, list[str]]:
    dice = random.Random(2)  # noqa: S311 - as above
    names = [name for entry in known.allergens.values() for name in entry.names.values()]
    chosen = dice.sample(names, 40)
    letters = "abcdefghijklmnopqrstuvwxyz "
    return {
        "one letter": list("abcdeiourst"),
        "a name": chosen,
        "a misspelt name": [name[:2] + name[3:4] + name[2:3] + name[4:] for name in chosen if len(name) > 4],
        "100 letters": ["".join(dice.choices(letters, k=100)) for _ in range(20)],
        "200 letters": ["".join(dice.choices(letters, k=200)) for _ in range(20)],
        "200 times one letter": ["a" * 200],
        "names end to end": ["".join(chosen)[:200]],
        "what folds to more": ["\ufdfa" * 100],
    }


def _measure(title: str, work: Callable[[str], object], queries: list[str], rounds: int) -> None:
    times = []
    for number in range(rounds):
        query = queries[number % len(queries)]
        start = time.thread_time()
        work(query)
        times.append(1000 * (time.thread_time() - start))
    p99 = statistics.quantiles(times, n=100)[98]
    print(
        f"{title:32} p50 {statistics.median(times):7.2f} ms   p99 {p99:7.2f} ms   most {max(times):7.2f} ms"
    )


def main() -> None:
    """Print the times of a search and of a refused name, for queries of every length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--own", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    start = time.thread_time()
    known = _with_own(options.own)
    names = sum(
        len(entry.names) + sum(map(len, entry.synonyms.values())) for entry in known.allergens.values()
    )
    print(f"{len(known.allergens)} allergens, {names} names; built in {time.thread_time() - start:.2f} s")

    def search(query: str) -> object:
        return known.search(RequirementType.ALLERGY, query, after=None, limit=51)

    def refuse(query: str) -> object:
        try:
            return known.resolve(RequirementType.ALLERGY, query)
        except UnknownNameError as error:
            return error.nearest

    for name, queries in _queries(known).items():
        _measure(f"search, {name}", search, queries, options.rounds)
    for name, queries in _queries(known).items():
        _measure(f"refuse, {name}", refuse, queries, options.rounds)


if __name__ == "__main__":
    main()
