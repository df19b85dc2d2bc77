"""The `Idempotency-Key` header: a request that may be sent again, and does its work once."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response

from backend.api.dependencies import CurrentUser, Keys, Session
from backend.core.keys import Keyring
from backend.schemas.base import Outgoing
from backend.services import idempotency
from backend.services.users import Identity

KEY_ERRORS: Final = (idempotency.IdempotencyKeyReusedError, idempotency.AnswerGoneError)
_KEPT: Final = ("content-language", "etag", "location", "vary")


@dataclass(frozen=True, slots=True)
class _Once:
    """A request of somebody who may send it again.

    Attributes:
        answered: What was answered to it before. The endpoint returns that, and does nothing.
    """

    session: Session
    user: Identity
    keyring: Keyring
    response: Response
    key: idempotency.Claim | None
    answered: Response | None

    async def keep(self, body: Outgoing, *, profile_id: uuid.UUID, fields: str, status: int) -> None:
        """Keep the answer, if the request named a key, with the profile and the parts of it that it shows."""
        if self.key is None:
            return
        headers = {name: self.response.headers[name] for name in _KEPT if name in self.response.headers}
        content = json.dumps({"status": status, "headers": headers, "body": body.model_dump_json()})
        answer = idempotency.Answer(content, profile_id, fields)
        await idempotency.keep(self.session, self.user, self.key, answer, keyring=self.keyring)


async def _once(
    request: Request,
    session: Session,
    user: CurrentUser,
    keyring: Keys,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]+$",
            max_length=255,
            description="Any text of your choice. The same request with the same key is done once a day.",
        ),
    ] = None,
) -> _Once:
    if idempotency_key is None:
        return _Once(session, user, keyring, response, None, None)
    body = hashlib.sha256(await request.body()).hexdigest()
    what = f"{request.method} {request.url.path} {body}"
    claimed = await idempotency.claim(session, user, idempotency_key, request=what, keyring=keyring)
    answered = None if claimed.answer is None else _answer(claimed.answer)
    return _Once(session, user, keyring, response, claimed, answered)


Once = Annotated[_Once, Depends(_once)]
"""Asked for by endpoints whose work must not be done twice, which hand it their answer to keep."""


def _answer(content: str) -> Response:
    kept = json.loads(content)
    return Response(kept["body"], kept["status"], headers=kept["headers"], media_type="application/json")
