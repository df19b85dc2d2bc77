"""May these people eat this? From a label's text to a verdict with evidence; never "safe"."""

from backend.services.screening.answers import Screening, screen
from backend.services.screening.files import LexiconFaultError
from backend.services.screening.judge import (
    Finding,
    Requirement,
    fold_verdicts,
    judge,
    require_allergy,
    require_rules,
)
from backend.services.screening.labels import LabelLineError, answer_labels
from backend.services.screening.law import NO_LAW, Law, UnknownRegimeError, law_on
from backend.services.screening.lexicon import shipped as shipped_lexicon
from backend.services.screening.lexicon_faults import find_faults
from backend.services.screening.match import Reading, read
from backend.services.screening.mentions import Mention
from backend.services.screening.people import check

__all__ = [
    "NO_LAW",
    "Finding",
    "LabelLineError",
    "Law",
    "LexiconFaultError",
    "Mention",
    "Reading",
    "Requirement",
    "Screening",
    "UnknownRegimeError",
    "answer_labels",
    "check",
    "find_faults",
    "fold_verdicts",
    "judge",
    "law_on",
    "read",
    "require_allergy",
    "require_rules",
    "screen",
    "shipped_lexicon",
]
