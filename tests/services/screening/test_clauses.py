"""Where a clause ends, and what turns it round: no allergen may vanish in an absence or an aside."""

import pytest

from backend.schemas.screening import Verdict
from tests.labels import allergy, judged

CONTAINS, MAY_CONTAIN = Verdict.CONTAINS, Verdict.MAY_CONTAIN
UNKNOWN = Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        pytest.param("Oats, no added sugar, milk powder, salt", "en", id="no-added"),
        pytest.param("Contains no added salt, milk", "en", id="contains-no-added"),
        pytest.param(
            "Rice, free from artificial colours, skimmed milk", "en", id="free-from-what-no-law-names"
        ),
        pytest.param("Sugar, without preservatives whole milk", "en", id="no-comma"),
        pytest.param("Rice, cheese with rennet suitable for vegetarians, milk", "en", id="suitability"),
        pytest.param("Suitable for vegans and vegetarians milk, oats", "en", id="suitability-without-stop"),
        pytest.param("Free from gluten but with milk", "en", id="but"),
        pytest.param("Contains no less than 20% milk", "en", id="no-less-than"),
        pytest.param("No.1 milk chocolate", "en", id="number-one"),
        pytest.param("Nut free from contains milk", "en", id="two-openers"),
        pytest.param("Free from allergens. Contains milk", "en", id="allergens-then-stop"),
        pytest.param("Riz, sans colorant - lait entier - sel", "fr", id="dash"),
        pytest.param("Riz • sans conservateur • lait • sel", "fr", id="bullet"),
        pytest.param("Sucre, 0 % de matières grasses, lait écrémé", "fr", id="nought-per-cent"),
        pytest.param("Sans doute le meilleur chocolat au lait", "fr", id="without-doubt"),
        pytest.param("Convient aux végétariens, lait, sucre", "fr", id="convient"),
        pytest.param("Ne contient pas moins de 20 % de lait", "fr", id="pas-moins"),
    ],
)
def test_an_absence_or_suitability_ends_before_the_next_ingredient(text: str, lang: str) -> None:
    assert judged(f"{text}.", allergy("milk"), lang=lang)[0] is CONTAINS


@pytest.mark.parametrize(
    ("text", "code", "lang"),
    [
        pytest.param("Made with 45 g of fruit per 100 g, milk, sugar", "milk", "en", id="per-100-g"),
        pytest.param("Salami of 140 g pork per 100g, milk powder", "milk", "en", id="per-100g"),
        pytest.param("Oat flakes, high in protein, milk powder", "milk", "en", id="claim"),
        pytest.param("Energy bites: dates, almonds", "nuts", "en", id="energy-bites"),
        pytest.param("Keep refrigerated milk, sugar", "milk", "en", id="complete-advice"),
        pytest.param("MSC certified cod, salt", "fish", "en", id="certified"),
        pytest.param("Préparé avec 50 g de fruits pour 100 g, crème", "milk", "fr", id="pour-100-g"),
        pytest.param("Délicieux biscuits aux amandes", "nuts", "fr", id="praise"),
    ],
)
def test_an_aside_within_a_list_swallows_nothing(text: str, code: str, lang: str) -> None:
    assert judged(text, allergy(code), lang=lang)[0] is CONTAINS


@pytest.mark.parametrize(
    "text",
    [
        "Rice (no milk), salt",
        "Rice. This product is free from milk.",
        "Rice. Free from milk, eggs and soya.",
        "Rice. Free from eggs, milk and soya.",
        "Riz. Sans gluten ni lait.",
        "Riz. Fabriqué dans un atelier sans lait.",
        "Rice. Made in a dairy-free bakery.",
    ],
)
def test_what_is_absent_is_no_finding(text: str) -> None:
    assert judged(text, allergy("milk"), lang=None)[1] == ()


