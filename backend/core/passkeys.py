"""Passkeys (WebAuthn Level 3): what browsers are asked for, and whether their answers hold.

Every passkey is discoverable and every use needs user verification (PIN, finger, face), so a passkey alone is
two factors. No attestation is asked for: which make of authenticator somebody owns is none of our business.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from backend.core.config import Settings
from backend.utils.security import from_base64url

_NAME = "Safeplate"
_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
# A browser that is asked for no attestation leaves only one that names no make: "packed", by the key itself.
_FORMATS = {AttestationFormat.NONE, AttestationFormat.PACKED}
_MAX_KEY_BYTES = 1_024  # an RSA key of 4,096 bits takes 530


class PasskeyUnverifiableError(Exception):
    """The answer is not what an authenticator gives to our question. Says nothing of the input."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """What is kept of an authenticator's credential.

    Attributes:
        public_key: In COSE form (RFC 9052, 7).
        sign_count: How often the authenticator says that it was used; 0 where it does not count.
        backup_eligible: Whether the key may be copied to other devices of its owner.
        backed_up: Whether it was, when it was last seen.
        transports: How a browser reaches the authenticator.
    """

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified use of a passkey."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A passkey as a browser is told of it."""

    credential_id: bytes
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """This service, as authenticators know it.

    Attributes:
        id: The domain that passkeys belong to.
        origins: Where the pages that use them may be.
        timeout: Milliseconds that a browser may wait for its user.
    """

    id: str
    origins: tuple[str, ...]
    timeout: int = 300_000

    def creation_options(
        self, challenge: bytes, *, user_handle: bytes, user_name: str, exclude: Iterable[Descriptor]
    ) -> dict[str, Any]:
        """Return what `navigator.credentials.create` needs, as JSON (WebAuthn 3, 5.1.8)."""
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=_NAME,
            user_id=user_handle,
            user_name=user_name,
            challenge=challenge,
            timeout=self.timeout,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(exclude),
            supported_pub_key_algs=_ALGORITHMS,
        )
        return options_to_json_dict(options)

    def request_options(self, challenge: bytes, *, allow: Iterable[Descriptor]) -> dict[str, Any]:
        """Return what `navigator.credentials.get` needs, as JSON.

        Without `allow` any passkey of ours may answer.
        """
        options = generate_authentication_options(
            rp_id=self.id,
            challenge=challenge,
            timeout=self.timeout,
            allow_credentials=_descriptors(allow),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def verify_creation(self, credential: Mapping[str, Any], *, challenge: bytes) -> Passkey:
        """Return the new passkey.

        Raises:
            PasskeyUnverifiableError: Another challenge, origin or domain; no user verification; an algorithm
                or an attestation that was not asked for; or no passkey at all.
        """
        try:
            _refuse_foreign_frames(credential)
            verified = verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=list(self.origins),
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
            # Without attestation nothing has used the key yet: see that it is one.
            decoded_public_key_to_cryptography(decode_credential_public_key(verified.credential_public_key))
            is_named = verified.credential_id == from_base64url(credential["rawId"])
        except Exception as error:  # the library lets whatever its decoders meet pass through
            raise PasskeyUnverifiableError from error
        is_fit = len(verified.credential_public_key) <= _MAX_KEY_BYTES and verified.fmt in _FORMATS
        if not is_fit or not is_named:
            raise PasskeyUnverifiableError
        return Passkey(
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            backed_up=verified.credential_backed_up,
            transports=_known_transports(credential["response"].get("transports") or ()),
        )

    def verify_assertion(
        self, credential: Mapping[str, Any], *, challenge: bytes, public_key: bytes
    ) -> Assertion:
        """Return what a signed answer says. Whether its count went back is for the caller to see.

        Raises:
            PasskeyUnverifiableError: Another challenge, origin or domain; no user verification; or a
                signature that is not this key's.
        """
        try:
            _refuse_foreign_frames(credential)
            verified = verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=list(self.origins),
                credential_public_key=public_key,
                # The library compares counts before it checks the signature, and does not say which failed.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception as error:  # as above
            raise PasskeyUnverifiableError from error
        return Assertion(
            sign_count=verified.new_sign_count,
            backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            backed_up=verified.credential_backed_up,
        )


def relying_party(settings: Settings) -> RelyingParty:
    """Return this service as authenticators know it: by default the domain and origin of its public URL.

    Browsers know no passkeys on an IP address: there `localhost` stands in for it.
    """
    url = urlsplit(settings.mail.public_url)
    host = url.hostname or "localhost"
    place = url.netloc.rpartition("@")[2]
    if _is_address(host):
        place = f"localhost:{url.port}" if url.port else "localhost"
        host = "localhost"
    return RelyingParty(
        id=settings.auth.passkey_rp_id or host,
        origins=settings.auth.passkey_origins or (f"{url.scheme}://{place}",),
    )


def _refuse_foreign_frames(credential: Mapping[str, Any]) -> None:
    """Refuse an answer that was given inside another site's page (WebAuthn 3, 7.1 and 7.2: crossOrigin)."""
    client_data = parse_client_data_json(from_base64url(credential["response"]["clientDataJSON"]))
    if client_data.cross_origin:
        raise PasskeyUnverifiableError


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _known_transports(names: Iterable[str]) -> tuple[str, ...]:
    known = {transport.value for transport in AuthenticatorTransport}
    return tuple(sorted(known.intersection(names)))


def _descriptors(passkeys: Iterable[Descriptor]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=passkey.credential_id,
            transports=[AuthenticatorTransport(name) for name in passkey.transports],
        )
        for passkey in passkeys
    ]
