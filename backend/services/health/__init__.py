"""Health profiles: sealed, versioned documents about one's own person and dependants."""

from backend.services.health.document import Allergy, Document
from backend.services.health.errors import ProfileExistsError, ProfileNotFoundError, TooManyProfilesError
from backend.services.health.profiles import (
    Profile,
    ProfileRef,
    Versions,
    create_profile,
    list_profiles,
    read_profile,
    read_profiles,
    remove_profile,
    replace_profile,
    to_response,
    update_profile,
)

__all__ = [
    "Allergy",
    "Document",
    "Profile",
    "ProfileExistsError",
    "ProfileNotFoundError",
    "ProfileRef",
    "TooManyProfilesError",
    "Versions",
    "create_profile",
    "list_profiles",
    "read_profile",
    "read_profiles",
    "remove_profile",
    "replace_profile",
    "to_response",
    "update_profile",
]
