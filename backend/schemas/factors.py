"""Bodies about second factors and passkeys."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, StrictInt, StringConstraints
from pydantic.alias_generators import to_camel

from backend.models.factors import FactorKind
from backend.schemas.base import Incoming, Outgoing, SecretText, Text

FactorName = Annotated[Text, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
ChallengeToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$", max_length=43)]
"""32 bytes in base64url."""

Code = Annotated[SecretText, Field(min_length=6, max_length=40)]
"""A code as people type it, with or without spaces."""


def _base64url(max_length: int) -> StringConstraints:
    return StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=max_length)


_Id = Annotated[str, _base64url(1_364)]  # WebAuthn 3, 4: at most 1,023 bytes
_ClientData = Annotated[str, _base64url(8_192)]
_AuthenticatorData = Annotated[str, _base64url(16_384)]
_Attestation = Annotated[str, _base64url(65_536)]
_Signature = Annotated[str, _base64url(2_048)]
_Label = Annotated[Text, StringConstraints(max_length=32)]


class _FromBrowser(Incoming):
    """What a browser's `toJSON` of a credential gives (WebAuthn 3, 5.1): its names, not ours."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, allow_inf_nan=False)


class AttestationResponse(_FromBrowser):
    """The authenticator's part of a new passkey. Only the first two members are used, and `transports`."""

    client_data_json: _ClientData = Field(alias="clientDataJSON")
    attestation_object: _Attestation
    authenticator_data: _AuthenticatorData | None = None
    transports: tuple[_Label, ...] = Field(default=(), max_length=10)
    public_key: Annotated[str, _base64url(8_192)] | None = None
    public_key_algorithm: StrictInt | None = Field(default=None, ge=-65_536, le=65_535)


class AssertionResponse(_FromBrowser):
    """The authenticator's part of a passkey's use."""

    client_data_json: _ClientData = Field(alias="clientDataJSON")
    authenticator_data: _AuthenticatorData
    signature: _Signature
    user_handle: Annotated[str, _base64url(88)] | None = None  # at most 64 bytes
    attestation_object: _Attestation | None = None


class _PublicKeyCredential(_FromBrowser):
    id: _Id
    raw_id: _Id
    type: Literal["public-key"]
    authenticator_attachment: _Label | None = None
    client_extension_results: dict[str, JsonValue] = Field(default_factory=dict, max_length=20)


class RegistrationCredential(_PublicKeyCredential):
    """What `navigator.credentials.create` gave, as JSON."""

    response: AttestationResponse


class AuthenticationCredential(_PublicKeyCredential):
    """What `navigator.credentials.get` gave, as JSON."""

    response: AssertionResponse


class TotpBegin(Incoming):
    """What to call the authenticator app."""

    name: FactorName = "Authenticator app"


class TotpEnrolment(Outgoing):
    """A new secret, shown once: as text, as a URI, and as a picture of the URI.

    Attributes:
        secret: In base 32, for typing.
        uri: `otpauth://`, for apps on the same device.
        qr_svg: The URI as a QR code, an SVG element to put into a page.
    """

    secret: str
    uri: str
    qr_svg: str


class TotpConfirm(Incoming):
    """A code that shows that the app has the secret."""

    code: Code


class PasskeyChallenge(Outgoing):
    """A question for an authenticator.

    Attributes:
        challenge: Sent back with the answer.
        options: For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
        expires_in: Seconds.
    """

    challenge: str
    options: dict[str, JsonValue]
    expires_in: int


class PasskeyCreate(Incoming):
    """A new passkey, as the browser gave it."""

    challenge: ChallengeToken
    name: FactorName = "Passkey"
    credential: RegistrationCredential


class PasskeyAnswer(Incoming):
    """A passkey's answer to a challenge."""

    challenge: ChallengeToken
    credential: AuthenticationCredential


class CodeAnswer(Incoming):
    """A code that answers a challenge."""

    challenge: ChallengeToken
    code: Code


class FactorUpdate(Incoming):
    """What to call a factor."""

    name: FactorName


class FactorResponse(Outgoing):
    """One of one's factors.

    Attributes:
        backup_eligible: Whether a passkey may be copied to other devices; null for other kinds.
        backed_up: Whether it was, when it was last used.
    """

    id: uuid.UUID
    kind: FactorKind
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backup_eligible: bool | None
    backed_up: bool | None


class FactorList(Outgoing):
    """Some of one's factors, where the next ones begin, and how many recovery codes are left."""

    items: tuple[FactorResponse, ...]
    next_cursor: str | None
    recovery_codes_left: int


class RecoveryCodes(Outgoing):
    """New recovery codes, shown once. All earlier ones are void."""

    codes: tuple[str, ...]
