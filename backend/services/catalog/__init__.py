"""The approved lists: allergens, diets, conditions and what the law requires on a label."""

from backend.services.catalog.entries import (
    Allergen,
    Condition,
    Diet,
    Named,
    Regime,
    RequirementType,
    Rule,
    RuleKind,
    Substance,
)
from backend.services.catalog.loading import (
    Catalog,
    CatalogFaultError,
    CursorUnknownError,
    declared_on,
    load,
    shipped,
)
from backend.services.catalog.names import UnknownNameError

__all__ = [
    "Allergen",
    "Catalog",
    "CatalogFaultError",
    "Condition",
    "CursorUnknownError",
    "Diet",
    "Named",
    "Regime",
    "RequirementType",
    "Rule",
    "RuleKind",
    "Substance",
    "UnknownNameError",
    "declared_on",
    "load",
    "shipped",
]
