"""Why a verdict is what it is: sentences with places, put into words only where somebody reads them.

A sentence is its own name, in English. `backend/data/reasons` says what it is called in each other language
that names of the catalogue come in.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias, Union

from backend.core import languages
from backend.services.catalog import LANGUAGES, Catalog


class Sentence(StrEnum):
    """Every reason that there is. A text stands for itself; the places are filled by what `Reason` holds."""

    NOTHING_FOUND = "nothing was found in what was understood"
    NOTHING_SAID = "the profile does not tell of allergies, nor that there are none"
    NO_WORDS = "the label has no words of a list or a statement"
    NO_INGREDIENT = "the label lists no ingredient"
    STRANGE_WORDS = "{strange} of {total} words were not understood"
    ONLY_A_NAME = "only a name is known, which does not tell what is in it"
    NO_LIST = "a description does not tell everything that is in it"
    UNDECLARED = "a label under this food law ({law}) need not always name {substance}"
    NOT_IN_CATALOG = "the catalogue does not know what this is"
    UNSOUND = "the catalogue's entry refers to what is no longer there"
    NO_WORD_FOR_IT = "the catalogue has no word for it in a language of the label ({languages})"
    LISTED = "is {substance} or made from it"
    ADVISED_AGAINST = "is {substance}, which is advised against"
    UNCERTAIN = "is an {substance}; the label does not tell which"
    KIN = "is {substance}, to which most people who react to {kin} react too"
    WIDER = "{substance} may mean {kin}"
    SOURCE_UNTOLD = "the label does not tell the source, which could be: {substance}"
    ASIDE = "names {substance} where the label speaks of something else"
    WARNED = "a precautionary statement names {substance}"
    WARNED_OF_MAYBE = "a precautionary statement names what could be {substance}"
    WARNED_IN_DOUBT = "in a precautionary statement, {reason}"
    MISSPELT = "looks like a misspelt word for {substance}"
    ABSENT = "may be an ingredient, or what the label says is absent: {substance}"
    FOREIGN = "is in another language a word for {substance}"
    PART = "is a longer word that was not understood and names {substance}"
    SUGGESTED = "the name suggests it: {reason}"
    BY_RULE = "{reason} ({holder}: {source})"
    BY_AMOUNT = "{reason} ({holder}: {source}; the amount decides: {threshold})"


OWN_RECORD: Final = "the person's own record"
"""What an allergy rests on; said in every language too."""


class Entry(NamedTuple):
    """An entry of the catalogue, by its part: `substances`, `diets`, `conditions`, `regimes`."""

    part: str
    code: str


_Filling: TypeAlias = Union[str, int, Entry, "Reason"]


class Reason(NamedTuple):
    """One reason.

    Attributes:
        sentence: What it says.
        places: What fills its places, by name. A text stays as it is, but for a threshold, which is
            translated if it is one of those that are shipped.
    """

    sentence: Sentence
    places: tuple[tuple[str, _Filling], ...] = ()


def about(sentence: Sentence, substance: str, kin: str | None = None) -> Reason:
    """Return a reason that speaks of one substance, or of two."""
    places = (("substance", Entry("substances", substance)),)
    return Reason(sentence, places if kin is None else (*places, ("kin", Entry("substances", kin))))


def in_words(reason: Reason, language: str, known: Catalog) -> str:
    """Put a reason into words.

    Args:
        reason: What to say.
        language: One that names of the catalogue come in.
        known: The catalogue that it was found with.
    """
    if reason.sentence is Sentence.STRANGE_WORDS:  # its numbers are those of one label: not worth a place
        return _put(reason, language, known)
    return _kept(reason, language, known)


@lru_cache(maxsize=16_384)  # the same is said again and again, whatever the label
def _kept(reason: Reason, language: str, known: Catalog) -> str:
    return _put(reason, language, known)


def _put(reason: Reason, language: str, known: Catalog) -> str:
    filled = {name: _filled(name, value, language, known) for name, value in reason.places}
    return say(reason.sentence, language).format_map(filled)


def all_in_words(reasons: Iterable[Reason], language: str, known: Catalog) -> str:
    """Put several reasons into one sentence."""
    return "; ".join(in_words(reason, language, known) for reason in reasons)


def say(text: str, language: str) -> str:
    """Return a text of ours in a language; as it is where the table does not have it."""
    return languages.translations("reasons").get(language, {}).get(text, text)


def spoken() -> str:
    """Return the language in which the caller reads names and reasons."""
    return languages.preferred(LANGUAGES) or languages.FALLBACK


def _filled(name: str, value: _Filling, language: str, known: Catalog) -> str:
    if isinstance(value, Reason):
        return in_words(value, language, known)
    if isinstance(value, Entry):
        entry = getattr(known, value.part)[value.code]
        return str(entry.name(language))
    return say(value, language) if name == "threshold" and isinstance(value, str) else str(value)
