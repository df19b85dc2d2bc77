"""The route of every operation: what it reads, what it sends, and when it has nothing new to say."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response, params
from fastapi.routing import APIRoute
from starlette.types import Message, Receive, Scope, Send

from backend.api import problems, shortcuts
from backend.api.plans import NotPlannedError, Plan
from backend.core import tries
from backend.core.errors import InvalidInputError, Violation
from backend.services import catalog
from backend.utils.negotiation import accepts
from backend.utils.strict_json import parse_json

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MAX_TAGS: Final = 500  # characters of `If-Match` or `If-None-Match`
_MAX_ACCEPTED: Final = 1_000  # characters of Accept-Language that are read
_KEPT: Final = ("etag", "cache-control", "content-language", "vary")  # of an answer without content


class _StrictRequest(Request):
    """Reads JSON strictly."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON value
        return parse_json(await self.body())


@dataclass(slots=True)
class _KeptBody:
    """The messages of a request's body, which each try reads from the first one on."""

    receive: Receive
    messages: list[Message] = field(default_factory=list)

    async def arrive(self) -> None:
        """Wait until all of it is here, or its sender is gone: the database is not asked before."""
        while not self.messages or self.messages[-1].get("more_body", False):
            self.messages.append(await self.receive())

    def anew(self) -> Receive:
        """Return what reads the body from its beginning."""
        position = 0

        async def receive() -> Message:
            nonlocal position
            if position == len(self.messages):
                self.messages.append(await self.receive())
            position += 1
            return self.messages[position - 1]

        return receive


class PlainRoute(APIRoute):
    """A route that reads what it says that it reads, and works again where the database undid what it did.

    It answers a read that is still fresh with 304.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the framework's
        """Take what the framework's own route takes."""
        super().__init__(*arguments, **options)
        try:
            self._plan: Plan | None = Plan(self)
        except NotPlannedError:
            self._plan = None
        self._offered = (*self._media_types(), problems.MEDIA_TYPE)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: by plan where there is one, else as the framework does."""
        if self._plan is not None and scope["method"] == "GET" and not self._is_changed(scope):
            request = Request(scope, receive, send)
            try:
                response = await self._read_by(self._plan, request)
            except NotPlannedError:
                pass
            else:
                shortcuts.remember(scope, self)
                await response(scope, receive, send)
                return
        await super().handle(scope, receive, send)

    def _is_changed(self, scope: Scope) -> bool:
        """Tell whether routers around this one add dependencies, or the application replaces some.

        A plan knows those of the route and its own router.
        """
        around = scope.get("fastapi", {}).get("effective_route_context")  # the framework's
        return bool(scope["app"].dependency_overrides) or (
            around is not None and len(around.dependencies) != len(self.dependencies)
        )

    async def _read_by(self, plan: Plan, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal

        async def work() -> Response:
            await self.prepare(request)
            return await plan.answer(request)

        return _fresh(request, await tries.repeated(work))

    def _refusal(self, request: Request) -> Response | None:
        """Return the answer to who would not take ours; None for everybody else."""
        headers = request.headers
        if not accepts(headers.get("accept", ""), self._offered):
            return problems.problem(HTTPStatus.NOT_ACCEPTABLE)
        if len(headers.get("if-none-match", "")) > MAX_TAGS:
            raise InvalidInputError([Violation("header:if-none-match", "string-too-long", "is too large")])
        return None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if refusal := self._refusal(request):
                return refusal
            body = _KeptBody(request.receive)
            if self.body_field is not None and not await self._is_readable(request, body):
                headers = {"Accept": self._read}
                return problems.problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, headers)
            if self.body_field is not None:
                await body.arrive()

            async def work() -> Response:
                # Units end with this stack. The framework's own would end them after this handler, and out
                # of its reach. Nothing of an answer has been sent yet.
                async with AsyncExitStack() as units:
                    request.scope["fastapi_function_astack"] = units
                    await self.prepare(request)
                    return await handler(_StrictRequest(request.scope, body.anew()))

            return _fresh(request, await tries.repeated(work))

        return handle

    async def prepare(self, request: Request) -> None:
        """Do what comes before each try."""

    @property
    def _read(self) -> str:
        field = self.body_field
        return FORM if field is not None and isinstance(field.field_info, params.Form) else JSON

    def _media_types(self) -> list[str]:
        """Return what a good answer is made of."""
        described = [
            media_type
            for status, response in self.responses.items()
            if int(status) < HTTPStatus.BAD_REQUEST
            for media_type in response.get("content", ())
        ]
        return described or [getattr(self.response_class, "media_type", None) or JSON]

    async def _is_readable(self, request: Request, body: _KeptBody) -> bool:
        """Tell whether a body is of the media type that is read here; where there is none, it is."""
        named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if named == self._read or (self._read == JSON and named.endswith("+json")):
            return True
        return not await Request(request.scope, body.anew()).body()


class StrictRoute(PlainRoute):
    """A route of the API, which works with one catalogue from its beginning to its end."""

    async def prepare(self, request: Request) -> None:
        """Bind the catalogue as it is now, for this request alone."""
        accepted = request.headers.get("Accept-Language", "")
        known = await request.app.state.resources.catalogs.refresh()
        catalog.bind(known, accept_language=accepted[:_MAX_ACCEPTED])


def tag_of(content: bytes) -> str:
    """Return the entity tag of an answer that has no version of its own."""
    return sha256(content).hexdigest()[:20]


def _fresh(request: Request, response: Response) -> Response:
    """Give a read its tag, and leave its content out where the caller has it already (RFC 9110, 13.1.2)."""
    if request.method != "GET" or response.status_code != HTTPStatus.OK or not hasattr(response, "body"):
        return response
    tag = response.headers.setdefault("ETag", f'"{tag_of(bytes(response.body))}"')
    seen = [item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")]
    if tag not in seen and seen != ["*"]:
        return response
    headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
