"""The lexicons as files: what the documents say of them, and that reading them is quick."""

from pathlib import Path

import pytest
import yaml

from backend.services import catalog
from backend.services.screening import LexiconFaultError, lexicon
from backend.services.screening.files import read_file

README = Path(__file__).parents[3] / "README.md"
NAMES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fi": "Finnish",
    "fr": "French",
    "hr": "Croatian",
    "hu": "Hungarian",
    "is": "Icelandic",
    "it": "Italian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "uk": "Ukrainian",
}


@pytest.mark.parametrize("language", lexicon.shipped().languages)
def test_the_languages_of_labels_are_named_to_readers(language: str) -> None:
    (sentence,) = [
        line for line in README.read_text("utf-8").split("\n- ") if line.startswith("Labels are read in")
    ]

    assert NAMES[language] in sentence


@pytest.mark.parametrize("path", sorted(lexicon.FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_lexicon_is_of_the_language_that_its_file_is_named_after(path: Path) -> None:
    assert read_file(path.read_bytes()).language == path.stem


def test_every_word_of_a_lexicon_is_text(tmp_path: Path) -> None:
    (tmp_path / "xx.yaml").write_text(
        "language: xx\nterms: {milk: [1, no, true]}\nclauses: {free_suffix: [off]}\n", "utf-8"
    )

    assert set(lexicon.load(tmp_path, catalog.shipped()).phrases) == {"1", "no", "true", "off"}


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        pytest.param(
            "language: xx\nterms: {milk: [x]}\nclauses: {}\nterms: {milk: [y]}\n", "terms", 1, id="section"
        ),
        pytest.param(
            "language: xx\nclauses: {}\nterms:\n  milk: [x]\n  eggs: [y]\n  milk: [z]\n", "milk", 4, id="code"
        ),
        pytest.param(
            "language: xx\nterms: {}\nclauses:\n  contains: [x]\n  contains: [y]\n",
            "contains",
            4,
            id="clause",
        ),
    ],
)
def test_a_member_that_stands_twice_and_would_hide_the_first_is_refused(
    text: str, key: str, line: int, tmp_path: Path
) -> None:
    (tmp_path / "xx.yaml").write_text(text, "utf-8")

    with pytest.raises(LexiconFaultError, match=f"xx.yaml: the mapping of line {line} has '{key}' twice"):
        lexicon.load(tmp_path, catalog.shipped())


def test_a_lexicon_has_no_alias(tmp_path: Path) -> None:
    (tmp_path / "xx.yaml").write_text("language: xx\nterms: {milk: &a [x], eggs: *a}\nclauses: {}\n", "utf-8")

    with pytest.raises(yaml.YAMLError, match="AliasEvent"):
        lexicon.load(tmp_path, catalog.shipped())
