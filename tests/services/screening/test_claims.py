"""What a label claims, and of what: "gluten, dairy and egg free" denies three things, and lists nothing."""

import pytest

from backend.schemas.screening import Verdict
from backend.services import screening
from backend.services.screening import AllergyRequirement
from tests.labels import allergy, judged

CONTAINS, LIKELY, NOTHING = Verdict.CONTAINS, Verdict.LIKELY, Verdict.NO_CONFLICT_FOUND


@pytest.mark.parametrize("code", ["gluten", "milk", "eggs"])
@pytest.mark.parametrize(
    ("text", "lang"),
    [
        pytest.param("Gluten, dairy and egg free. Ingredients: rice, salt.", "en", id="and"),
        pytest.param("Gluten, dairy & egg free\nIngredients: rice, salt.", "en", id="ampersand-and-line"),
        pytest.param("Rice, salt. Gluten, dairy and egg-free.", "en", id="hyphen"),
        pytest.param("Rice, salt. Gluten-, milk- and egg-free.", "en", id="hyphens"),
        pytest.param("Zutaten: Reis, Salz. Gluten-, milch- und eifrei.", "de", id="German"),
        pytest.param("Reis, Salz. Gluten- und milchfrei, ohne Ei.", "de", id="German-two"),
        pytest.param("Rijst, zout. Gluten-, melk- en eivrij.", "nl", id="Dutch"),
        pytest.param("Ris, salt. Gluten-, mjölk- och äggfri.", "sv", id="Swedish"),
        pytest.param("Ris, salt. Gluten-, mælke- og æggefri.", "da", id="Danish"),
    ],
)
def test_one_word_for_free_may_speak_of_a_row_of_things(text: str, lang: str, code: str) -> None:
    assert judged(text, allergy(code), lang=lang) == (NOTHING, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Sugar, milk free sample", LIKELY, id="sample"),
        pytest.param("Sugar, milk free sample inside. Salt.", LIKELY, id="sample-inside"),
        pytest.param("Sugar, milk free chocolate sample", LIKELY, id="food-and-sample"),
        pytest.param("Sugar, milk, free sample", CONTAINS, id="comma"),
        pytest.param("Ingredients: sugar, milk free gift in every pack, salt", LIKELY, id="gift"),
        pytest.param("Sugar, dairy and egg free", CONTAINS, id="row-within-a-list"),
        pytest.param("Ingredients: dairy, wheat and egg free.", CONTAINS, id="row-behind-a-colon"),
        pytest.param("Contains milk, eggs and gluten free flour.", CONTAINS, id="row-behind-contains"),
        pytest.param("Sugar,\nmilk and egg free", CONTAINS, id="line-that-goes-on"),
        pytest.param("Milk, eggs and gluten free flour.", LIKELY, id="first-of-a-list"),
        pytest.param("Milk, eggs, gluten free.", CONTAINS, id="nothing-joins"),
        pytest.param("Milk-free chocolate, sugar", NOTHING, id="joined-food"),
        pytest.param(
            "Ingredients: sugar, dairy free margarine (palm oil), salt", NOTHING, id="food-in-a-list"
        ),
        pytest.param("Rice. Milk free", NOTHING, id="at-the-end"),
        pytest.param("Rice, milk free, salt", NOTHING, id="between-commas"),
    ],
)
def test_free_behind_milk_clears_it_only_where_it_must_speak_of_it(text: str, expected: Verdict) -> None:
    assert judged(text, allergy("milk"))[0] is expected


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Free from gluten, milk, eggs.", "en"),
        ("Does not contain peanuts, milk powder", "en"),
        ("Gluten, dairy and egg free.", "en"),
        ("Suitable for vegans.", "en"),
        ("Suitable for people with a milk allergy.", "en"),
        ("May contain nuts.", "en"),
        ("Vegan. Store in a cool place.", "en"),
        ("Sans gluten, sans lait.", "fr"),
        ("Für Vegetarier geeignet. Laktosefrei.", "de"),
        ("Maidoton, gluteeniton.", "fi"),
        ("Senza latte. Adatto ai vegani.", "it"),
    ],
)
def test_a_label_that_lists_nothing_tells_nothing(text: str, lang: str) -> None:
    answer = screening.screen(text, [AllergyRequirement("milk")], lang)

    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason == "the label lists no ingredient"


