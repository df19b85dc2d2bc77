"""A source that the label does not tell: open for whom it concerns, unless the label's law settles it."""

import pytest

from backend.schemas.screening import Verdict
from backend.services import screening
from backend.services.screening import AllergyRequirement, UnknownRegimeError, lexicon
from backend.services.screening.files import read_file, read_sources
from tests.labels import A_DAY, KNOWN, allergy, judged

UNKNOWN, NOTHING = Verdict.UNKNOWN, Verdict.NO_CONFLICT_FOUND
OPEN = {  # a word of each language for oil, starch, lecithin, flavouring, spices
    "ar": ("زيت نباتي", "نشا", "ليسيثين", "نكهات", "توابل"),
    "bg": ("растително масло", "нишесте", "лецитин", "аромат", "подправки"),
    "cs": ("rostlinný olej", "škrob", "lecitin", "aroma", "koření"),
    "da": ("vegetabilsk olie", "stivelse", "lecithin", "aroma", "krydderier"),
    "de": ("pflanzliches Öl", "Stärke", "Lecithine", "Aroma", "Gewürze"),
    "el": ("φυτικά έλαια", "άμυλο", "λεκιθίνη", "αρωματικές ύλες", "μπαχαρικά"),
    "en": ("vegetable oil", "starch", "lecithin", "natural flavouring", "spices"),
    "es": ("aceite vegetal", "almidón", "lecitina", "aroma natural", "especias"),
    "et": ("taimeõli", "tärklis", "letsitiin", "lõhnaaine", "vürtsid"),
    "fi": ("kasviöljy", "tärkkelys", "lesitiini", "aromi", "mausteet"),
    "fr": ("huile végétale", "amidon", "lécithine", "arôme naturel", "épices"),
    "hr": ("biljno ulje", "škrob", "lecitin", "aroma", "začini"),
    "hu": ("növényi olaj", "keményítő", "lecitin", "aroma", "fűszerek"),
    "is": ("jurtaolía", "sterkja", "lesitín", "bragðefni", "krydd"),
    "it": ("olio vegetale", "amido", "lecitina", "aroma naturale", "spezie"),
    "nl": ("plantaardige olie", "zetmeel", "lecithine", "natuurlijk aroma", "specerijen"),
    "no": ("vegetabilsk olje", "stivelse", "lecitin", "aroma", "krydder"),
    "pl": ("olej roślinny", "skrobia", "lecytyna", "aromat", "przyprawy"),
    "pt": ("óleo vegetal", "amido", "lecitina", "aroma natural", "especiarias"),
    "ro": ("ulei vegetal", "amidon", "lecitină", "aromă", "condimente"),
    "ru": ("растительное масло", "крахмал", "лецитин", "ароматизатор", "пряности"),
    "sv": ("vegetabilisk olja", "stärkelse", "lecitin", "arom", "kryddor"),
    "uk": ("рослинна олія", "крохмаль", "лецитин", "ароматизатор", "прянощі"),
}
CONCERNED = (
    ("peanuts", "soybeans", "sesame"),
    ("gluten.wheat", "gluten"),
    ("soybeans", "eggs", "milk"),
    ("milk", "celery", "mustard", "soybeans", "gluten.barley", "nuts", "peanuts", "sesame", "eggs"),
    ("celery", "mustard", "sesame"),
)


@pytest.mark.parametrize("language", OPEN)
def test_a_source_that_is_not_told_is_open_for_everybody_whom_it_concerns(language: str) -> None:
    verdicts = {
        (word, code): judged(f"{word}.", allergy(code), lang=language)[0]
        for word, codes in zip(OPEN[language], CONCERNED, strict=True)
        for code in codes
    }

    assert {asked for asked, verdict in verdicts.items() if verdict is not UNKNOWN} == set()


