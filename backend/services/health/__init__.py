"""Health profiles: sealed, versioned documents about one's own person and dependants."""

from backend.services.health.document import Allergy, DietaryRestriction, Document, Entry, MedicalCondition
from backend.services.health.entries import (
    EntryChanges,
    Place,
    Recorded,
    add_entry,
    read_entry,
    remove_entry,
    update_entry,
)
from backend.services.health.errors import (
    EntryExistsError,
    EntryNotFoundError,
    ProfileExistsError,
    ProfileNotFoundError,
    RevisionNotFoundError,
    TooManyEntriesError,
    TooManyProfilesError,
)
from backend.services.health.examination import find_faults
from backend.services.health.profiles import (
    create_profile,
    list_profiles,
    remove_profile,
    replace_profile,
    update_profile,
)
from backend.services.health.readings import read_profile, read_profiles
from backend.services.health.records import ALL
from backend.services.health.responses import to_allergy, to_condition, to_response, to_restriction
from backend.services.health.revisions import (
    Revision,
    compare_revisions,
    list_revisions,
    opened_revision,
    read_revision,
    restore_revision,
    revisions_of,
    to_revision,
)
from backend.services.health.rows import ProfileRef
from backend.services.health.sections import (
    ALLERGIES,
    DIETARY_RESTRICTIONS,
    MEDICAL_CONDITIONS,
    EntryData,
    Section,
)
from backend.services.health.storage import (
    KEPT_REVISIONS,
    Profile,
    Versions,
    opened,
    profiles_of,
)

__all__ = [
    "ALL",
    "ALLERGIES",
    "DIETARY_RESTRICTIONS",
    "KEPT_REVISIONS",
    "MEDICAL_CONDITIONS",
    "Allergy",
    "DietaryRestriction",
    "Document",
    "Entry",
    "EntryChanges",
    "EntryData",
    "EntryExistsError",
    "EntryNotFoundError",
    "MedicalCondition",
    "Place",
    "Profile",
    "ProfileExistsError",
    "ProfileNotFoundError",
    "ProfileRef",
    "Recorded",
    "Revision",
    "RevisionNotFoundError",
    "Section",
    "TooManyEntriesError",
    "TooManyProfilesError",
    "Versions",
    "add_entry",
    "compare_revisions",
    "create_profile",
    "find_faults",
    "list_profiles",
    "list_revisions",
    "opened",
    "opened_revision",
    "profiles_of",
    "read_entry",
    "read_profile",
    "read_profiles",
    "read_revision",
    "remove_entry",
    "remove_profile",
    "replace_profile",
    "restore_revision",
    "revisions_of",
    "to_allergy",
    "to_condition",
    "to_response",
    "to_restriction",
    "to_revision",
    "update_entry",
    "update_profile",
]
