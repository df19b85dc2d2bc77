"""What of somebody's requirements a label cannot be searched for."""

from collections.abc import Sequence

from backend.services.catalog import Catalog
from backend.services.screening.own_words import languages_of
from backend.services.screening.reasons import Reason, Sentence
from backend.services.screening.wanted import Wanted


def unheard(wanted: Wanted, languages: Sequence[str], known: Catalog) -> tuple[Reason, ...]:
    """Return why a label's silence about a requirement tells nothing; nothing if it tells something.

    What is shipped has words in every language that labels are read in. What operators added has its names,
    and in another language its absence is silence.

    Args:
        wanted: The requirement.
        languages: Those that the label was read in.
        known: The catalogue.
    """
    if wanted.code not in known.part(wanted.type):
        return (Reason(Sentence.NOT_IN_CATALOG),)
    if wanted.code in known.unsound:
        return (Reason(Sentence.UNSOUND),)
    if wanted.code not in known.own:
        return ()
    avoided = {own for rule in wanted.rules for own in rule.avoid & known.own}
    silent = {tag for own in avoided for tag in languages if tag not in languages_of(own, known)}
    if silent:
        return (Reason(Sentence.NO_WORD_FOR_IT, (("languages", ", ".join(sorted(silent))),)),)
    return ()