@pytest.mark.parametrize(
    "text",
    [
        "Nutrition information per 100 g: energy 900 kJ, of which sugars 3 g, milk 0 g. Ingredients: rice",
        "Rice. Cooking instructions: heat, then add milk, stir.",
    ],
)
def test_what_stands_aside_is_no_conflict_and_still_seen(text: str) -> None:
    assert judged(text, allergy("milk"), lang=None)[0] is UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "Not guaranteed to be free from nuts.",
        "We can't guarantee our products are free from nuts.",
        "We cannot guarantee that any of our cakes is completely free from nuts.",
        "May not be free from nuts.",
        "May not be suitable for nut allergy sufferers.",
        "This isn't suitable for people with a nut allergy.",
        "We cannot guarantee a nut-free kitchen.",
        "Our bakery is not nut free.",
        "Does not contain milk, but was made in a factory using nuts.",
        "Packed in an environment handling nuts.",
        "Nous ne pouvons garantir l'absence de fruits à coque.",
        "L'absence de fruits à coque n'est pas garantie.",
        "Produit non exempt de fruits à coque.",
        "Exempt de gluten mais peut contenir des fruits à coque.",
        "Ne convient pas à un régime sans fruits à coque.",
    ],
)
def test_an_absence_that_is_denied_or_not_guaranteed_is_a_warning(text: str) -> None:
    verdict, findings = judged(f"Ingredients: rice. {text}", allergy("nuts"), lang=None)

    assert verdict is MAY_CONTAIN
    assert {finding.mention.clause for finding in findings} == {"precautionary"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("May contain seeds.", "sesame", id="seeds"),
        pytest.param("May contain other cereals.", "gluten.wheat", id="cereals"),
        pytest.param("Peut contenir des graines oléagineuses.", "sesame", id="graines"),
    ],
)
def test_a_vague_warning_leaves_it_open_whatever_the_law(text: str, code: str) -> None:
    label = f"Ingredients: rice. {text}"

    assert judged(label, allergy(code), lang=None, law="eu")[0] is UNKNOWN
    assert judged(label, allergy(code, traces=False), lang=None, law="eu")[1] == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("garlic bread, salt", "gluten", id="bread-of-garlic"),
        pytest.param("banana bread, salt", "gluten", id="bread-of-banana"),
        pytest.param("chicken stock, salt", "celery", id="stock-of-chicken"),
        pytest.param("flour (iron, niacin), salt", "gluten", id="what-was-added"),
        pytest.param("modified starch (contains sulphites), salt", "gluten", id="what-it-was-treated-with"),
        pytest.param("flavouring: natural. Salt, celery", "mustard", id="colon"),
        pytest.param("vegetarian sausages, salt", "eggs", id="vegetarian"),
        pytest.param("vegan cheese, salt", "nuts.cashew", id="vegan"),
        pytest.param("bourbon biscuits, salt", "gluten", id="bourbon"),
        pytest.param("lactic ferments, salt", "milk", id="ferments"),
    ],
)
def test_naming_one_part_does_not_tell_the_rest(text: str, code: str) -> None:
    assert judged(f"Ingredients: {text}", allergy(code))[0] is UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "modified starch (maize), salt",
        "maize starch, salt",
        "flour (rice), salt",
        "bread (rice, salt), water",
    ],
)
def test_a_named_source_settles_it(text: str) -> None:
    assert judged(f"Ingredients: {text}", allergy("gluten"))[1] == ()


@pytest.mark.parametrize("text", ["No GMO soya", "Made without GMO soya", "Free from GMO soya lecithin"])
def test_what_soya_is_not_does_not_make_it_absent(text: str) -> None:
    assert judged(text, allergy("soybeans"))[0] is CONTAINS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("nougat (sugar, egg white, honey), salt", False, id="its-list"),
        pytest.param("nougat (sugar, egg white, almonds), salt", True, id="its-list-names-them"),
        pytest.param("nougat, sugar", True, id="no-list"),
        pytest.param("nougat (sugar, egg white, zorbs), salt", True, id="not-understood"),
        pytest.param("nougat (15 %), sugar", True, id="a-share"),
        pytest.param("nougat (sugar, egg white, honey", True, id="cut-off"),
        pytest.param("almonds (sugar, salt, honey)", True, id="no-recipe"),
    ],
)
def test_a_list_behind_something_made_by_recipe_says_what_is_in_it(text: str, *, found: bool) -> None:
    assert bool(judged(f"Ingredients: {text}", allergy("nuts"))[1]) is found
