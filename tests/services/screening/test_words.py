"""What the words of a label stand for: derived ingredients, and traps that look like an allergen."""

import pytest

from backend.schemas.screening import Verdict
from tests.labels import allergy, judged


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Water, sodium caseinate, salt", "milk"),
        ("Potatoes, whey powder, salt", "milk"),
        ("Ghee, rice", "milk"),
        ("Water, casein, salt", "milk.cow"),
        ("Durum wheat semolina, water", "gluten"),
        ("Rice, semolina", "gluten.wheat"),
        ("Rice, spelt flour", "gluten.wheat"),
        ("Rice, barley malt extract", "gluten"),
        ("Water, tahini, salt", "sesame"),
        ("Sugar, albumen, salt", "eggs"),
        ("Water, mayonnaise", "eggs"),
        ("Rice, surimi", "fish"),
        ("Water, anchovy extract, salt", "fish"),
        ("Tofu, water", "soybeans"),
        ("Sugar, marzipan", "nuts.almond"),
        ("Sugar, praline, gianduja", "nuts"),
        ("Groundnut oil, salt", "peanuts"),
        ("Dried apricots, E220", "sulphites"),
        ("Dried apricots, E 224", "sulphites"),
        ("Rice, king prawns", "crustaceans"),
        ("Rice, calamari", "molluscs"),
        ("Water, celeriac, salt", "celery"),
        ("WATER, SKIMMED MILK POWDER", "milk"),
        ("Water, milk.", "milk"),
        ("water,milk,salt", "milk"),
        ("Water (95%), **milk** (5%)", "milk"),
        ("Zutaten: water, goat\u2019s cheese", "milk"),
    ],
)
def test_a_derived_ingredient_is_what_it_is_made_from(text: str, code: str) -> None:
    assert judged(f"Ingredients: {text}", allergy(code))[0] is Verdict.CONTAINS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("farine de froment, eau", "gluten"),
        ("sucre, lactosérum en poudre", "milk"),
        ("eau, caséinate de sodium", "milk"),
        ("semoule de blé dur", "gluten"),
        ("crème fraîche, sel", "milk"),
        ("jaunes d\u2019œufs, sucre", "eggs"),
        ("JAUNES D'OEUFS, SUCRE", "eggs"),
        ("huile d'arachide", "peanuts"),
        ("amandes effilées, sucre", "nuts"),
        ("cerneaux de noix", "nuts.walnut"),
        ("vin blanc, métabisulfite de potassium", "sulphites"),
        ("graines de moutarde, vinaigre", "mustard"),
        ("céleri-rave, eau", "celery"),
        ("noix de saint-jacques", "molluscs"),
        ("filets d'anchois, huile", "fish"),
    ],
)
def test_french_labels_are_read(text: str, code: str) -> None:
    assert judged(f"Ingrédients : {text}", allergy(code), lang="fr")[0] is Verdict.CONTAINS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("coconut milk, sugar", "milk"),
        ("coconut milk, sugar", "nuts"),
        ("cocoa butter, sugar", "milk"),
        ("peanut butter", "milk"),
        ("butternut squash, salt", "nuts"),
        ("butter beans, salt", "milk"),
        ("nutmeg, salt", "nuts"),
        ("buckwheat, salt", "gluten"),
        ("cream of tartar, sugar", "milk"),
        ("water chestnuts, salt", "nuts"),
        ("eggplant, salt", "eggs"),
        ("oat milk, salt", "milk"),
        ("lactic acid, water", "milk"),
        ("calcium lactate, water", "milk"),
        ("shea butter, sugar", "milk"),
        ("almond milk, sugar", "milk"),
        ("doughnut glaze sugar", "nuts"),
        ("crayfish-free sugar", "crustaceans"),
        ("rice, corn starch", "gluten"),
    ],
)
def test_a_trap_word_is_none(text: str, code: str) -> None:
    verdict, findings = judged(f"Ingredients: {text}", allergy(code))

    assert findings == ()
    assert verdict in {Verdict.NO_CONFLICT_FOUND, Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("lait de coco, sucre", "milk"),
        ("beurre de cacao, sucre", "milk"),
        ("noix de coco râpée", "nuts"),
        ("noix de muscade, sel", "nuts"),
        ("crème de cassis, sucre", "milk"),
        ("crème de tartre", "milk"),
        ("sarrasin, sel", "gluten"),
        ("farine de blé noir", "gluten"),
        ("acide lactique, eau", "milk"),
        ("haricots beurre, sel", "milk"),
        ("farine de maïs, sel", "gluten"),
    ],
)
def test_a_french_trap_word_is_none(text: str, code: str) -> None:
    assert judged(f"Ingrédients : {text}", allergy(code), lang="fr")[1] == ()


@pytest.mark.parametrize(
    ("text", "code", "lang"),
    [
        ("hazelnut milk chocolate, sugar", "milk", "en"),
        ("hazelnut milk chocolate, sugar", "nuts.hazelnut", "en"),
        ("egg noodles, water", "gluten", "en"),
        ("egg noodles, water", "eggs", "en"),
        ("fruits à coque et arachides", "peanuts", "fr"),
        ("nouilles aux œufs, eau", "gluten", "fr"),
        ("moutarde aux noix, sel", "mustard", "fr"),
        ("céleri rémoulade, sel", "eggs", "fr"),
        ("poisson pané, sel", "gluten", "fr"),
        ("sauce teriyaki, eau", "gluten", "fr"),
        ("beurre de homard, sel", "milk", "fr"),
        ("extrait de malt d'orge et de blé", "gluten.wheat", "fr"),
    ],
)
def test_a_phrase_of_two_things_is_both(text: str, code: str, lang: str) -> None:
    assert judged(text, allergy(code), lang=lang)[0] is Verdict.CONTAINS


@pytest.mark.parametrize("text", ["Rice, milk\u00b2, salt", "Rice, milk13%", "Rice, 5%milk", "Rice, 20milk"])
def test_a_word_ends_where_digits_begin(text: str) -> None:
    assert judged(f"Ingredients: {text}", allergy("milk"))[0] is Verdict.CONTAINS


@pytest.mark.parametrize(
    ("text", "code"),
    [("creampowder, salt", "milk"), ("soybeanand palm oil", "soybeans"), ("choppedhazelnuts", "nuts")],
)
def test_a_name_printed_without_its_space_is_likely(text: str, code: str) -> None:
    assert judged(f"Ingredients: {text}", allergy(code))[0] is Verdict.LIKELY
