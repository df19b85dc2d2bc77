"""May these people eat this? From a label's text to a verdict with evidence; never "safe"."""

from backend.services.screening.batch import check_batch
from backend.services.screening.evaluation import score_labels, score_spans
from backend.services.screening.files import LexiconFaultError
from backend.services.screening.judge import (
    Finding,
    fold_verdicts,
    judge,
)
from backend.services.screening.labels import LabelLineError, answer_labels
from backend.services.screening.law import NO_LAW, Law, UnknownRegimeError, law_on
from backend.services.screening.lexicon import shipped as shipped_lexicon
from backend.services.screening.lexicon_faults import find_faults
from backend.services.screening.match import Reading, read
from backend.services.screening.mentions import Mention
from backend.services.screening.menu import check_menu
from backend.services.screening.people import GuestsOffError, answer_guests, check, check_for_guests
from backend.services.screening.requirements import Requirement, require_allergy, require_rules
from backend.services.screening.screen import Screening, screen
from backend.services.screening.wanted import (
    AllergyRequirement,
    ConditionRequirement,
    DietRequirement,
    PersonalRequirement,
)

__all__ = [
    "NO_LAW",
    "AllergyRequirement",
    "ConditionRequirement",
    "DietRequirement",
    "Finding",
    "GuestsOffError",
    "LabelLineError",
    "Law",
    "LexiconFaultError",
    "Mention",
    "PersonalRequirement",
    "Reading",
    "Requirement",
    "Screening",
    "UnknownRegimeError",
    "answer_guests",
    "answer_labels",
    "check",
    "check_batch",
    "check_for_guests",
    "check_menu",
    "find_faults",
    "fold_verdicts",
    "judge",
    "law_on",
    "read",
    "require_allergy",
    "require_rules",
    "score_labels",
    "score_spans",
    "screen",
    "shipped_lexicon",
]
