"""What the document says besides what the code knows: read once from `backend/data/contract`."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_FOLDER: Final = Path(__file__).parents[2] / "data" / "contract"


@cache
def facts(name: str) -> dict[str, Any]:
    """Return what `name.yaml` says. Whoever puts a part of it into a document copies that part."""
    read: dict[str, Any] = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))
    return read
