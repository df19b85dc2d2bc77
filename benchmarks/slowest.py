"""Search for the label of which a character takes longest: `python -m benchmarks.slowest SECONDS [SEED]`.

Labels are made of pieces that some rule looks at, put together at random and repeated. The slowest ones are
changed, and changed again. Ends with 1 if a character of one of them takes more than 1.5 times as long at
20,000 characters as at 2,000, in three measurements of three.
"""

import random
import sys
import time

from backend.services.screening import AllergyRequirement, screen

LONG, MIDDLE = 20_000, 2_000
MAX_RATIO = 1.5
KEPT = 12
PERSON = (AllergyRequirement("milk"), AllergyRequirement("nuts"))
PIECES = (
    "(", ")", "[", "]", ",", ", ", ";", ":", ". ", "\n", "\n\n", " - ", "•", "/", "+", "'", "%", "*", "|",
    "=",
    "milk", "nuts", "lecithin", "nougat", "flour", "sugar", "butter", "coconut milk", "milc", "hazelnutt",
    "mi1k",
    "free from ", "not ", "without ", "may contain ", "contains: ", "suitable for ", "-free ", " and ",
    " of ",
    "per 100 g ", "store in ", "no added ", "tejet ", "tartalmazhat ", "sans ", "ohne ", "mentes ",
    "allergens ",
    "e322", "E 471 ", "472, ", "2,0% ", "0 % ", "e\u0301", "\u0301", "œ", "ß", "\ufb01", "\u00a0",
    "\u00ad", "小麦", "乳",
    "молоко ", "γάλα ", "maito", "jauho", "Haselnuss", "milch", "ei", "a", "x", "rn", "vv", " ", "  ",
    "_", "0",
)  # fmt: skip


def main(seconds: float, seed: int) -> int:
    """Search for so long, print the slowest, and return the exit code."""
    chance = random.Random(seed)  # noqa: S311 - no secret depends on it
    best: list[tuple[float, tuple[str, ...]]] = []
    deadline, tried = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        unit = _changed(chance, chance.choice(best)[1] if best and chance.random() < 2 / 3 else ())
        best = sorted({*best, (_per_character(unit, LONG), unit)}, reverse=True)[:KEPT]
        tried += 1
    print(f"{tried:,} labels tried, seed {seed}; microseconds a character at {MIDDLE:,} and {LONG:,}, ratio")
    worst = 0.0
    for _, unit in best:
        ratio, middle, long = min(_ratio(unit) for _ in range(3))
        worst = max(worst, ratio)
        print(f"{middle:8.2f} {long:8.2f} {ratio:6.2f}  {''.join(unit)!a:.90}")
    return int(worst >= MAX_RATIO)


def _changed(chance: random.Random, unit: tuple[str, ...]) -> tuple[str, ...]:
    place = chance.randint(0, len(unit))
    added = chance.choices(PIECES, k=chance.randint(1, 3))
    return (*unit[:place], *added, *unit[place + chance.randint(0, 2) :])[:12]


def _ratio(unit: tuple[str, ...]) -> tuple[float, float, float]:
    middle = min(_per_character(unit, MIDDLE) for _ in range(5))
    long = min(_per_character(unit, LONG) for _ in range(2))
    return long / middle, middle, long


def _per_character(unit: tuple[str, ...], size: int) -> float:
    text = ("".join(unit) * size)[:size]
    started = time.process_time()
    screen(text, PERSON, "en")
    return 1e6 * (time.process_time() - started) / size


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
