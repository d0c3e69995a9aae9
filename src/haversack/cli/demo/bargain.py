"""An order that others fill in part, and the cancelling of its rest.

Nobody can know how much the others will take, or when. So the order is large, it is cancelled soon after the first fills, and
if it was filled wholly or not at all, another try is made, and said to be one. Tries rest inside the spread for some seconds in
all; after that one takes what is offered at the touch, and bids for more than that.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from haversack.cli.demo.feed import Feed
from haversack.cli.demo.host import DemoStopped
from haversack.cli.demo.teller import Show, Teller, View, touch_of
from haversack.cli.demo.words import short
from haversack.client.blocking import Client
from haversack.clock import Clock
from haversack.errors import InvalidRequest
from haversack.wire.enums import OrderEvent, OrderStatus, OrderType, Side
from haversack.wire.frames import Message
from haversack.wire.markets import Market
from haversack.wire.orders import Order

RESTING_S = 4.5
"""How long tries that rest may last in all."""
ROOM_S = 1.5
"""How long to wait for a spread that has room inside, or for a touch that is small enough to be taken."""
PATIENCE_S = 3.0
"""How long an order waits for its first fill."""
MORE_S, FILLS_WANTED = 2.0, 3
"""How long after it for some more."""
ANSWER_S = 2.0
TRIES = 5
WORTH = Decimal(20_000)
"""Of what rests, in the quote asset: others take a few hundred at a time."""
SWEPT_MAX = Decimal(30_000)
"""Of what is taken at the touch."""
SHARE_MAX = Decimal("0.95")
"""Of the money at hand, in one try."""

_ENDINGS = (OrderEvent.CANCELLED, OrderEvent.EXPIRED)


class Bargain:
    """Buys in one market, inside the spread."""

    def __init__(self, client: Client, market: Market, feed: Feed, teller: Teller, *, clock: Clock) -> None:
        self._client = client
        self._market = market
        self._tick = market.filters.price.tick_size
        self._feed = feed
        self._teller = teller
        self._book = feed.books[market.symbol]
        self._clock = clock
        self._rests_until_us = 0

    def partly_filled_and_cancelled(self) -> str:
        """The id of an order that was filled in part, and whose rest was cancelled."""
        self._rests_until_us = self._clock.monotonic_us() + int(RESTING_S * 1_000_000)
        for _ in range(TRIES):
            price, quantity, where = self._terms()
            order = self._place(price, quantity, where)
            self._watch_fills(order)
            executed = self._cancel_rest(order)
            if 0 < executed < quantity:
                return order.order_id
            what = "It was filled wholly, which left nothing to cancel" if executed else "Nobody traded with it this time"
            self._teller.say(f"{what}: another try.")
        raise DemoStopped(f"in {TRIES} tries no order was filled in part: bad luck, so try another --seed")

    @property
    def _rest_s(self) -> float:
        """What is left of the time for tries that rest."""
        return max(0, self._rests_until_us - self._clock.monotonic_us()) / 1_000_000

    def _terms(self) -> tuple[Decimal, Decimal, str]:
        """Price, quantity and where that is."""
        has_room = self._feed.wait(min(ROOM_S, self._rest_s), until=self._has_room) and self._rest_s > 0
        if not has_room:
            self._feed.wait(ROOM_S, until=lambda: self._swept() <= SWEPT_MAX)
        touch = touch_of(self._book)
        if touch is None:
            raise DemoStopped(f"{self._market.symbol} has no bid or no ask")
        ask, resting = touch[1]
        if has_room:
            return ask - self._tick, self._affordable(WORTH / ask, ask), "one tick below the best ask, above every other bid"
        # No price lies between bid and ask, or nobody came: buy what is offered at the ask, and bid for more than that.
        return ask, self._affordable(resting + WORTH / ask, ask), "at the best ask, for more than is offered there"

    def _has_room(self) -> bool:
        touch = touch_of(self._book)
        return touch is not None and touch[1][0] - touch[0][0] >= 2 * self._tick

    def _swept(self) -> Decimal:
        """What it costs to take all that is offered at the touch."""
        touch = touch_of(self._book)
        return touch[1][0] * touch[1][1] if touch else Decimal(0)

    def _affordable(self, quantity: Decimal, price: Decimal) -> Decimal:
        """As much of it as there is money for, in whole steps."""
        money = self._client.capital.balances()[self._market.quote_symbol].available * SHARE_MAX
        step = self._market.filters.quantity.step_size
        return (min(quantity, money / price) / step).to_integral_value(ROUND_FLOOR) * step

    def _place(self, price: Decimal, quantity: Decimal, where: str) -> Order:
        symbol, base = self._market.symbol, self._market.base_symbol
        self._teller.call(
            f'client.orders.place(symbol="{symbol}", side="Bid", order_type="Limit", '
            f'price="{short(price)}", quantity="{short(quantity)}")'
        )
        order = self._client.orders.place(
            symbol=symbol, side=Side.BID, order_type=OrderType.LIMIT, price=price, quantity=quantity
        )
        self._teller.say(f"A bid for {short(quantity)} {base} {where}. Order {order.order_id}: {order.status}.")
        return order

    def _watch_fills(self, order: Order) -> None:
        """Look on until there were some fills, or one and no more soon after, or none in time."""
        with self._teller.watch(View([self._book], order.price)) as show:
            see = news_only(show, order.symbol)
            # One that takes has its first fill at once; one that rests has what is left of the time for that.
            patience_s = min(PATIENCE_S, max(self._rest_s, ANSWER_S))
            self._feed.wait(patience_s, until=lambda: self._fills(order) >= 1 or self._is_outbid(order), see=see)
            if self._fills(order):
                self._feed.wait(MORE_S, until=lambda: self._fills(order) >= FILLS_WANTED, see=see)

    def _is_outbid(self, order: Order) -> bool:
        """Whether the market has left the order behind."""
        touch = touch_of(self._book)
        return touch is not None and order.price is not None and touch[0][0] > order.price

    def _fills(self, order: Order) -> int:
        return sum(update.event == OrderEvent.FILL for update in self._feed.updates_of(order.order_id))

    def _cancel_rest(self, order: Order) -> Decimal:
        """Cancel, and wait until the stream has told the end; how much was executed."""
        self._teller.call(f'client.orders.cancel(symbol="{order.symbol}", order_id="{order.order_id}")')
        try:
            self._client.orders.cancel(symbol=order.symbol, order_id=order.order_id)
        except InvalidRequest as error:
            # It can have been filled, or have ended, just before.
            self._teller.say(f"The exchange says: {error.message}")
        if not self._feed.wait(ANSWER_S, until=lambda: self._has_ended(order)):
            raise DemoStopped(f"account.orderUpdate did not tell the end of order {order.order_id} within {ANSWER_S:g} s")
        last = self._feed.updates_of(order.order_id)[-1]
        self._teller.say(
            f"{short(last.executed_quantity)} of {short(last.quantity)} were bought. Order {order.order_id}: {last.status}."
        )
        return last.executed_quantity

    def _has_ended(self, order: Order) -> bool:
        updates = self._feed.updates_of(order.order_id)
        return any(update.event in _ENDINGS or update.status == OrderStatus.FILLED for update in updates)


def news_only(show: Show, symbol: str) -> Show:
    """Show what concerns the account, and the trades of one market; books change too often to be read."""

    def see(message: Message) -> None:
        if message.stream.startswith("account.") or message.stream == f"trade.{symbol}":
            show(message)

    return see
