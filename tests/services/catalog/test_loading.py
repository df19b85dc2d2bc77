"""The shipped catalogue is complete; a faulty one is refused."""

from pathlib import Path
from typing import Any

import pytest

from backend.models.catalog import RequirementType
from backend.services import catalog
from backend.services.catalog import (
    Allergen,
    CatalogFaultError,
    OwnEntry,
    RetiredNameError,
    UnknownNameError,
)
from tests.catalogs import named, with_entry

LANGUAGES = {"en", "fr", "de", "es", "it", "nl", "pl", "pt", "sv"}
EU = "gluten crustaceans eggs fish peanuts soybeans milk nuts celery mustard sesame sulphites lupin molluscs"
US = "milk eggs fish crustaceans nuts peanuts gluten.wheat soybeans sesame"
TREE_NUTS = "almond hazelnut walnut cashew pecan brazil pistachio macadamia"  # Regulation (EU) 1169/2011
CEREALS = "wheat rye barley oats spelt kamut"
SEEN_IN_CLINICS = "kiwi banana peach celery.root buckwheat meat apple mango tomato pine_nut poppy_seed rice"


def test_the_laws_lists_are_there_with_their_kinds() -> None:
    approved = catalog.shipped()

    assert set(approved.regimes["eu"].declares) == set(EU.split())
    assert set(approved.regimes["us"].declares) >= set(US.split())
    assert set(approved.regimes) == {"eu", "uk", "us", "ca", "au-nz", "jp", "kr", "cn", "codex"}
    assert {f"nuts.{nut}" for nut in TREE_NUTS.split()} <= approved.descendants("nuts")
    assert {f"gluten.{cereal}" for cereal in CEREALS.split()} <= approved.descendants("gluten")
    assert len(approved.descendants("crustaceans")) >= 8
    assert len(approved.descendants("molluscs")) >= 12


def test_sixty_further_foods_are_there() -> None:
    approved = catalog.shipped()
    regulated = {code for law in approved.regimes.values() for code in law.declares}

    further = {
        code
        for code in approved.allergens
        if code not in regulated and not approved.ancestors(code) & regulated
    }

    assert set(SEEN_IN_CLINICS.split()) <= set(approved.allergens)
    assert len(further) >= 60


@pytest.mark.parametrize("part", ["allergens", "diets", "conditions"])
def test_every_entry_has_a_name_in_every_language(part: str) -> None:
    entries = getattr(catalog.shipped(), part)

    assert [code for code, entry in entries.items() if set(entry.names) != LANGUAGES] == []


def test_spelt_is_wheat_and_gluten_and_rye_is_no_wheat() -> None:
    approved = catalog.shipped()

    assert approved.ancestors("gluten.spelt") == {"gluten", "gluten.wheat"}
    assert "gluten.rye" not in approved.descendants("gluten.wheat")


def test_a_law_says_from_which_day_it_asks() -> None:
    china = catalog.shipped().regimes["cn"]
    day = next(duty.since for duty in china.duties if duty.allergen == "milk")
    assert day is not None

    assert catalog.declared_on(china, day.replace(year=2026)) == frozenset()
    assert "milk" in catalog.declared_on(china, day)
    assert "milk" in catalog.declared_on(china, None)


def test_an_unknown_name_is_answered_with_the_three_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        catalog.shipped().resolve(RequirementType.ALLERGY, "hazlenutt")

    assert caught.value.nearest[0] == "hazelnut"
    assert len(caught.value.nearest) == 3
    assert "hazlenutt" not in str(caught.value)


def test_a_changed_catalogue_has_another_version(tmp_path: Path) -> None:
    folder = with_entry(tmp_path, "allergens", named("x"))

    assert catalog.load(folder).version != catalog.shipped().version


def test_a_faulty_catalogue_is_refused_with_every_fault(tmp_path: Path) -> None:
    folder = with_entry(tmp_path, "allergens", named("x", parents=["y", "z"], akin=["w"]))

    with pytest.raises(CatalogFaultError) as caught:
        catalog.load(folder)

    assert str(caught.value).splitlines() == ["x: has the unknown parent y, z", "x: is akin to unknown w"]


def _own(code: str, **members: Any) -> OwnEntry:
    return OwnEntry(
        Allergen.model_validate({"code": code, "names": {"en": code.removeprefix("local.")}} | members)
    )


def test_an_operators_entry_is_one_of_the_catalogue() -> None:
    known = catalog.lay_over(catalog.shipped(), [_own("local.yak milk", parents=["milk"])], version="1")

    assert known.resolve(RequirementType.ALLERGY, "Yak-Milk") == "local.yak milk"
    assert "local.yak milk" in known.descendants("milk")
    assert known.ancestors("local.yak milk") == {"milk"}
    assert known.version != catalog.shipped().version
    assert "local.yak milk" not in catalog.shipped().descendants("milk")


def test_what_a_later_release_ships_wins_and_nothing_stops_the_start() -> None:
    own = [
        _own("peanuts", names={"en": "another thing"}),
        _own("local.dairy", names={"en": "dairy", "fr": "laitages locaux"}),
        _own("local.lost", parents=["gone", "milk"], found_in=["gone"], akin=["gone"]),
    ]

    known = catalog.lay_over(catalog.shipped(), own, version="1")

    assert known.allergens["peanuts"] == catalog.shipped().allergens["peanuts"]
    assert known.resolve(RequirementType.ALLERGY, "dairy") == "milk"
    assert known.resolve(RequirementType.ALLERGY, "laitages locaux") == "local.dairy"
    assert known.resolve(RequirementType.ALLERGY, "local.dairy") == "local.dairy"
    assert known.unsound == {"local.lost"}
    assert known.ancestors("local.lost") == {"milk"}
    assert known.own == {"local.dairy", "local.lost"}


def test_a_retired_entry_is_known_and_not_recorded_anew() -> None:
    item = _own("local.fonio")
    known = catalog.lay_over(catalog.shipped(), [OwnEntry(item.entry, is_retired=True)], version="1")

    assert known.name(RequirementType.ALLERGY, "local.fonio", "fr") == "fonio"
    assert known.resolve(RequirementType.ALLERGY, "fonio", kept=["local.fonio"]) == "local.fonio"
    found = known.search(RequirementType.ALLERGY, "local.fonio", after=None, limit=100)
    assert "local.fonio" not in {entry.code for entry in found}
    with pytest.raises(RetiredNameError):
        known.resolve(RequirementType.ALLERGY, "fonio")


def test_what_somebody_has_they_keep_even_if_the_catalogue_does_not_know_it() -> None:
    known = catalog.shipped()

    assert known.resolve(RequirementType.DIET, "local.gone", kept=["local.gone"]) == "local.gone"
    assert known.name(RequirementType.DIET, "local.gone", "fr") == "local.gone"
    with pytest.raises(UnknownNameError):
        known.resolve(RequirementType.DIET, "local.gone")
