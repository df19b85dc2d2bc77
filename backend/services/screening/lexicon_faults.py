"""Whether the lexicons of a folder agree with a catalogue."""

from pathlib import Path

from pydantic import ValidationError
from yaml import YAMLError

from backend.services.catalog import Catalog
from backend.services.screening import lexicon
from backend.services.screening.files import LexiconFaultError


def find_faults(folder: Path, known: Catalog) -> list[str]:
    """Return what is wrong with the file of each language: the first fault of each."""
    faults = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            lexicon.check(path.stem, path.read_bytes(), known)
        except (LexiconFaultError, ValidationError, YAMLError) as error:
            faults.append(f"{path.name}: {' '.join(str(error).split())}")
    return faults
