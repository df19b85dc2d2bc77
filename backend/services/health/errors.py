"""What can be wrong with a request about profiles."""

from backend.core.errors import ConflictError, NotFoundError

MAX_DEPENDANTS = 50


class ProfileNotFoundError(NotFoundError):
    """There is no such profile, or it is somebody else's."""

    code = "profile-not-found"
    title = "There is no such profile"


class ProfileExistsError(ConflictError):
    """The account already has a profile of its owner."""

    code = "profile-exists"
    title = "You already have a profile of your own"


class TooManyProfilesError(ConflictError):
    """The household is full."""

    code = "too-many-profiles"
    title = f"An account holds at most {MAX_DEPENDANTS} dependants"
