"""What a response means: the answer of its operation, or the error that it stands for."""

from __future__ import annotations

import re
from collections.abc import Sized
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, NoReturn, TypeVar, cast, get_args, get_origin

import msgspec

from haversack.errors import ApiError, ProtocolError, RedirectRefused
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.wire.base import CancelPending, Operation, Page, answer_type, body_type
from haversack.wire.codec import decode
from haversack.wire.faults import ErrorBody

T = TypeVar("T")

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_SECONDS = re.compile(r"[0-9]{1,9}")
_MESSAGE_MAX = 2_000
_READ_MAX = 16_000
_TITLE_MAX = 100
_SECRET_HEADERS = ("x-signature", "x-api-key", "authorization", "proxy-authorization", "cookie", "x-broker-key")
_SECRET_FIELDS = ("two_factor_token",)
_TOO_SHORT_TO_HIDE = 3
_errors = msgspec.json.Decoder(ErrorBody)


class _Shape(NamedTuple):
    """What can answer an operation."""

    body: Any
    may_be_pending: bool
    may_be_none: bool
    is_page: bool
    is_text: bool
    is_batch: bool


@cache
def _shape(kind: type[Operation[Any]]) -> _Shape:
    answer = answer_type(kind)
    parts = get_args(answer)
    is_none = answer in (None, NoneType)
    body = NoneType if is_none else body_type(kind)
    may_be_none = is_none or NoneType in parts
    return _Shape(body, CancelPending in parts, may_be_none, get_origin(answer) is Page, kind.answers_text, bool(kind.batch))


def read_answer(operation: Operation[T], response: HttpResponse, request: HttpRequest | None = None) -> T:
    """The answer that a response holds, or the error that it is. Nothing secret of the `request` stands in an error's text."""
    kind = type(operation)
    if not 200 <= response.status < 300:
        _refuse(operation, response, request)
    shape = _shape(kind)
    answer: T = _value(kind, shape, response)
    if shape.is_batch and len(cast(Sized, answer)) != len(getattr(operation, kind.batch)):
        reason = f"{len(cast(Sized, answer))} results for {len(getattr(operation, kind.batch))} orders"
        raise ProtocolError(f"the answer to {kind.__name__}", reason, response.body)
    return answer


def read_body(operation: Operation[Any], response: HttpResponse, request: HttpRequest | None = None) -> bytes:
    """The bytes of an answer as they came, or the error that it is."""
    if not 200 <= response.status < 300:
        _refuse(operation, response, request)
    return response.body


def _value(kind: type[Operation[Any]], shape: _Shape, response: HttpResponse) -> Any:
    what = f"the answer to {kind.__name__}"
    if response.status == 202 and kind.method != "GET":
        if shape.may_be_pending:
            return CancelPending()
        raise ProtocolError(what, "taken but not carried out yet (HTTP 202)", response.body)
    if shape.body is NoneType or (shape.may_be_none and response.body in (b"", b"null")):
        # Where nothing is documented to come, whatever comes with a 2xx is no reason to doubt that it was done.
        return None
    if shape.is_text:
        return _text(shape, response.body, what)
    value = decode(shape.body, response.body, what=what)
    return _page(value, response) if shape.is_page else value


def _page(rows: list[Any], response: HttpResponse) -> Page[Any]:
    page = Page[Any](rows)
    total = response.headers.get("x-total", "")
    page.total = int(total) if _INTEGER.fullmatch(total) else None
    return page


def _text(shape: _Shape, body: bytes, what: str) -> str | int:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(what, str(error), body) from None
    if shape.body is str:
        return text
    if not _INTEGER.fullmatch(text):
        raise ProtocolError(what, "it is not a whole number", body)
    return int(text)


def _refuse(operation: Operation[Any], response: HttpResponse, request: HttpRequest | None) -> NoReturn:
    """Raise what a status other than 2xx says."""
    kind, status = type(operation), response.status
    if 300 <= status < 400:
        raise RedirectRefused(kind.__name__, status, response.headers.get("location", ""))
    if not 400 <= status < 600:
        raise ProtocolError(f"the answer to {kind.__name__}", f"HTTP status {status}", response.body)
    code, message = _code_and_message(response.body)
    message = _without_secrets(message, operation, request)[:_MESSAGE_MAX]
    error = ApiError.of(status, code, message, method=kind.method, path=kind.path, operation=kind.__name__)
    retry_after = response.headers.get("retry-after", "")
    error.retry_after_s = float(retry_after) if _SECONDS.fullmatch(retry_after) else None
    raise error


def _code_and_message(body: bytes) -> tuple[str | None, str]:
    # Business errors are JSON; those of the exchange's framework, and of what stands in front of it, are plain text.
    try:
        fault = _errors.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        text = body[:_READ_MAX].decode(errors="replace").strip()
        return None, _title(text) if text.startswith("<") else text
    return fault.code, fault.message[:_READ_MAX]


def _title(page: str) -> str:
    """What an HTML page is called: nobody reads one in an error."""
    begin = page.lower().find("<title>")
    end = page.lower().find("</title>", begin)
    named = f" named {' '.join(page[begin + 7 : end].split())[:_TITLE_MAX]!r}" if 0 <= begin < end else ""
    return f"an HTML page{named}"


def _without_secrets(message: str, operation: Operation[Any], request: HttpRequest | None) -> str:
    """The same without what signs the request and without second factors, which an error may quote."""
    headers = {} if request is None else request.headers
    secret = [text for name, text in headers.items() if name.lower() in _SECRET_HEADERS]
    secret += [str(getattr(operation, name)) for name in operation.__struct_fields__ if name in _SECRET_FIELDS]
    for text in secret:
        if len(text) > _TOO_SHORT_TO_HIDE:
            message = message.replace(text, "[hidden]")
    return message
