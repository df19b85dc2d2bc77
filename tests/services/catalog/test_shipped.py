"""What the shipped catalogue says where a wrong word or a wrong silence would hurt somebody."""

from datetime import date

import pytest

from backend.models.catalog import RequirementType
from backend.services import catalog
from backend.services.catalog import UnknownNameError
from backend.services.catalog.entries import CodeSystem, Relation

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        pytest.param("noix", "nuts", id="french-walnut-or-nut"),
        pytest.param("noix de Grenoble", "nuts.walnut", id="french-walnut"),
        pytest.param("nueces", "nuts", id="spanish-walnuts-or-nuts"),
        pytest.param("nozes", "nuts", id="portuguese-walnuts-or-nuts"),
        pytest.param("frutos de casca rija", "nuts", id="portuguese-tree-nuts"),
        pytest.param("shellfish", "shellfish", id="crustaceans-and-molluscs"),
        pytest.param("skaldjur", "shellfish", id="swedish-shellfish"),
        pytest.param("Krabben", "crustaceans", id="german-prawns-or-crabs"),
        pytest.param("Tintenfisch", "molluscs", id="german-squid-or-octopus"),
        pytest.param("bläckfisk", "molluscs", id="swedish-squid-or-octopus"),
        pytest.param("pindakaas", "peanuts", id="dutch-peanut-butter"),
        pytest.param("masło orzechowe", "peanuts", id="polish-peanut-butter"),
        pytest.param("cacahuate", "peanuts", id="mexican-peanut"),
        pytest.param("castanha de caju", "nuts.cashew", id="portuguese-cashew"),
        pytest.param("omułek", "molluscs.mussel", id="polish-mussel"),
        pytest.param("samopsza", "gluten.einkorn", id="polish-einkorn"),
        pytest.param("sardell", "fish.anchovy", id="swedish-anchovy"),
        pytest.param("blé noir", "buckwheat", id="french-buckwheat-is-no-wheat"),
        pytest.param("grano saraceno", "buckwheat", id="italian-buckwheat-is-no-wheat"),
        pytest.param("corn", "maize", id="american-maize"),
    ],
)
def test_a_word_stands_on_what_people_mean_or_on_more(word: str, code: str) -> None:
    assert catalog.shipped().resolve(RequirementType.ALLERGY, word) == code


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("Malz", id="german-malt-polish-mussel"),
        pytest.param("castanha", id="portuguese-chestnut-brazilian-cashew"),
        pytest.param("pimenta", id="portuguese-pepper-or-chilli"),
        pytest.param("Eiweiß", id="german-egg-white-or-protein"),
    ],
)
def test_a_word_for_unrelated_foods_is_no_name(word: str) -> None:
    with pytest.raises(UnknownNameError):
        catalog.shipped().resolve(RequirementType.ALLERGY, word)


def test_an_intolerance_that_could_be_the_dangerous_one_is_not_taken_for_the_harmless_one() -> None:
    approved = catalog.shipped()

    assert approved.resolve(RequirementType.CONDITION, "intolérance au gluten") == "coeliac_disease"
    with pytest.raises(UnknownNameError):  # hereditary, or malabsorption
        approved.resolve(RequirementType.CONDITION, "fructose intolerance")


def test_a_shellfish_allergy_covers_crustaceans_and_molluscs_and_insects_are_akin() -> None:
    approved = catalog.shipped()

    assert {"crustaceans.prawn", "molluscs.squid"} <= approved.descendants("shellfish")
    assert {"insects.cricket", "insects.mealworm"} <= set(approved.allergens["crustaceans.prawn"].akin)


@pytest.mark.parametrize(
    ("law", "declared", "silent"),
    [
        pytest.param("us", {"nuts", "pine_nut", "sesame"}, {"coconut", "molluscs", "gluten"}, id="us"),
        pytest.param("jp", {"nuts.walnut", "milk.cow"}, {"nuts.cashew", "soybeans", "milk"}, id="jp"),
        pytest.param("au-nz", {"molluscs", "lupin"}, {"nuts", "celery"}, id="au-nz"),
        pytest.param("cn", set(), {"milk", "peanuts"}, id="cn-recommends"),
        pytest.param("codex", {"sesame", "nuts.walnut"}, {"soybeans", "gluten.oats", "nuts"}, id="codex"),
    ],
)
def test_silence_tells_only_of_what_a_law_requires(law: str, declared: set[str], silent: set[str]) -> None:
    required = catalog.declared_on(catalog.shipped().regimes[law], TODAY)

    assert declared <= required
    assert not silent & required


def test_stock_with_older_labels_is_told_nothing_by() -> None:
    regimes = catalog.shipped().regimes

    assert "molluscs" not in catalog.declared_on(regimes["au-nz"], date(2026, 2, 25))
    assert "nuts.walnut" not in catalog.declared_on(regimes["jp"], date(2025, 3, 31))


def test_american_codes_are_not_given_as_those_of_the_who() -> None:
    approved = catalog.shipped()
    codings = {coding.code: coding for coding in approved.allergens["peanuts"].codings}

    assert codings["762952008"].system is CodeSystem.SNOMED_CT
    assert codings["Z91.010"].system is CodeSystem.ICD_10_CM
    assert (codings["Z91.0"].system, codings["Z91.0"].relation) == (CodeSystem.ICD_10, Relation.BROADER)


def test_what_the_law_exempts_is_named_with_its_allergen() -> None:
    exempt = {item.code: item for item in catalog.shipped().regimes["eu"].exemptions}

    assert exempt["refined_soybean_oil"].allergens == ("soybeans",)
    assert exempt["wheat_glucose_syrup"].allergens == ("gluten.wheat",)
    assert not exempt["mustard_behenic_acid"].applies(date(2025, 3, 31))
