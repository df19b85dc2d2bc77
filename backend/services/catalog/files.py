"""Reading the catalogue's files: every fault in their form, not the first alone."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from backend.services.catalog.entries import Allergen, CodeList, Condition, Diet, Named, Regime, Substance

FOLDER: Final = Path(__file__).parents[2] / "data" / "catalog"
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML's safe one, in C where that was built
_Item = TypeVar("_Item", bound=BaseModel)


class _Loader(_Base):  # type: ignore[misc] # which of the two is known when it runs
    """Builds plain values alone, and refuses a member that stands twice: the second would hide the first."""

    def construct_mapping(self, node: yaml.MappingNode, *, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.MarkedYAMLError(
                problem=f"the mapping has {sorted(twice)} twice", problem_mark=node.start_mark
            )
        built: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return built


@dataclass(frozen=True, slots=True)
class Files:
    """What the files of a catalogue hold, in their order, and what is wrong with their form."""

    allergens: tuple[Allergen, ...]
    substances: tuple[Substance, ...]
    diets: tuple[Diet, ...]
    conditions: tuple[Condition, ...]
    regimes: tuple[Regime, ...]
    code_lists: tuple[CodeList, ...]
    content: bytes
    faults: list[str] = field(default_factory=list)

    def parts(self) -> dict[str, tuple[Named, ...]]:
        """Return the files whose entries have names."""
        return {
            "allergens": self.allergens,
            "substances": self.substances,
            "diets": self.diets,
            "conditions": self.conditions,
            "regimes": self.regimes,
        }


def read_files(folder: Path) -> Files:
    """Read a folder.

    Raises:
        OSError: A file is missing.
    """
    reader = _Reader(folder)
    return Files(
        allergens=reader.read("allergens", Allergen),
        substances=reader.read("substances", Substance),
        diets=reader.read("diets", Diet),
        conditions=reader.read("conditions", Condition),
        regimes=reader.read("regimes", Regime),
        code_lists=reader.read("code_lists", CodeList),
        content=b"".join(reader.contents),
        faults=reader.faults,
    )


def parse(text: bytes | str) -> Any:  # noqa: ANN401 - whatever a file holds
    """Return what a YAML text holds.

    Raises:
        yaml.YAMLError: It is none, or a mapping has a member twice.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe one


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contents: list[bytes] = []
        self.faults: list[str] = []

    def read(self, name: str, kind: type[_Item]) -> tuple[_Item, ...]:
        """Return the entries of a file that have the right form."""
        content = (self.folder / f"{name}.yaml").read_bytes()
        self.contents.append(content)
        try:
            listed = parse(content)
        except yaml.YAMLError as error:
            self.faults.append(f"{name}.yaml: {' '.join(str(error).split())}")
            return ()
        if not isinstance(listed, list):
            self.faults.append(f"{name}.yaml: is no list")
            return ()
        return tuple(item for place in enumerate(listed, 1) for item in self._entry(name, kind, *place))

    def _entry(self, name: str, kind: type[_Item], number: int, item: object) -> tuple[_Item, ...]:
        try:
            return (kind.model_validate(item),)
        except ValidationError as error:
            code = item.get("code", "") if isinstance(item, dict) else ""
            for fault in error.errors(include_url=False, include_input=False):
                place = ".".join(map(str, fault["loc"]))
                self.faults.append(f"{name}.yaml: entry {number} {code}: {place}: {fault['msg']}")
            return ()