@pytest.mark.parametrize(
    ("word", "code", "law", "expected"),
    [
        pytest.param("vegetable oil", "peanuts", "eu", NOTHING, id="Europe-exempts-no-peanut-oil"),
        pytest.param("vegetable oil", "peanuts", "us", UNKNOWN, id="America-exempts-all-refined-oils"),
        pytest.param("vegetable oil", "peanuts", "ca", NOTHING, id="Canada-exempts-none"),
        pytest.param("vegetable oil", "soybeans", "eu", UNKNOWN, id="Europe-exempts-refined-soya-oil"),
        pytest.param("vegetable oil", "soybeans", "uk", UNKNOWN, id="Britain-too"),
        pytest.param("vegetable oil", "soybeans", "au-nz", UNKNOWN, id="Australia-too"),
        pytest.param("vegetable oil", "soybeans", "ca", NOTHING, id="Canada-does-not"),
        pytest.param("vegetable oil (rapeseed)", "soybeans", "eu", NOTHING, id="told"),
        pytest.param("mixed tocopherols", "soybeans", "eu", UNKNOWN, id="tocopherols"),
        pytest.param("lecithin", "soybeans", "eu", NOTHING, id="lecithin-is-not-exempt"),
        pytest.param("lecithin", "soybeans", "us", NOTHING, id="nor-in-America"),
        pytest.param("natural flavouring", "gluten.barley", "us", UNKNOWN, id="barley-in-America"),
        pytest.param("natural flavouring", "nuts", "us", NOTHING, id="nuts-in-America"),
        pytest.param("starch", "gluten.wheat", "cn", UNKNOWN, id="law-not-yet-in-force"),
    ],
)
def test_what_a_law_exempts_stays_open_under_it(word: str, code: str, law: str, expected: Verdict) -> None:
    assert judged(f"Ingredients: rice, {word}, salt", allergy(code), law=law)[0] is expected


@pytest.mark.parametrize(
    ("code", "regime", "named"),
    [
        pytest.param("mustard", "us", "mustard", id="mustard-in-America"),
        pytest.param("molluscs", "us", "molluscs", id="molluscs-in-America"),
        pytest.param("gluten", "us", "barley", id="barley-beside-wheat"),
        pytest.param("celery", "ca", "celery", id="celery-in-Canada"),
        pytest.param("kiwi", "eu", "kiwi", id="kiwi-in-Europe"),
        pytest.param("peach", "eu", "peach", id="peach-in-Europe"),
        pytest.param("meat.pork", "eu", "pork", id="pork-in-Europe"),
        pytest.param("buckwheat", "eu", "buckwheat", id="buckwheat-in-Europe"),
        pytest.param("apple", "uk", "apple", id="apple-in-Britain"),
    ],
)
def test_a_law_that_lets_it_hide_leaves_the_label_open(code: str, regime: str, named: str) -> None:
    needs = [AllergyRequirement(code, avoid_traces=False)]

    answer = screening.screen("Ingredients: rice, salt", needs, "en", regime)

    assert (answer.verdict, answer.findings) == (UNKNOWN, ())
    assert any(named in reason and KNOWN.regimes[regime].name("en") in reason for reason in answer.reasons)


@pytest.mark.parametrize(
    ("code", "regime"),
    [
        ("mustard", "eu"),
        ("mustard", None),
        ("milk", "us"),
        ("nuts", "us"),
        ("lactose", "eu"),
        ("kiwi", None),
        ("peach", None),
        ("gluten.wheat", "us"),
    ],
)
def test_a_law_that_requires_it_or_that_nobody_has_leaves_nothing_open(code: str, regime: str | None) -> None:
    needs = [AllergyRequirement(code)]

    answer = screening.screen("Ingredients: rice, salt", needs, "en", regime, day=A_DAY)

    assert (answer.verdict, answer.reasons) == (NOTHING, ())


def test_an_unknown_law_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownRegimeError, match="eu, uk, us"):
        screening.screen("rice", (), regime="atlantis")


def test_what_was_not_understood_is_a_reason() -> None:
    answer = screening.screen("Ingredients: rice, zorbulated frindle", [AllergyRequirement("milk")], "en-GB")

    assert answer.verdict is UNKNOWN
    assert answer.reasons == ("2 of 4 words were not understood",)
    assert [span.text for _, span in answer.coverage.unknown] == ["zorbulated frindle"]


def test_every_source_is_used_by_some_language() -> None:
    used = {
        group.source for path in lexicon.FOLDER.glob("*.yaml") for group in read_file(path.read_bytes()).maybe
    }

    assert used - {None} == read_sources(lexicon.SOURCES.read_bytes()).keys()
