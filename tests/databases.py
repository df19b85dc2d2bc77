"""The databases that tests run on."""

import pytest

DATABASES = [
    pytest.param("sqlite", id="sqlite", marks=pytest.mark.xdist_group("sqlite")),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.xdist_group("postgresql")),
]
