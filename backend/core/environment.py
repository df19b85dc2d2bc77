"""The environment: the variables, the files that `..._FILE` variables name, and what else it tells."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIX: Final = "SAFEPLATE_"
_SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
_METRICS: Final = f"{PREFIX}METRICS"
_FILE_SUFFIX: Final = "_file"


class EnvironmentSource(PydanticBaseSettingsSource):
    """The variables, and for `SAFEPLATE_KEYS__MASTER_FILE=/run/secrets/master` what the file holds."""

    def __init__(self, settings_cls: type[BaseSettings], variables: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._variables = variables

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return one field, as the variables have it."""
        return self._variables.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        """Return all fields, nested by group."""
        values = self._variables()
        for group in values.values():
            if isinstance(group, dict):
                for name in [name for name in group if name.endswith(_FILE_SUFFIX)]:
                    path = Path(group.pop(name))
                    group[name.removesuffix(_FILE_SUFFIX)] = path.read_text("utf-8").strip()
        return values


def export(values: Mapping[str, str]) -> None:
    """Hand settings to the processes that this one starts (`data_dir` becomes `SAFEPLATE_DATA_DIR`)."""
    for name, value in values.items():
        os.environ[f"{PREFIX}{name.upper()}"] = value  # noqa: TID251 - this is the one place


def forget() -> None:
    """Take every setting out of this process: what is left is the defaults."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:  # noqa: TID251 - as above
        del os.environ[name]  # noqa: TID251 - as above


@contextmanager
def shared_among(workers: int) -> Iterator[None]:
    """Have so many processes keep what they count in a folder, if anybody can ask for it (`core/metrics`).

    Before anything of it is loaded.
    """
    # A group may be one variable of JSON, and case does not count: rather a folder too many than one too few.
    asked = any(name.upper().startswith(_METRICS) for name in os.environ)  # noqa: TID251 - as above
    if workers == 1 or not asked:
        yield
        return
    folder = tempfile.mkdtemp(prefix="safeplate-metrics-")
    os.environ[_SHARED] = folder  # noqa: TID251 - as above
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shared_values() -> Path | None:
    """Return the folder in which processes keep what they count together; None where one does so alone."""
    folder = os.environ.get(_SHARED)  # noqa: TID251 - as above
    return Path(folder) if folder else None


def is_serverless() -> bool:
    """Tell whether this host forgets its disk between requests."""
    signs = ("VERCEL", "AWS_LAMBDA_FUNCTION_NAME", "K_SERVICE", "FUNCTIONS_WORKER_RUNTIME", "NETLIFY")
    return any(sign in os.environ for sign in signs)  # noqa: TID251 - as above
