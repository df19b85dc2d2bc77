"""What factors work with beside the unit of work."""

from dataclasses import dataclass

from backend.core.database import Database
from backend.core.keys import Keyring
from backend.core.passkeys import RelyingParty
from backend.core.tokens import Tokens
from backend.services.attempts import Attempts


@dataclass(frozen=True, slots=True)
class Ports:
    """The parts of the application that signing in with a factor needs."""

    database: Database
    tokens: Tokens
    attempts: Attempts
    party: RelyingParty

    @property
    def keyring(self) -> Keyring:
        """The service's keys."""
        return self.tokens.keyring
