"""Sends what changes something: shown and confirmed where money is real, bounded, or only shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from haversack.cli.here import Here
from haversack.cli.output.table import facts
from haversack.cli.spending import Ledger, OverLimit, worth_of
from haversack.errors import RequestExpired, UsageError
from haversack.rest.client_ids import client_ids_of_process, with_client_id
from haversack.units import plain, stripped
from haversack.wire.orders import PlaceOrder, PlaceOrders

if TYPE_CHECKING:
    from haversack.cli.profile.opening import Profile
    from haversack.client.blocking import Client
    from haversack.wire.base import Operation

T = TypeVar("T")


def send(operation: Operation[T], here: Here, *, yes: bool) -> T:
    """The answer to an operation that changes something.

    With a live profile it is shown and confirmed first, and an order must be within the limits. A cancel always goes through.
    """
    if operation.withdraws:
        raise UsageError(f"{type(operation).__name__} is refused: this command takes no money out, whatever the settings say")
    operation = with_client_id(operation, client_ids_of_process())
    with here.client() as client:
        if not here.profile.is_live or operation.is_cancel:
            return _sent(operation, client, here)
        orders = _orders_of(operation)
        if not orders:
            _refuse_uncounted(operation, here)
            here.confirm(f"LIVE: {in_words(operation)}: with real money?", yes=yes)
            return _sent(operation, client, here)
        worths = [worth_of(order, client) for order in orders]
        ledger, total = Ledger(here.profile), sum(worths, Decimal(0))
        here.note(
            f"LIVE: {'; '.join(in_words(order) for order in orders)}; worth {_short(total)}, "
            f"and {_short(ledger.spent())} of {_short(ledger.day_max)} are spent today"
        )
        ledger.refuse_over(total, dearest=max(worths))
        here.confirm("Place it with real money?", yes=yes)
        with ledger.spending(total, dearest=max(worths)):
            return _sent(operation, client, here)


def show_only(operation: Operation[Any], here: Here) -> None:
    """Print the exact request and the string that would be signed; nothing is sent. The signature itself is not made."""
    from haversack.clock import SystemClock
    from haversack.credentials import Credentials
    from haversack.rest.request import prepare
    from haversack.signing import Signer

    signed: list[bytes] = []

    def scribe(message: bytes) -> bytes:
        signed.append(message)
        return bytes(64)

    keys = here.profile.credentials()
    named = Credentials.from_signer("" if keys is None else keys.public_key, scribe)
    operation = with_client_id(operation, client_ids_of_process())
    request = prepare(operation, Signer(named, SystemClock())).request
    assert request is not None, "an operation without a request"
    headers = {name: value for name, value in request.headers.items() if name != "X-Signature"}
    begin: list[tuple[str, Any]] = [
        ("sent", False),
        ("method", request.method),
        ("url", _address(here.profile) + request.target),
    ]
    end: list[tuple[str, Any]] = [
        ("body", request.body.decode() if request.body is not None else None),
        ("signing string", signed[0].decode() if signed else None),
    ]
    pairs = [*begin, *((f"header {name}", value) for name, value in headers.items()), *end]
    whole = {name.replace(" ", "_"): value for name, value in [*begin, ("headers", headers), *end]}
    here.show(facts("Dry run: nothing was sent", pairs, whole))


def in_words(operation: Operation[Any]) -> str:
    """What is about to be done."""
    if not isinstance(operation, PlaceOrder):
        return repr(operation)
    given = [
        f"{name.replace('_', ' ')} {value}"
        for name in operation.__struct_fields__
        if name not in ("symbol", "side", "order_type", "quantity", "price", "quote_quantity")
        and (value := getattr(operation, name)) is not None
    ]
    quantity = operation.quantity if operation.quantity is not None else f"for {operation.quote_quantity}"
    price = f"at {operation.price}" if operation.price is not None else "at the market's price"
    return ", ".join([f"{operation.side} {quantity} {operation.symbol} {price} ({operation.order_type})", *given])


def _address(profile: Profile) -> str:
    """Where a request would go. A local exchange that does not run has no port yet, and is not started for a dry run."""
    if profile.is_live or profile.settings["url"]:
        return profile.address.url
    from haversack.exchange.control.place import find

    found = find(Path(profile.settings["data"]))
    return "http://127.0.0.1" if found is None else found.url


def _sent(operation: Operation[T], client: Client, here: Here) -> T:
    try:
        return client.send(operation)
    except RequestExpired as expired:
        if expired.offset_us is None:
            raise
        # It was not carried out, and the client has measured the exchange's clock since.
        here.note(f"{expired}; signing by the exchange's clock")
        return client.send(operation)


def _orders_of(operation: Operation[Any]) -> list[PlaceOrder]:
    if isinstance(operation, PlaceOrder):
        return [operation]
    return list(operation.orders) if isinstance(operation, PlaceOrders) else []


def _refuse_uncounted(operation: Operation[Any], here: Here) -> None:
    settings = here.profile.settings
    if not settings["allow_uncounted"]:
        raise OverLimit(
            f"what {type(operation).__name__} is worth cannot be counted, so the limits of the profile {settings.name} cannot "
            "hold for it: allow_uncounted = true in the settings allows it"
        )


def _short(number: Decimal) -> str:
    return plain(stripped(number))
