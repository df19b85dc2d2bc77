"""Reading settings from the environment: the variables, and the files that `..._FILE` variables name."""

from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

_FILE_SUFFIX: Final = "_file"


class Environment(PydanticBaseSettingsSource):
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
