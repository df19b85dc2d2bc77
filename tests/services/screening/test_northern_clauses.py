"""What northern labels say of an allergen: that it is there, that it may be, and that it is not."""

import pytest

from backend.schemas.screening import Verdict
from backend.services import screening
from tests.labels import allergy, judged


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Zutaten: Reis. Kann Spuren von Milch enthalten.", "de"),
        ("Zutaten: Reis. Kann Erdnüsse und Milch enthalten.", "de"),
        ("Reis. In einem Betrieb hergestellt, der auch Milch verarbeitet.", "de"),
        ("Reis. Nicht frei von Milch.", "de"),
        ("Reis. Nicht garantiert milchfrei.", "de"),
        ("Ingrediënten: rijst. Kan melk bevatten.", "nl"),
        ("Rijst. Kan sporen van melk en ei bevatten.", "nl"),
        ("Rijst. Gemaakt in een fabriek waar ook melk wordt verwerkt.", "nl"),
        ("Ingredienser: ris. Kan innehålla spår av mjölk.", "sv"),
        ("Ris. Tillverkad i en fabrik där mjölk hanteras.", "sv"),
        ("Ingredienser: ris. Kan indeholde spor af mælk.", "da"),
        ("Ingredienser: ris. Kan inneholde spor av melk.", "no"),
        ("Ainekset: riisi. Saattaa sisältää pieniä määriä maitoa.", "fi"),
        ("Riisi. Voi sisältää maitoa.", "fi"),
        ("Riisi. Valmistettu tehtaassa, jossa käsitellään maitoa.", "fi"),
    ],
)
def test_a_warning_is_no_ingredient(text: str, language: str) -> None:
    assert judged(text, allergy("milk"), lang=language)[0] is Verdict.MAY_CONTAIN


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Reis. Frei von Milch und Ei.", "de"),
        ("Reis. Enthält keine Milch.", "de"),
        ("Reis. Ohne Milch.", "de"),
        ("Reis. Milchfrei.", "de"),
        ("Milchfreier Reis", "de"),
        ("Rijst. Vrij van melk en ei.", "nl"),
        ("Rijst. Bevat geen melk.", "nl"),
        ("Rijst. Melkvrij.", "nl"),
        ("Ris. Fri från mjölk.", "sv"),
        ("Ris. Mjölkfri.", "sv"),
        ("Ris. Innehåller ej mjölk.", "sv"),
        ("Ris. Fri for mælk.", "da"),
        ("Ris. Uden mælk.", "da"),
        ("Ris. Fri for melk.", "no"),
        ("Ris. Inneholder ikke melk.", "no"),
        ("Riisi. Ei sisällä maitoa.", "fi"),
        ("Riisi. Maidoton.", "fi"),
    ],
)
def test_what_is_absent_is_no_finding(text: str, language: str) -> None:
    assert judged(text, allergy("milk"), lang=language)[1] == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Zucker, ohne Zusatz von Farbstoffen, Milch, Salz.", "de"),
        ("Glutenfrei. Zutaten: Reis, Milchpulver.", "de"),
        ("Allergene: Milch.", "de"),
        ("Laktosefreie Milch", "de"),
        ("Suiker, zonder kleurstoffen, melk, zout.", "nl"),
        ("Bevat: melk", "nl"),
        ("Socker, utan tillsatt färg, mjölk, salt.", "sv"),
        ("Innehåller mjölk.", "sv"),
        ("Laktosfri mjölk", "sv"),
        ("Indeholder mælk.", "da"),
        ("Inneholder melk.", "no"),
        ("Sisältää maitoa.", "fi"),
        ("Laktoositon maitojauhe", "fi"),
    ],
)
def test_an_absence_hides_no_ingredient(text: str, language: str) -> None:
    assert judged(text, allergy("milk"), lang=language)[0] is Verdict.CONTAINS


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Zutaten: Reis. Nährwerte je 100 g: Fett 3 g, Kohlenhydrate 70 g, Eiweiß 7 g, Salz 1 g", "de"),
        ("Zutaten: Reis.\nNährwerte pro 100 g\nFett 3 g\ndavon Zucker 1 g\nEiweiß 7,2 g\nSalz 0,1 g", "de"),
        ("Ingrediënten: rijst. Voedingswaarde per 100 g: vetten 3 g, koolhydraten 70 g, eiwitten 7 g", "nl"),
    ],
)
def test_protein_in_a_nutrition_table_is_no_egg_white(text: str, language: str) -> None:
    assert judged(text, allergy("eggs"), lang=language)[1] == ()


@pytest.mark.parametrize(
    "text",
    [
        "Zutaten: Reis, Eiweiß, Salz",
        "Reis, Eiweißpulver aus Hühnerei",
        "Nährwerte: Fett 3 g. Zutaten: Reis 70 g, Eiweiß 30 g",
    ],
)
def test_egg_white_in_a_list_is_egg(text: str) -> None:
    assert judged(text, allergy("eggs"), lang="de")[0] is Verdict.CONTAINS


@pytest.mark.parametrize(
    ("text", "code", "language"),
    [
        ("Emulgator: Lecithine; Salz", "soybeans", "de"),
        ("Pflanzenöl, Salz", "peanuts", "de"),
        ("modifizierte Stärke, Salz", "gluten.wheat", "de"),
        ("natuurlijk aroma, zout", "milk", "nl"),
        ("vegetabilisk olja, salt", "sesame", "sv"),
        ("modificeret stivelse, salt", "gluten.wheat", "da"),
        ("naturlig aroma, salt", "celery", "no"),
        ("kasviöljyä, suolaa", "peanuts", "fi"),
    ],
)
def test_a_source_that_is_not_told_leaves_it_open(text: str, code: str, language: str) -> None:
    assert judged(text, allergy(code), lang=language)[0] is Verdict.UNKNOWN
    assert judged(text, allergy(code), lang=language, law="eu")[1] == ()


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        pytest.param("Zutaten: Weizenmehl, Zucker, Salz", "de", id="german"),
        pytest.param("Ingrediënten: tarwebloem, suiker, zout", "nl", id="dutch"),
        pytest.param("Ingredienser: vetemjöl, socker, grädde", "sv", id="swedish"),
        pytest.param("Ingredienser: hvedemel, fløde, kartofler", "da", id="danish"),
        pytest.param("Ingredienser: hvetemel, fløte, poteter", "no", id="norwegian"),
        pytest.param("Ainekset: vehnäjauhoja, sokeria, suolaa", "fi", id="finnish"),
    ],
)
def test_a_northern_label_tells_its_language(text: str, languages: str) -> None:
    assert screening.read(text, screening.shipped_lexicon(), language=None).languages[0] == languages
