"""Scores: what is counted as right, too many and missed."""

import json
from typing import Any

import pytest

from backend.services.screening import LabelLineError, score_labels, score_spans
from backend.services.screening.evaluation import wilson

LABELS: list[dict[str, Any]] = [
    {"text": "Ingredients: milk, wheat.", "lang": "en", "contains": ["milk", "eggs"], "hand_entered": True},
    {"text": "Zutaten: Zucker. Kann Spuren von Soja enthalten.", "lang": "de", "contains": ["soybeans"]},
]
SPANS: list[dict[str, Any]] = [
    {
        "text": "MILK, 🥛 sugar, WHEAT",
        "lang": "en",
        "spans": [[0, 4, "MILK"], [15, 20, "WHEAT"], [8, 13, "sugar"]],
    },
    {"text": "Milch", "lang": "de", "spans": [[0, 5]]},
]


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(row) for row in rows]


def test_labels_are_scored_in_all_by_language_and_by_group() -> None:
    scores = {score.name: score for score in score_labels(_lines(LABELS))}

    assert list(scores) == ["all", "eggs", "gluten", "lang:de", "lang:en", "milk", "soybeans"]
    whole = scores["all"]
    assert (whole.labels, whole.right, whole.surplus, whole.missed, whole.traced) == (2, 1, 1, 2, 1)
    assert (whole.precision, whole.recall, whole.recall_with_traces) == (1 / 2, 1 / 3, 2 / 3)
    assert (scores["lang:de"].labels, scores["lang:de"].missed, scores["lang:de"].traced) == (1, 1, 1)
    assert (scores["gluten"].labels, scores["gluten"].surplus) == (0, 1)


def test_labels_can_be_left_out() -> None:
    assert score_labels(_lines(LABELS), lang="de")[0].labels == 1
    assert score_labels(_lines(LABELS), hand_entered=True)[0].labels == 1
    assert score_labels(_lines(LABELS), lang="fr") == []


def test_spans_are_found_where_a_finding_overlaps_them() -> None:
    scores = score_spans(_lines(SPANS))

    assert [(score.name, score.spans, score.found) for score in scores] == [
        ("all", 4, 3),
        ("en", 3, 2),
        ("de", 1, 1),
    ]


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.278), (9, 10, 0.596, 0.982), (10, 10, 0.722, 1.0)],
)
def test_the_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    # Newcombe 1998, Statistics in Medicine 17:857, method 3.
    assert wilson(hits, total) == pytest.approx((low, high), abs=0.001)


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"text": "milk"}', '{"text": "", "lang": "en", "contains": []}']
)
def test_a_line_that_is_no_label_is_named_and_not_repeated(line: str) -> None:
    with pytest.raises(LabelLineError, match=r"^line 3 is not a label with `text`, `lang`, `contains`$"):
        score_labels([*_lines(LABELS), line])
