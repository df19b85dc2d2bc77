"""The databases that tests run on."""

from typing import Final

DATABASES: Final = ("sqlite", "postgresql")
