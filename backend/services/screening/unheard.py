"""What of somebody's requirements a label cannot be searched for."""

from collections.abc import Sequence

from backend.services.catalog import Catalog
from backend.services.screening.own_words import languages_of
from backend.services.screening.wanted import Wanted


def unheard(wanted: Wanted, languages: Sequence[str], known: Catalog) -> tuple[str, ...]:
    """Return why a label's silence about a requirement tells nothing; nothing if it tells something.

    What is shipped has words in every language that labels are read in. What operators added has its names,
    and in another language its absence is silence.

    Args:
        wanted: The requirement.
        languages: Those that the label was read in.
        known: The catalogue.
    """
    if wanted.code not in known.part(wanted.type):
        return ("the catalogue does not know what this is",)
    if wanted.code in known.unsound:
        return ("the catalogue's entry refers to what is no longer there",)
    if wanted.code not in known.own:
        return ()
    avoided = {own for rule in wanted.rules for own in rule.avoid & known.own}
    silent = {tag for own in avoided for tag in languages if tag not in languages_of(own, known)}
    if silent:
        return (f"the catalogue has no word for it in a language of the label ({', '.join(sorted(silent))})",)
    return ()
