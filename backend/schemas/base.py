"""The two base classes of all bodies, and the named types that they share."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

# C0 controls but tab and line breaks, DEL, C1 controls: no database or log line should have to carry them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _refuse_control_characters(value: str) -> str:
    if _CONTROL.search(value):
        message = "must not contain control characters"
        raise ValueError(message)
    return value


Text = Annotated[str, AfterValidator(_refuse_control_characters)]
"""Text without control characters. Pydantic itself refuses lone surrogates."""

SearchText = Annotated[Text, StringConstraints(max_length=100, strip_whitespace=True)]
Note = Annotated[Text, StringConstraints(max_length=500, strip_whitespace=True)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
"""A BCP 47 language tag; the primary subtag alone decides."""


class Incoming(BaseModel):
    """A body that a caller sends: unknown members are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Outgoing(BaseModel):
    """A body that we send: every member is always present, so generated clients see it as required."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
