"""Health profiles: sealed, versioned documents about one's own person and dependants."""

from backend.services.health.document import Allergy, DietaryRestriction, Document, MedicalCondition
from backend.services.health.entries import (
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
from backend.services.health.profiles import (
    create_profile,
    list_profiles,
    read_profile,
    read_profiles,
    remove_profile,
    replace_profile,
    update_profile,
)
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
from backend.services.health.sections import ALLERGIES, DIETARY_RESTRICTIONS, MEDICAL_CONDITIONS
from backend.services.health.storage import Profile, ProfileRef, Versions, opened, profiles_of

__all__ = [
    "ALLERGIES",
    "DIETARY_RESTRICTIONS",
    "MEDICAL_CONDITIONS",
    "Allergy",
    "DietaryRestriction",
    "Document",
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
    "TooManyEntriesError",
    "TooManyProfilesError",
    "Versions",
    "add_entry",
    "compare_revisions",
    "create_profile",
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
