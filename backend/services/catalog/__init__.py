"""The approved lists: allergens, diets, conditions and what the law requires on a label."""

from backend.models.catalog import RequirementType
from backend.services.catalog.additions import Catalogs, lock, to_content, to_entry
from backend.services.catalog.current import bind, current, spoken
from backend.services.catalog.duties import declared_on, situation_on
from backend.services.catalog.entries import (
    LANGUAGES,
    Allergen,
    Condition,
    Diet,
    DutyKind,
    Named,
    Regime,
    Rule,
    RuleKind,
    Substance,
)
from backend.services.catalog.entry_checks import OWN_PREFIX
from backend.services.catalog.files import read_files
from backend.services.catalog.loading import (
    Catalog,
    CatalogFaultError,
    CodeUnknownError,
    CursorUnknownError,
    Entry,
    OwnEntry,
    find_faults,
    lay_over,
    load,
    shipped,
)
from backend.services.catalog.names import AMBIGUOUS, AmbiguousNameError, RetiredNameError, UnknownNameError
from backend.services.catalog.proposals import entry_faults
from backend.services.catalog.responses import to_allergen, to_page, to_regime, to_regimes, to_ruled

__all__ = [
    "AMBIGUOUS",
    "LANGUAGES",
    "OWN_PREFIX",
    "Allergen",
    "AmbiguousNameError",
    "Catalog",
    "CatalogFaultError",
    "Catalogs",
    "CodeUnknownError",
    "Condition",
    "CursorUnknownError",
    "Diet",
    "DutyKind",
    "Entry",
    "Named",
    "OwnEntry",
    "Regime",
    "RequirementType",
    "RetiredNameError",
    "Rule",
    "RuleKind",
    "Substance",
    "UnknownNameError",
    "bind",
    "current",
    "declared_on",
    "entry_faults",
    "find_faults",
    "lay_over",
    "load",
    "lock",
    "read_files",
    "shipped",
    "situation_on",
    "spoken",
    "to_allergen",
    "to_content",
    "to_entry",
    "to_page",
    "to_regime",
    "to_regimes",
    "to_ruled",
]
