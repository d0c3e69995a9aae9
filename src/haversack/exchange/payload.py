"""From the bytes of a request to the operation that it asks for, or to the text with which the exchange refuses it.

The real server is built on the Rust framework poem-openapi, whose texts stand on the wire; those that were not observed
follow its source. Unknown names are ignored; fields are read in the order of the operation, and the first that fails speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

import msgspec

from haversack.exchange.messages import Refused, Request
from haversack.wire import inputs
from haversack.wire.base import Operation
from haversack.wire.borrow_lend import ExecuteBorrowLend
from haversack.wire.capital import ConvertDust
from haversack.wire.enums import CancelOrderType, OpenEnum, OrderType
from haversack.wire.orders import PlaceOrder
from haversack.wire.transfers import RequestWithdrawal

Texts: TypeAlias = list[tuple[str, str]]


class Received(NamedTuple):
    """What was asked for, and what its signature must cover: the texts of one command, or of each command of a batch."""

    operation: Operation[Any]
    commands: list[Texts]

    @property
    def texts(self) -> Texts:
        """Names and values as they came."""
        return [pair for command in self.commands for pair in command]


class Numeral(str):
    """A JSON number with a point or an exponent, as it was written: its signature covers the text."""

    __slots__ = ()


class _Problem(Exception):
    """A value does not fit; the text is the framework's."""


_Reader: TypeAlias = Callable[[Any, str], Any]

# The largest number that the exchange's decimals hold (96 bits).
_DECIMAL_MAX = Decimal(2**96 - 1)
_DECIMAL = re.compile(r"[+-]?(?:\d{1,60}\.?\d{0,60}|\.\d{1,60})(?:[eE][+-]?\d{1,2})?")
_SCHEMA_NAMES: Mapping[type[OpenEnum], str] = {OrderType: "OrderTypeEnum", CancelOrderType: "CancelOrderTypeEnum"}
_INTEGER_RANGES: Mapping[str, tuple[str, int, int]] = {
    "integer_int64": ("integer_int64", -(2**63), 2**63 - 1),
    "clientId": ("integer_uint32", 0, 2**32 - 1),
    "limit": ("integer_uint64", 1, 1000),
    "offset": ("integer_uint64", 0, 2**64 - 1),
}

# Their `symbol` is an asset, not a market.
_OF_ASSETS = (ConvertDust, ExecuteBorrowLend, RequestWithdrawal)

_json = msgspec.json.Decoder(float_hook=Numeral)


def read_request(kind: type[Operation[Any]], request: Request, symbols: Container[str]) -> Received:
    """The operation that a request asks for. `symbols` are the markets that a body may name."""
    if kind.method == "GET":
        return _read_query(kind, request)
    _check_content_type(request)
    try:
        return _read_body(kind, request.body, symbols)
    except RecursionError:
        # Nested so deep that it could just be read, but not be shown any more.
        raise _payload_error("recursion limit exceeded") from None


def _check_content_type(request: Request) -> None:
    content_type = request.headers.get("content-type")
    if content_type is None:
        raise Refused.by_framework(415, "the client request does not include the `Content-Type` header")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        text = f"the `Content-Type` requested by the client is not supported: {content_type}"
        raise Refused.by_framework(415, text)


def _read_query(kind: type[Operation[Any]], request: Request) -> Received:
    pairs = request.query_pairs()
    values: dict[str, Any] = {}
    for row in _plan(kind):
        texts = [value for name, value in pairs if name == row.name]
        try:
            if row.is_repeated and texts:
                values[row.attribute] = tuple(row.read(text, row.schema) for text in texts)
            elif texts:
                values[row.attribute] = row.read(texts[0], row.schema)
            elif row.is_required:
                raise _Problem(f'Type "{row.schema}" expects an input value.')
        except _Problem as problem:
            raise Refused.by_framework(400, f"failed to parse parameter `{row.name}`: {problem}") from None
    return Received(kind(**values), [pairs])


def _read_body(kind: type[Operation[Any]], body: bytes, symbols: Container[str]) -> Received:
    content = _read_json(body)
    if kind.batch:
        return _read_batch(kind, content, symbols)
    try:
        operation, texts = _read_command(kind, content, symbols)
    except _Problem as problem:
        raise _payload_error(str(problem)) from None
    return Received(operation, [texts])


def _read_batch(kind: type[Operation[Any]], content: Any, symbols: Container[str]) -> Received:
    # A list of something is called by that in square brackets, and stands last in the row of what was being parsed (inferred).
    schema = f"[{kind.payload}]"
    if not isinstance(content, list):
        raise _payload_error(f'Expected input type "{schema}", found {_shown(content)}.')
    items: list[Any] = content  # pyright: ignore[reportUnknownVariableType]  # what is in it is checked below
    try:
        commands = [_read_command(PlaceOrder, item, symbols) for item in items]
    except _Problem as problem:
        raise _payload_error(f'{problem} (occurred while parsing "{schema}")') from None
    operation = kind(**{kind.batch: tuple([command for command, _ in commands])})
    return Received(operation, [texts for _, texts in commands])


def _read_command(kind: type[Operation[Any]], content: Any, symbols: Container[str]) -> tuple[Operation[Any], Texts]:
    """One JSON object; what does not fit is a _Problem."""
    if not isinstance(content, dict):
        raise _Problem(f'Expected input type "{kind.payload}", found {_shown(content)}.')
    fields = cast(dict[str, Any], content)
    values: dict[str, Any] = {}
    markets = None if kind in _OF_ASSETS else symbols
    for row in _plan(kind):
        value = fields.get(row.name)
        try:
            if value is not None:
                values[row.attribute] = _read_field(row, value, markets)
            elif row.is_required:
                raise _Problem(f'Type "{row.schema}" expects an input value.')
        except _Problem as problem:
            raise _Problem(f'{problem} (occurred while parsing "{kind.payload}")') from None
    return kind(**values), [(name, _text_of(value)) for name, value in fields.items() if value is not None]


