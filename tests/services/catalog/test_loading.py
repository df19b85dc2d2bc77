"""The shipped catalogue is complete; a faulty one is refused."""

from pathlib import Path

import pytest
import yaml

from backend.services import catalog
from backend.services.catalog import CatalogFaultError, RequirementType, UnknownNameError
from backend.services.catalog.loading import FOLDER

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
    day = china.declares["milk"]
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


def _copy(folder: Path, changes: dict[str, list[dict[str, object]]]) -> Path:
    for name in ("allergens", "substances", "diets", "conditions", "regimes"):
        entries = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
        text = yaml.safe_dump(entries + changes.get(name, []), allow_unicode=True)
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("part", "entry", "message"),
    [
        pytest.param("allergens", {"code": "milk"}, "two entries", id="code-twice"),
        pytest.param("substances", {"code": "milk"}, "both an allergen", id="code-in-two-files"),
        pytest.param("allergens", {"code": "x", "names": {"en": "Dairy"}}, "share", id="name-twice"),
        pytest.param("allergens", {"code": "x", "parents": ["y"]}, "unknown parent", id="parent"),
        pytest.param("allergens", {"code": "x", "parents": ["x"]}, "own ancestor", id="circle"),
        pytest.param("allergens", {"code": "x", "found_in": ["y"]}, "found in unknown", id="found-in"),
        pytest.param("allergens", {"code": "x", "bare": "milk"}, "not a kind of", id="bare"),
        pytest.param(
            "diets",
            {"code": "x", "rules": [{"avoid": ["y"], "source": "z"}]},
            "rule about unknown",
            id="rule",
        ),
        pytest.param(
            "regimes", {"code": "x", "declares": {"y": None}, "source": "z"}, "declares unknown", id="law"
        ),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(
    tmp_path: Path, part: str, entry: dict[str, object], message: str
) -> None:
    folder = _copy(tmp_path, {part: [{"names": {"en": "unheard of"}} | entry]})

    with pytest.raises(CatalogFaultError, match=message):
        catalog.load(folder)


def test_a_changed_catalogue_has_another_version(tmp_path: Path) -> None:
    folder = _copy(tmp_path, {"allergens": [{"code": "x", "names": {"en": "unheard of"}}]})

    assert catalog.load(folder).version != catalog.shipped().version
