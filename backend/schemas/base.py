"""The two base classes of all bodies, and the named types that they share."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

# C0 controls but tab and line breaks, DEL, C1 controls: no database or log line should have to carry them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
PRINTABLE = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
"""The same as a pattern, for who reads our schemas."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")  # half of a pair: no character, and no UTF-8 can hold it


def refuse_control_characters(value: str) -> str:
    """Refuse what no text should hold."""
    if _CONTROL.search(value):
        raise PydanticCustomError("control_characters", "must not contain control characters")
    # Pydantic looks itself where a text's length is all that it checks, and not where our check comes first.
    if _SURROGATE.search(value):
        raise PydanticCustomError("string_unicode", "must be valid Unicode")
    return value


def _refuse_lone_surrogates(value: SecretStr) -> SecretStr:
    try:
        value.get_secret_value().encode()
    except UnicodeEncodeError:
        # Pydantic looks at plain text alone. The error holds the text: it must not be the cause.
        raise PydanticCustomError("string_unicode", "must be valid Unicode") from None
    return value


def _refuse_control_characters_in_secret(value: SecretStr) -> SecretStr:
    refuse_control_characters(value.get_secret_value())
    return value


_Printable = Field(json_schema_extra={"pattern": PRINTABLE})
Text = Annotated[str, AfterValidator(refuse_control_characters), _Printable]
"""Text without control characters and lone surrogates."""

Secret = Annotated[SecretStr, AfterValidator(_refuse_lone_surrogates)]
"""Text that no representation, log or error shows."""

SecretText = Annotated[Secret, AfterValidator(_refuse_control_characters_in_secret), _Printable]
"""A secret without control characters."""

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


class ProblemViolation(Outgoing):
    """One thing that is wrong with the input. Never holds the input itself.

    Attributes:
        pointer: JSON Pointer (RFC 6901) into the body, or `query:name`, `path:name`, `header:name`.
        suggestions: Approved values near to what was sent, best first.
    """

    pointer: str
    code: str
    detail: str
    suggestions: tuple[str, ...]


class Problem(Outgoing):
    """An error (RFC 9457). `type` leads to a page that explains it; `code` is its stable name."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None
    request_id: str | None


class OAuthProblem(Problem):
    """A problem that OAuth clients can read too (RFC 6749, 5.2)."""

    error: str
    error_description: str


class MfaProblem(OAuthProblem):
    """A sign-in that a second factor must end.

    Attributes:
        challenge: Sent back with the answer.
        methods: `totp`, `passkey`, `recovery`: what the person can answer with, at `/auth/mfa/<method>`.
        expires_in: How many seconds the challenge waits.
        passkey_options: For `PublicKeyCredential.parseRequestOptionsFromJSON`; null without a passkey.
    """

    challenge: str
    methods: tuple[str, ...]
    expires_in: int
    passkey_options: dict[str, JsonValue] | None


class ErasurePendingProblem(OAuthProblem):
    """A sign-in to an account that waits to be erased, until `erase_at`."""

    erase_at: datetime


class ValidationProblem(Problem):
    """A problem with the input, each violation with its place."""

    errors: tuple[ProblemViolation, ...]
