"""Hungarian and Finnish: a warning or an absence after what it speaks of, and never of more than that."""

import pytest

from backend.schemas.screening import Verdict
from tests.labels import allergy, judged

CONTAINS, MAY_CONTAIN = Verdict.CONTAINS, Verdict.MAY_CONTAIN


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Összetevők: cukor, só. Tejet tartalmazhat.", "hu"),
        ("Összetevők: cukor, só. Nyomokban tejet tartalmazhat.", "hu"),
        ("Összetevők: cukor, só. Tejet nyomokban tartalmazhat.", "hu"),
        ("Összetevők: cukor, só. Mogyorót, tejet és szóját is tartalmazhat.", "hu"),
        ("Összetevők: cukor, só. Tartalmazhat tejet.", "hu"),
        ("Nem garantálható, hogy tejet nem tartalmaz.", "hu"),
        ("Ainekset: sokeri, suola. Maitoa voi esiintyä.", "fi"),
        ("Ainekset: sokeri, suola. Saattaa sisältää maitoa.", "fi"),
        ("Ainekset: sokeri, suola. Maitoa ja soijaa saattaa esiintyä.", "fi"),
    ],
)
def test_a_warning_speaks_of_what_stands_before_or_after_it(text: str, lang: str) -> None:
    assert judged(text, allergy("milk"), lang=lang)[0] is MAY_CONTAIN


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Összetevők: cukor, só. Tejet nem tartalmaz.", "hu"),
        ("Összetevők: cukor, só. Nem tartalmaz tejet.", "hu"),
        ("Összetevők: cukor, só. Glutént, szóját és tejet nem tartalmaz.", "hu"),
        ("Összetevők: cukor, só. Tejmentes.", "hu"),
        ("Ainekset: sokeri, suola. Ei sisällä maitoa.", "fi"),
        ("Ainekset: sokeri, suola. Maitoa ei sisällä.", "fi"),
    ],
)
def test_an_absence_speaks_of_what_stands_before_or_after_it(text: str, lang: str) -> None:
    assert judged(text, allergy("milk"), lang=lang)[1] == ()


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        pytest.param("Cukor, tej, mogyorót tartalmazhat.", "hu", id="list-before-a-warning"),
        pytest.param("Cukor, joghurt, mogyorót nem tartalmaz.", "hu", id="a-name-with-that-ending"),
        pytest.param("Mogyorót tartalmazhat, tej, cukor.", "hu", id="list-after-a-warning"),
        pytest.param("Szóját nem tartalmaz, tej, cukor.", "hu", id="list-after-an-absence"),
        pytest.param("Tejet tartalmaz.", "hu", id="says-that-it-contains"),
        pytest.param("Cukor, tejet, nem tartalmaz mogyorót.", "hu", id="comma"),
        pytest.param("Sokeri, maitoa, ei sisällä gluteenia.", "fi", id="Finnish-comma"),
        pytest.param("Sokeri, kerma, soijaa ei sisällä.", "fi", id="Finnish-list"),
    ],
)
def test_what_is_listed_beside_such_a_phrase_stays_listed(text: str, lang: str) -> None:
    assert judged(text, allergy("milk"), lang=lang)[0] is CONTAINS
