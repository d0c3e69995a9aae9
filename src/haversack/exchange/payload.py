"""From the bytes of a request to the operation that it asks for, or to the text with which the exchange refuses it.

The real server is built on the Rust framework poem-openapi, whose texts stand on the wire; those that were not observed
follow its source. Unknown names are ignored; fields are read in the order of the operation, and the first that fails speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

import msgspec

from haversack.errors import UsageError
from haversack.exchange import numerals
from haversack.exchange.json_fault import json_fault
from haversack.exchange.messages import Refused, Request
from haversack.exchange.numerals import INT32, INT64, UINT16, UINT32, UINT64, NotANumber
from haversack.wire import inputs
from haversack.wire.base import Operation
from haversack.wire.borrow_lend import BorrowLendInterval, ExecuteBorrowLend
from haversack.wire.capital import ConvertDust
from haversack.wire.enums import CancelOrderType, OpenEnum, OrderType
from haversack.wire.funding import GetFundingRates
from haversack.wire.orders import PlaceOrder
from haversack.wire.rfq import GetOpenRfqs
from haversack.wire.strategies import StrategyType
from haversack.wire.trades import GetRecentTrades
from haversack.wire.transfers import GetWithdrawals, RequestWithdrawal
from haversack.wire.vaults import MintVaultTokens

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
# Of a JSON number; the exponents that do not fit are those that no decimal has.
_NUMERAL = re.compile(r"-?\d{1,60}(?:\.\d{1,60})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_JSON_TYPE = re.compile(r"application/(?:[^;]*\+)?json", re.ASCII | re.IGNORECASE)
_SCHEMA_NAMES: Mapping[type[OpenEnum], str] = {
    OrderType: "OrderTypeEnum",
    CancelOrderType: "CancelOrderTypeEnum",
    StrategyType: "StrategyTypeEnum",
    BorrowLendInterval: "BorrowLendMarketHistoryInterval",
}
_INTEGER_TYPES: Mapping[str, tuple[str, tuple[int, int]]] = {
    **dict.fromkeys(("clientId", "clientStrategyId", "vaultId", "withdrawalDelayHours"), ("integer_uint32", UINT32)),
    "subaccountId": ("integer_uint16", UINT16),
    "tierId": ("integer_int32", INT32),
    **dict.fromkeys(("limit", "offset", "duration", "interval"), ("integer_uint64", UINT64)),
}
# Names that are of another type in one operation than in all others.
_INTEGER_TYPES_OF: Mapping[tuple[type[Operation[Any]], str], tuple[str, tuple[int, int]]] = {
    (GetRecentTrades, "limit"): ("integer_uint16", UINT16),
    (GetWithdrawals, "id"): ("integer_int32", INT32),
}
_LIMITS = (1, 1000)
_LIMITS_OF: Mapping[type[Operation[Any]], tuple[int, int]] = {GetFundingRates: (1, 10_000)}
# What a body calls the type of its market; a query calls it a string.
_MARKET_SYMBOL = "MarketSymbol"
# Their `symbol` is an asset, not a market.
_OF_ASSETS = (ConvertDust, ExecuteBorrowLend, MintVaultTokens, RequestWithdrawal)

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
        raise _payload_error(json_fault(request.body) or "recursion limit exceeded") from None


def _check_content_type(request: Request) -> None:
    content_type = request.headers.get("content-type")
    if content_type is None:
        raise Refused.by_framework(415, "the client request does not include the `Content-Type` header")
    if not _JSON_TYPE.fullmatch(content_type.partition(";")[0].strip()):
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
    markets = None if kind in _OF_ASSETS else symbols
    values = _read_sound(kind, fields, markets) or _read_in_order(kind, fields, markets)
    sent = [(name, value) for name, value in fields.items() if value is not None]
    texts = [(name, value if value.__class__ is str else _text_of(value)) for name, value in sent]
    try:
        return kind(**values), texts
    except UsageError:
        # A two-factor code that nobody can sign: our own client does not let it out either.
        raise Refused.as_invalid("Invalid signature") from None


def _read_sound(kind: type[Operation[Any]], fields: dict[str, Any], markets: Container[str] | None) -> dict[str, Any] | None:
    """The values of fields that all fit; None if one of them does not, and then the order decides which of them is told."""
    rows, required = _rows_by_name(kind)
    found = [(rows[name], value) for name, value in fields.items() if value is not None and name in rows]
    try:
        values = {row.attribute: _read_field(row, value, markets) for row, value in found}
    except _Problem:
        return None
    return values if required <= values.keys() else None


def _read_in_order(kind: type[Operation[Any]], fields: dict[str, Any], markets: Container[str] | None) -> dict[str, Any]:
    """The values of fields, read in the order of the operation: the first that does not fit is the _Problem."""
    values: dict[str, Any] = {}
    for row in _plan(kind):
        value = fields.get(row.name)
        try:
            if value is not None:
                values[row.attribute] = _read_field(row, value, markets)
            elif row.is_required:
                raise _Problem(f'Type "{_schema_in_body(row, markets)}" expects an input value.')
        except _Problem as problem:
            raise _Problem(f'{problem} (occurred while parsing "{kind.payload}")') from None
    return values


def _read_json(body: bytes) -> Any:
    if not body:
        # A body that is not there is null to the framework.
        return None
    try:
        return _json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _payload_error(json_fault(body) or "expected value at line 1 column 1") from None


def _read_field(row: _Row, value: Any, markets: Container[str] | None) -> Any:
    if row.name == "symbol" and markets is not None:
        return _read_symbol(value, markets)
    try:
        return row.read_json(value, row.schema)
    except _Problem as problem:
        if row.is_required:
            raise
        raise _Problem(f'{problem} (occurred while parsing "optional_{row.schema}")') from None


def _read_symbol(value: Any, markets: Container[str]) -> str:
    symbol = _read_text(value, _MARKET_SYMBOL)
    if symbol not in markets:
        raise _Problem(f'failed to parse "{_MARKET_SYMBOL}": Invalid market symbol')
    return symbol


def _schema_in_body(row: _Row, markets: Container[str] | None) -> str:
    return _MARKET_SYMBOL if row.name == "symbol" and markets is not None else row.schema


def _payload_error(text: str) -> Refused:
    return Refused.by_framework(400, f"parse request payload error: {text}")


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else _shown(value)


def _shown(value: Any) -> str:
    # The real server keeps objects sorted by their keys, and so it shows them.
    try:
        return msgspec.json.encode(value, enc_hook=_as_written, order="sorted").decode()
    except OverflowError:
        return str(value)


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
    return tuple(_row(kind, field) for field in msgspec.structs.fields(kind))


@cache
def _rows_by_name(kind: type[Operation[Any]]) -> tuple[Mapping[str, _Row], frozenset[str]]:
    required = frozenset(row.attribute for row in _plan(kind) if row.is_required)
    return {row.name: row for row in _plan(kind)}, required


def _row(kind: type[Operation[Any]], field: msgspec.structs.FieldInfo) -> _Row:
    wanted: Any = field.type
    if get_origin(wanted) in (UnionType, Union):
        wanted = next(part for part in get_args(wanted) if part is not NoneType)
    is_repeated = get_origin(wanted) is tuple
    if is_repeated:
        wanted = get_args(wanted)[0]
    schema, read, read_json = _readers(kind, field.encode_name, wanted)
    return _Row(field.encode_name, field.name, schema, field.required, is_repeated, read, read_json)


def _readers(kind: type[Operation[Any]], name: str, wanted: Any) -> tuple[str, _Reader, _Reader]:
    if name == "orderId":
        return "OrderId", _read_order_id, _read_order_id
    if kind is GetOpenRfqs and name == "rfqId":
        return "integer_uint64", _read_order_id, _read_order_id
    if get_origin(wanted) is Literal:
        return "string", _read_text, _read_text
    if issubclass(wanted, OpenEnum):
        return _SCHEMA_NAMES.get(wanted, wanted.__name__), _word_from_text(wanted), _word_from_json(wanted)
    if wanted is Decimal:
        return "string_decimal", _read_decimal, _read_decimal
    if wanted is bool:
        return "boolean", _read_boolean, _read_boolean_json
    if wanted in (int, inputs.TimeS, inputs.TimeMs, inputs.DurationMs):
        schema, bounds = _INTEGER_TYPES_OF.get((kind, name)) or _INTEGER_TYPES.get(name, ("integer_int64", INT64))
        wanted_bounds = _LIMITS_OF.get(kind, _LIMITS) if name == "limit" else bounds
        return schema, _integer_from_text(bounds, wanted_bounds), _integer_from_json(wanted_bounds)
    return "string", _read_text, _read_text


def _read_text(value: Any, schema: str) -> str:
    if not isinstance(value, str) or isinstance(value, Numeral):
        raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
    return value


def _read_order_id(value: Any, schema: str) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _read_text(value, schema)
    try:
        return str(numerals.integer(text, UINT64))
    except NotANumber as fault:
        raise _Problem(f'failed to parse "{schema}": {fault}') from None


def _read_decimal(value: Any, schema: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
    if isinstance(value, Numeral):
        return _read_numeral(value, schema)
    try:
        return numerals.decimal(str(value))
    except NotANumber as fault:
        raise _Problem(f'failed to parse "{schema}": {fault}') from None


def _read_numeral(value: Numeral, schema: str) -> Decimal:
    number = Decimal(value) if _NUMERAL.fullmatch(value) else None
    if number is None or abs(number) > _DECIMAL_MAX:
        raise _Problem(f'failed to parse "{schema}": Float out of range')
    return number


def _read_boolean(value: Any, schema: str) -> bool:
    if value not in ("true", "false"):
        raise _Problem(f'failed to parse "{schema}": provided string was not `true` or `false`')
    return bool(value == "true")


def _read_boolean_json(value: Any, schema: str) -> bool:
    if not isinstance(value, bool):
        raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
    return value


def _integer_from_text(bounds: tuple[int, int], wanted: tuple[int, int]) -> _Reader:
    def read(value: Any, schema: str) -> int:
        try:
            number = numerals.integer(value, bounds)
        except NotANumber as fault:
            raise _Problem(f'failed to parse "{schema}": {fault}') from None
        return _in_range(number, wanted, schema)

    return read


def _integer_from_json(wanted: tuple[int, int]) -> _Reader:
    def read(value: Any, schema: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int | Numeral):
            raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
        if isinstance(value, Numeral) or value < 0 <= wanted[0] or abs(value) >= 2**64:
            raise _Problem(f'failed to parse "{schema}": invalid integer')
        return _in_range(value, wanted, schema)

    return read


def _in_range(value: int, wanted: tuple[int, int], schema: str) -> int:
    low, high = wanted
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
    known = {word.value: word for word in kind}

    def read(value: Any, schema: str) -> OpenEnum:
        word = known.get(value) if isinstance(value, str) else None
        if word is None:
            raise _Problem(f'Expected input type "{schema}", found {_shown(value)}.')
        return word

    return read