@pytest.mark.parametrize("text", ["Water.", "Contains soya.", "Free from milk. Rice.", "Coconut milk."])
def test_a_label_that_lists_one_thing_lists_something(text: str) -> None:
    assert judged(text, allergy("eggs")) == (NOTHING, ())


@pytest.mark.parametrize(
    ("text", "lang", "code"),
    [
        ("Ingredientes: agua, azúcar, sal, jarabe de glucosa, milk.", None, "milk"),
        ("Składniki: woda, cukier, sól, egg, papryka czerwona.", "pl", "eggs"),
        ("Zutaten: Wasser, Zucker, Salz, Essig, Pfeffer, lait.", "de", "milk"),
    ],
)
def test_a_short_word_of_another_language_is_seen(text: str, lang: str | None, code: str) -> None:
    assert judged(text, allergy(code), lang=lang)[0] in {CONTAINS, LIKELY}


@pytest.mark.parametrize(
    ("text", "lang", "code"),
    [
        ("Rice. Contains no milk, egg or soya.", "en", "soybeans"),
        ("Ohne Ei und Soja\nZutaten: Reis", "de", "soybeans"),
        ("Ryż. Bez glutenu, bez jaj i orzechów.", "pl", "nuts"),
        ("Glutén-, tej- és tojásmentes.", "hu", "milk"),
        ("Reis. Ohne Milch, Eier oder Soja.", "de", "soybeans"),
        ("Riso. Senza latte, uova o soia.", "it", "soybeans"),
        ("Rijst. Zonder melk, ei of soja.", "nl", "soybeans"),
    ],
)
def test_a_sentence_of_nothing_but_absences_names_no_ingredient(text: str, lang: str, code: str) -> None:
    assert judged(text, allergy(code), lang=lang)[1] == ()


@pytest.mark.parametrize(
    ("text", "lang", "code"),
    [
        ("Zucker, Nudeln ohne Ei und Soja.", "de", "soybeans"),
        ("Without egg and milk, salt.", "en", "milk"),
        ("Without milk, eggs.", "en", "eggs"),
        ("Without sugar and milk.", "en", "milk"),
        ("Bez jaj i mleka w proszku, sól.", "pl", "milk"),
    ],
)
def test_a_row_that_may_go_on_as_a_list_stays_listed(text: str, lang: str, code: str) -> None:
    assert judged(text, allergy(code), lang=lang)[0] is CONTAINS


@pytest.mark.parametrize("text", ["Sal, SIN 223.", "Salt (INS223).", "Sel, E 223.", "Sal, SIN220."])
def test_an_additive_is_known_by_each_system_of_numbers(text: str) -> None:
    assert judged(text, allergy("sulphites"))[0] is CONTAINS


def test_a_claim_in_wide_letters_ends_the_list_before_it() -> None:
    text = "Ingredients: rice. Free from: egg, milk. Vegan."
    wide = "".join(
        chr(ord(letter) + 0xFEE0) if letter.isascii() and letter != " " else letter for letter in text
    )

    assert judged(wide, allergy("milk"), lang="en")[1] == ()


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Rice. Our bakery handles milk.", "en"),
        ("Reis. Hergestellt in einer Bäckerei, die auch Milch verarbeitet.", "de"),
        ("Riz. Élaboré dans une boulangerie qui utilise du lait.", "fr"),
        ("Rijst. In de fabriek wordt ook melk gebruikt.", "nl"),
        ("Ryż. Na tej samej linii produkuje się wyroby z mleka.", "pl"),
        ("Ris. Produceras i samma lokal som mjölk.", "sv"),
        ("Ris. Produsert på en fabrikk som bruker melk.", "no"),
        ("Riisi. Valmistettu tiloissa, joissa käsitellään maitoa.", "fi"),
        ("Orez. Produs într-o fabrică ce utilizează lapte.", "ro"),
        ("Rýže. Ve výrobě se zpracovává mléko.", "cs"),
        ("Riža. Proizvedeno u pogonu koji koristi mlijeko.", "hr"),
    ],
)
def test_what_else_the_place_handles_is_a_warning(text: str, lang: str) -> None:
    assert judged(text, allergy("milk"), lang=lang)[0] is Verdict.MAY_CONTAIN
