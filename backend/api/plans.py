"""What reads depend on, laid out once for each route.

The framework works out anew, for every request, in which order dependencies come, what kind each is and what
it takes. A plan is that order, written down. It covers what reads are made of, and nothing else: coroutines,
values of the path and of headers, the request and the answer. Whatever it does not cover, or whatever is not
valid, the framework does, with its errors.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from fastapi import Request, Response, params
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

_NOT_COVERED: Final = (
    "query_params", "cookie_params", "body_params", "websocket_param_name", "http_connection_param_name",
    "background_tasks_param_name", "security_scopes_param_name", "concurrency",
)  # fmt: skip
_TEXTS: Final = (str, str | None)
_CHOICES: Final = (
    "response_model_include", "response_model_exclude", "response_model_exclude_unset",
    "response_model_exclude_defaults", "response_model_exclude_none",
)  # fmt: skip


class NotPlannedError(Exception):
    """The framework has to do it."""


class _Parameter(NamedTuple):
    name: str
    alias: str
    is_header: bool
    field: Any  # the framework's

    def read(self, request: Request) -> Any:  # noqa: ANN401 - of whatever type it is declared
        """Return the value that was sent.

        Raises:
            NotPlannedError: It is missing, or not valid.
        """
        sent: Mapping[str, str] = request.headers if self.is_header else request.path_params
        value = sent.get(self.alias)
        if value is None:
            if self.field.field_info.is_required():
                raise NotPlannedError
            return self.field.field_info.get_default(call_default_factory=True)
        found, errors = self.field.validate(value, {}, loc=())
        if errors:
            raise NotPlannedError
        return found


class _Step(NamedTuple):
    """One dependency: what it is, and its arguments, by the places of the steps before it."""

    call: Callable[..., Awaitable[Any]]
    request: str | None
    response: str | None
    parameters: tuple[_Parameter, ...]
    arguments: tuple[tuple[str, int], ...]


class Plan:
    """How the answer of a route comes about."""

    def __init__(self, route: APIRoute) -> None:
        """Lay out what a route depends on.

        Raises:
            NotPlannedError: It is more than a plan covers.
        """
        is_plain = isinstance(route.response_class, DefaultPlaceholder) and route.stream_item_field is None
        if route.methods != {"GET"} or route.response_field is None or not is_plain or route.status_code:
            raise NotPlannedError
        if any(getattr(route, name) for name in _CHOICES):
            raise NotPlannedError
        self._field = route.response_field
        self._steps: list[_Step] = []
        self._lay_out(route.dependant, {})

    async def answer(self, request: Request) -> Response:
        """Return the answer to a request.

        Raises:
            NotPlannedError: Nothing was done: what was sent is not valid.
        """
        told = Response()
        results: list[Any] = []
        del told.headers["content-length"]
        # All of them before the first step: what the framework does from its beginning was not begun here.
        read = [[parameter.read(request) for parameter in step.parameters] for step in self._steps]
        for step, values in zip(self._steps, read, strict=True):
            arguments = {name: results[place] for name, place in step.arguments}
            for parameter, value in zip(step.parameters, values, strict=True):
                arguments[parameter.name] = value
            if step.request:
                arguments[step.request] = request
            if step.response:
                arguments[step.response] = told
            results.append(await step.call(**arguments))
        found = results[-1]
        if isinstance(found, Response):
            return found
        content, errors = self._field.validate(found, {}, loc=("response",))
        if errors:
            raise TypeError("an answer is not of the form that it is said to have")
        response = Response(
            self._field.serialize_json(content), told.status_code, media_type="application/json"
        )
        response.raw_headers.extend(told.raw_headers)
        return response

    def _lay_out(self, dependant: Dependant, known: dict[Any, int]) -> int:
        """Add a dependency after those that it depends on, each once, and return its place."""
        call = dependant.call
        if call in known and dependant.use_cache:
            return known[call]
        if call is None or any(getattr(dependant, name) for name in _NOT_COVERED) or not _is_coroutine(call):
            raise NotPlannedError
        places = [(part.name, self._lay_out(part, known)) for part in dependant.dependencies]
        step = _Step(
            call,
            dependant.request_param_name,
            dependant.response_param_name,
            tuple(_parameters(dependant)),
            tuple((name, place) for name, place in places if name is not None),
        )
        self._steps.append(step)
        known[call] = len(self._steps) - 1
        return known[call]


def _parameters(dependant: Dependant) -> Iterator[_Parameter]:
    for field in (*dependant.path_params, *dependant.header_params):
        is_header = isinstance(field.field_info, params.Header)
        if is_header and field.field_info.annotation not in _TEXTS:  # others may be lists
            raise NotPlannedError
        yield _Parameter(field.name, _alias(field, is_header=is_header), is_header, field)


def _alias(field: Any, *, is_header: bool) -> str:  # noqa: ANN401 - the framework's
    alias: str = field.alias
    return alias.replace("_", "-") if is_header else alias


def _is_coroutine(call: Any) -> bool:  # noqa: ANN401 - whatever may be called
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)
