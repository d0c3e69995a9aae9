"""What an order is worth, and how much may be spent: for one order, and in one day.

What was spent today is counted in a file before anything is sent, under a lock, so that two commands at once cannot both have the
rest. It is given back only where it is certain that nothing was placed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from haversack.cli.locking import locked
from haversack.clock import SystemClock
from haversack.errors import ApiError, ConnectFailed, UsageError
from haversack.units import from_time_us, plain, stripped, to_decimal
from haversack.wire.enums import Side

if TYPE_CHECKING:
    from haversack.cli.profile.opening import Profile
    from haversack.client.blocking import Client
    from haversack.wire.orders import PlaceOrder

_DOLLARS = ("USDC", "USDT", "USD")


class OverLimit(UsageError):
    """More than the profile allows. Nothing was sent."""


class Spent(msgspec.Struct, frozen=True):
    """What was spent on one day, UTC."""

    day: str
    notional: str


class Ledger:
    """What a live profile spent today, and what it may."""

    def __init__(self, profile: Profile, today: Callable[[], str] | None = None) -> None:
        self._name = profile.name
        self._path = profile.config.places.state / f"spent-{profile.name}.json"
        self.order_max = to_decimal(profile.settings["order_notional_max"])
        self.day_max = to_decimal(profile.settings["day_notional_max"])
        self._today = today or _today

    def spent(self) -> Decimal:
        """Today, so far."""
        return self._read()

    def refuse_over(self, notional: Decimal, *, dearest: Decimal) -> None:
        """OverLimit if so much more is too much. `dearest`: the largest order in it."""
        of_profile = f"of the profile {self._name}"
        if dearest > self.order_max:
            text = f"the order is worth {_short(dearest)}, and order_notional_max {of_profile} is {_short(self.order_max)}"
            raise OverLimit(text)
        total = self._read() + notional
        if total > self.day_max:
            text = f"with {_short(notional)} more, {_short(total)} would be spent today, and day_notional_max {of_profile} is"
            raise OverLimit(f"{text} {_short(self.day_max)}")

    @contextmanager
    def spending(self, notional: Decimal, *, dearest: Decimal) -> Generator[None]:
        """Count what is about to be spent, unless it is too much."""
        with _locked(self._path):
            self.refuse_over(notional, dearest=dearest)
            self._write(self._read() + notional)
        try:
            yield
        except (ApiError, UsageError, ConnectFailed):
            # Nothing was placed. After anything else, an OutcomeUnknown too, something may have been.
            with _locked(self._path):
                self._write(max(self._read() - notional, Decimal(0)))
            raise

    def _read(self) -> Decimal:
        try:
            said = msgspec.json.decode(self._path.read_bytes(), type=Spent)
            spent = to_decimal(said.notional)
        except FileNotFoundError:
            return Decimal(0)
        except (OSError, ValueError, UsageError) as error:
            raise UsageError(f"what was spent today cannot be read from {self._path}, and so nothing is: {error}") from None
        # A day that is still to come was written by a clock that was ahead: what was spent is not forgotten for that.
        return Decimal(0) if said.day < self._today() else spent

    def _write(self, spent: Decimal) -> None:
        from haversack.exchange.durable import write_whole

        write_whole(self._path, [msgspec.json.encode(Spent(self._today(), plain(spent)))])


def worth_of(order: PlaceOrder, client: Client) -> Decimal:
    """What an order is worth, in dollars: by its limit, or by the book where that is more.

    Where an order to sell has a limit far below the book, it is worth what the book pays and not what its limit says.
    """
    quote = order.symbol.split("_")[1] if order.symbol.count("_") else ""
    if quote not in _DOLLARS:
        raise OverLimit(f"what an order in {order.symbol} is worth cannot be counted, as it is not traded for {_DOLLARS[0]}")
    if order.quote_quantity is not None:
        return to_decimal(order.quote_quantity, "quote_quantity")
    named = [order.price, order.trigger_price, order.take_profit_limit_price, order.stop_loss_limit_price]
    prices = [to_decimal(price, "price") for price in named if price is not None]
    if order.side == Side.ASK or not prices:
        depth = client.markets.depth(order.symbol, limit="5")
        levels = depth.asks if order.side == Side.BID else depth.bids
        prices += [price for price, _ in levels]
    if not prices:
        raise OverLimit(f"what the order is worth cannot be known: there is nobody on the other side of {order.symbol}")
    return to_decimal(order.quantity or order.trigger_quantity or 0, "quantity") * max(prices)


def _today() -> str:
    return from_time_us(SystemClock().now_us()).date().isoformat()


def _short(number: Decimal) -> str:
    return plain(stripped(number))


def _locked(path: Path) -> AbstractContextManager[None]:
    trouble = f"what is spent today cannot be counted in {path.parent}"
    return locked(path.with_name(path.name + ".lock"), path.parent, trouble)
