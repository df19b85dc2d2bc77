"""What can be wrong with a request about profiles."""

from backend.core.errors import ConflictError, NotFoundError

MAX_DEPENDANTS = 50


class ProfileNotFoundError(NotFoundError):
    """There is no such profile, or it is somebody else's."""

    code = "profile-not-found"
    title = "There is no such profile"


class EntryNotFoundError(NotFoundError):
    """The profile has no such entry."""

    code = "entry-not-found"
    title = "There is no such entry"


class RevisionNotFoundError(NotFoundError):
    """The profile was never at this version, or that version was not kept."""

    code = "revision-not-found"
    title = "There is no such version of this profile"


class ProfileExistsError(ConflictError):
    """The account already has a profile of its owner."""

    code = "profile-exists"
    title = "You already have a profile of your own"


class EntryExistsError(ConflictError):
    """The profile already has an entry of that code, whatever name it was sent under."""

    code = "entry-exists"
    title = "This is already recorded"


class TooManyProfilesError(ConflictError):
    """The household is full."""

    code = "too-many-profiles"
    title = f"An account holds at most {MAX_DEPENDANTS} dependants"


class TooManyEntriesError(ConflictError):
    """The list is full."""

    code = "too-many-entries"
    title = "A list of this profile is full"
