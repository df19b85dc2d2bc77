"""Every fault that a catalogue can have is found, and named with its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.services import catalog
from backend.services.catalog.files import FOLDER
from tests.catalogs import FILES, Entries, copy, named, with_entry

SOURCE = {"publication": "A book, 3rd edition", "authority": "A society", "year": 2020}
CODING = {
    "system": "http://snomed.info/sct",
    "code": "91936005",
    "display": "Allergy to penicillin (finding)",
    "concept": "substance",
    "sources": ["one", "two"],
}
LISTS = [{"code": code, **SOURCE} for code in ("one", "two")]


def _law(**members: Any) -> dict[str, Any]:
    return named("x", **{"source": SOURCE, "duties": [{"allergen": "milk"}]} | members)


def _diet(**members: Any) -> dict[str, Any]:
    return named("x", rules=[{"avoid": ["milk"], "source": SOURCE} | members])


def _exempt(**members: Any) -> dict[str, Any]:
    return _law(exemptions=[{"code": "whey", "names": {"en": "whey"}, "allergens": ["milk"]} | members])


def test_the_shipped_catalogue_has_no_fault() -> None:
    assert catalog.find_faults(FOLDER) == []


@pytest.mark.parametrize(
    ("part", "entry", "fault"),
    [
        pytest.param("allergens", named("milk"), "two entries have the code milk", id="code-twice"),
        pytest.param("substances", named("milk"), "milk is both an allergen", id="code-in-two-files"),
        pytest.param("allergens", named("Milk shake"), "'Milk shake' is no code", id="code"),
        pytest.param("allergens", named("local.x"), "begins as operators' codes do", id="prefix"),
        pytest.param("allergens", named("x") | {"names": {"en": "x"}}, "has no name in fr", id="a-language"),
        pytest.param("diets", _diet() | {"names": {"fr": "x"}}, "has no name in en", id="english"),
        pytest.param("allergens", named("x", synonyms={"en": ["Dairy"]}), "share the name", id="synonym"),
        pytest.param("allergens", named("x", synonyms={"en": ["x en"]}), "repeats a name", id="own-name"),
        pytest.param("allergens", named("x", synonyms={"en": ["a ", "b"]}), "untrimmed syn", id="blank"),
        pytest.param("allergens", named("x", synonyms={"english": ["a"]}), "no language code", id="language"),
        pytest.param("allergens", named("x", parents=["y"]), "x: has the unknown parent y", id="parent"),
        pytest.param("allergens", named("x", parents=["x"]), "x: is its own ancestor", id="circle"),
        pytest.param("allergens", named("x", found_in=["y"]), "x: is found in unknown y", id="found-in"),
        pytest.param("allergens", named("x", akin=["y"]), "x: is akin to unknown y", id="akin"),
        pytest.param("allergens", named("x", bare="milk"), "milk is not a kind of it", id="bare"),
        pytest.param("diets", _diet(avoid=["y"]), "x has a rule about unknown y", id="rule"),
        pytest.param("diets", _diet(avoid=[]), "x has a rule that avoids nothing", id="empty-rule"),
        pytest.param("diets", named("x", rules=[]), "x has no rule", id="no-rule"),
        pytest.param("diets", _diet(threshold="5 g"), "threshold and another kind", id="threshold"),
        pytest.param("diets", _diet(kind="threshold"), "threshold and another kind", id="no-threshold"),
        pytest.param("diets", _diet(source=SOURCE | {"year": 3020}), "of the year 3020", id="year"),
        pytest.param("diets", _diet(source=SOURCE | {"url": "ftp://x"}), "no https address", id="url"),
        pytest.param("diets", _diet(source=SOURCE | {"publication": " "}), "without a title", id="no-title"),
        pytest.param("diets", _diet(sauce="x"), "diets.yaml: entry", id="unknown-member"),
        pytest.param("regimes", _law(duties=[{"allergen": "y"}]), "x declares unknown y", id="law"),
        pytest.param("regimes", _law(countries=["Mars"]), "has Mars for countries", id="country"),
        pytest.param("regimes", _law(duties=[{"allergen": "milk"}] * 2), "declares milk twice", id="overlap"),
        pytest.param(
            "regimes",
            _law(duties=[{"allergen": "milk", "since": "2020-01-01", "until": "2019-01-01"}]),
            "before it begins",
            id="backwards",
        ),
        pytest.param(
            "regimes", _law(duties=[{"allergen": "milk", "since": "1812-01-01"}]), "the day 1812", id="date"
        ),
        pytest.param(
            "regimes",
            _law(duties=[{"allergen": "milk", "since": "2020-01-01", "old_labels_until": "2019-01-01"}]),
            "before the duty begins",
            id="old-labels",
        ),
        pytest.param("regimes", _exempt(allergens=["y"]), "whey is made from unknown y", id="exempt-unknown"),
        pytest.param("regimes", _exempt(allergens=["fish"]), "law does not ask for", id="exempt-idle"),
        pytest.param("regimes", _exempt(allergens=[]), "is made from nothing", id="exempt-nothing"),
        pytest.param("regimes", _exempt(names={"fr": "x"}), "has no name in en", id="exempt-name"),
        pytest.param(
            "regimes",
            _law(exemptions=[{"code": "w", "names": {"en": "w"}, "allergens": ["milk"]}] * 2),
            "two exemptions w",
            id="exempt-twice",
        ),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(tmp_path: Path, part: str, entry: dict[str, Any], fault: str) -> None:
    found = catalog.find_faults(with_entry(tmp_path, part, entry))

    assert [line for line in found if fault in line], found


@pytest.mark.parametrize(
    ("coding", "fault"),
    [
        pytest.param({}, None, id="right"),
        pytest.param({"code": "762952009"}, "is no code of http://snomed.info/sct", id="check-digit"),
        pytest.param(
            {"system": "http://hl7.org/fhir/sid/icd-10", "code": "K900"},
            "is no code of",
            id="icd-without-dot",
        ),
        pytest.param({"concept": "diet"}, "cannot stand for diet here", id="concept"),
        pytest.param({"sources": ["one"]}, "fewer than 2 lists", id="one-list"),
        pytest.param({"sources": ["one", "one"]}, "fewer than 2 lists", id="the-same-list"),
        pytest.param({"sources": ["one", "rumour"]}, "from unknown lists rumour", id="unknown-list"),
    ],
)
def test_a_code_of_medicine_is_checked(tmp_path: Path, coding: dict[str, Any], fault: str | None) -> None:
    def add(entries: Entries) -> None:
        entries.append(named("x", codings=[CODING | coding]))

    changes: dict[str, Callable[[Entries], object]] = {
        "allergens": add,
        "code_lists": lambda old: old.extend(LISTS),
    }
    found = [line for line in catalog.find_faults(copy(tmp_path, changes)) if line.startswith("x: ")]

    assert len(found) == (fault is not None)
    assert not found or str(fault) in found[0]


@pytest.mark.parametrize(("relation", "faults"), [("equivalent", 1), ("broader", 0)])
def test_an_equivalent_code_is_of_one_entry_alone(tmp_path: Path, relation: str, faults: int) -> None:
    def add(entries: Entries) -> None:
        entries.extend(named(code, codings=[CODING | {"relation": relation}]) for code in ("x", "z"))

    changes: dict[str, Callable[[Entries], object]] = {
        "allergens": add,
        "code_lists": lambda old: old.extend(LISTS),
    }
    found = [line for line in catalog.find_faults(copy(tmp_path, changes)) if "have the same code" in line]

    assert len(found) == faults


def test_a_kind_may_share_a_name_with_what_it_is_a_kind_of(tmp_path: Path) -> None:
    folder = with_entry(tmp_path, "allergens", named("x", parents=["milk"], synonyms={"en": ["dairy"]}))

    assert catalog.find_faults(folder) == []
    assert catalog.load(folder).resolve(catalog.RequirementType.ALLERGY, "dairy") == "milk"


def test_a_circle_of_several_is_found(tmp_path: Path) -> None:
    def add(entries: Entries) -> None:
        entries.extend(named(code, parents=[other]) for code, other in (("x", "y"), ("y", "z"), ("z", "x")))

    found = catalog.find_faults(copy(tmp_path, {"allergens": add}))

    assert found == [f"{code}: is its own ancestor" for code in "xyz"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("- {code: x, names: {en: a, en: b}}", "has ['en'] twice", id="member-twice"),
        pytest.param("code: x", "is no list", id="no-list"),
        pytest.param("- {code: [", "allergens.yaml: ", id="no-yaml"),
        pytest.param("- 5", "allergens.yaml: entry 1", id="no-mapping"),
        pytest.param("- !!python/object/apply:os.getcwd []", "allergens.yaml: ", id="object"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str, fault: str) -> None:
    copy(tmp_path)
    (tmp_path / "allergens.yaml").write_text(text, "utf-8")

    assert [line for line in catalog.find_faults(tmp_path) if fault in line]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_an_error(tmp_path: Path, name: str) -> None:
    copy(tmp_path)
    (tmp_path / f"{name}.yaml").unlink()

    with pytest.raises(FileNotFoundError):
        catalog.find_faults(tmp_path)
