"""What every group of settings is made from."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=3650))]
Rate = Annotated[str, Field(pattern=r"^[1-9]\d{0,5}/([1-9]\d{0,3} ?)?(second|minute|hour|day)s?$")]
"""A limit such as `10/minute` or `100/15 minutes`."""


class Group(BaseModel):
    """A group of settings: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)
