"""The `Idempotency-Key` header: a request that may be sent again, and does its work once."""

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Header, Request, Response

from backend.api.dependencies import CurrentUser, Keys, Session
from backend.core.keys import Keyring
from backend.schemas.base import Outgoing
from backend.services import idempotency
from backend.services.users import Identity

_KEPT: Final = ("etag", "location")


class _AnsweredBefore(Exception):  # noqa: N818 - no error: it ends the unit of work with nothing done
    """The request was answered before: the same answer is given."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Once:
    """A request of somebody who may send it again."""

    session: Session
    user: Identity
    keyring: Keyring
    claimed: idempotency.Claim | None

    async def keep(self, response: Response, body: Outgoing, *, status: int) -> None:
        """Keep the answer, if the request named a key."""
        if self.claimed is None:
            return
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        answer = {"status": status, "headers": headers, "body": body.model_dump_json()}
        await idempotency.keep(
            self.session, self.user, self.claimed, json.dumps(answer).encode(), keyring=self.keyring
        )


async def _once(
    request: Request,
    session: Session,
    user: CurrentUser,
    keyring: Keys,
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
        return _Once(session, user, keyring, None)
    body = hashlib.sha256(await request.body()).hexdigest()
    what = f"{request.method} {request.url.path} {body}"
    claimed = await idempotency.claim(session, user, idempotency_key, request=what, keyring=keyring)
    if claimed.answer is not None:
        raise _AnsweredBefore(claimed.answer)
    return _Once(session, user, keyring, claimed)


Once = Annotated[_Once, Depends(_once)]
"""Asked for by endpoints whose work must not be done twice, which hand it their answer to keep."""


def install(app: FastAPI) -> None:
    """Answer a repeated request like the first."""
    app.add_exception_handler(_AnsweredBefore, _on_answered_before)


async def _on_answered_before(_: Request, error: Exception) -> Response:
    if not isinstance(error, _AnsweredBefore):
        raise error
    answer = json.loads(error.answer)
    return Response(
        answer["body"], answer["status"], headers=answer["headers"], media_type="application/json"
    )