def _read_json(body: bytes) -> Any:
    try:
        return _json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        # Where exactly the real parser stumbles is not imitated.
        raise _payload_error("expected value at line 1 column 1") from None


def _read_field(row: _Row, value: Any, markets: Container[str] | None) -> Any:
    if row.name == "symbol" and markets is not None and isinstance(value, str) and value not in markets:
        raise _Problem('failed to parse "MarketSymbol": Invalid market symbol')
    try:
        return row.read_json(value, row.schema)
    except _Problem as problem:
        if row.is_required:
            raise
        raise _Problem(f'{problem} (occurred while parsing "optional_{row.schema}")') from None


def _payload_error(text: str) -> Refused:
    return Refused.by_framework(400, f"parse request payload error: {text}")


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else _shown(value)


def _shown(value: Any) -> str:
    try:
        return msgspec.json.encode(value, enc_hook=_as_written).decode()[:200]
    except OverflowError:
        return str(value)[:200]


def _as_written(value: Any) -> msgspec.Raw:
    assert isinstance(value, Numeral), f"JSON has no {type(value).__name__}"
    return msgspec.Raw(str(value))


class _Row(NamedTuple):
    name: str
    attribute: str
    schema: str
    is_required: bool
    is_repeated: bool
    read: _Reader
    read_json: _Reader


@cache
def _plan(kind: type[Operation[Any]]) -> tuple[_Row, ...]:
    return tuple(_row(field) for field in msgspec.structs.fields(kind))


def _row(field: msgspec.structs.FieldInfo) -> _Row:
    wanted: Any = field.type
    if get_origin(wanted) in (UnionType, Union):
        wanted = next(part for part in get_args(wanted) if part is not NoneType)
    is_repeated = get_origin(wanted) is tuple
    if is_repeated:
        wanted = get_args(wanted)[0]
    schema, read, read_json = _readers(field.encode_name, wanted)
    return _Row(field.encode_name, field.name, schema, field.required, is_repeated, read, read_json)


def _readers(name: str, wanted: Any) -> tuple[str, _Reader, _Reader]:
    if name == "orderId":
        return "OrderId", _read_order_id, _read_order_id
    if get_origin(wanted) is Literal:
        return "string", _read_text, _read_text
    if issubclass(wanted, OpenEnum):
        return _SCHEMA_NAMES.get(wanted, wanted.__name__), _word_from_text(wanted), _word_from_json(wanted)
    if wanted is Decimal:
        return "string_decimal", _read_decimal, _read_decimal
    if wanted is bool:
        return "boolean", _read_boolean, _read_boolean_json
    if wanted in (int, inputs.TimeS, inputs.TimeMs):
        schema, low, high = _INTEGER_RANGES.get(name, _INTEGER_RANGES["integer_int64"])
        return schema, _integer_from_text(low, high), _integer_from_json(low, high)
    return "string", _read_text, _read_text


def _read_text(value: Any, schema: str) -> str:
    if not isinstance(value, str) or isinstance(value, Numeral):
        raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
    return value


def _read_order_id(value: Any, schema: str) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _read_text(value, schema)
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise _Problem(f'failed to parse "{schema}": invalid digit found in string')
    return text


def _read_decimal(value: Any, schema: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
    text = str(value)
    if not _DECIMAL.fullmatch(text):
        raise _Problem(f'failed to parse "{schema}": Invalid decimal: unknown character')
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _Problem(f'failed to parse "{schema}": Invalid decimal: unknown character') from None
    if abs(number) > _DECIMAL_MAX:
        raise _Problem(f'failed to parse "{schema}": Invalid decimal: overflow from too many digits')
    return number


def _read_boolean(value: Any, schema: str) -> bool:
    if value not in ("true", "false"):
        raise _Problem(f'failed to parse "{schema}": provided string was not `true` or `false`')
    return bool(value == "true")


def _read_boolean_json(value: Any, schema: str) -> bool:
    if not isinstance(value, bool):
        raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
    return value


def _integer_from_text(low: int, high: int) -> _Reader:
    def read(value: Any, schema: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,20}", value, re.ASCII):
            raise _Problem(f'failed to parse "{schema}": invalid digit found in string')
        return _in_range(int(value), low, high, schema=schema)

    return read


def _integer_from_json(low: int, high: int) -> _Reader:
    def read(value: Any, schema: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
        return _in_range(value, low, high, schema=schema)

    return read


def _in_range(value: int, low: int, high: int, *, schema: str) -> int:
    if not low <= value <= high:
        raise _Problem(f'failed to parse "{schema}": Only integers from {low} to {high} are accepted.')
    return value


def _word_from_text(kind: type[OpenEnum]) -> _Reader:
    def read(value: Any, schema: str) -> OpenEnum:
        word = kind(value)
        if not word.is_known:
            raise _Problem(f'failed to parse "{schema}": Expect a valid enumeration value.')
        return word

    return read


def _word_from_json(kind: type[OpenEnum]) -> _Reader:
    def read(value: Any, schema: str) -> OpenEnum:
        if not isinstance(value, str) or not kind(value).is_known:
            raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
        return kind(value)

    return read
