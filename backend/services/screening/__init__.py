"""May these people eat this? From a label's text to a verdict with evidence; never "safe"."""

from backend.services.screening.files import LexiconFaultError
from backend.services.screening.judge import Finding, Requirement, fold_verdicts, judge
from backend.services.screening.labels import LabelLineError, answer_labels
from backend.services.screening.lexicon import shipped as shipped_lexicon
from backend.services.screening.lexicon_faults import find_faults
from backend.services.screening.match import Reading, read
from backend.services.screening.mentions import Mention
from backend.services.screening.people import check

__all__ = [
    "Finding",
    "LabelLineError",
    "LexiconFaultError",
    "Mention",
    "Reading",
    "Requirement",
    "answer_labels",
    "check",
    "find_faults",
    "fold_verdicts",
    "judge",
    "read",
    "shipped_lexicon",
]
