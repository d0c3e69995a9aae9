"""The lists: markets, trades, orders, positions and balances, each as a table."""

from __future__ import annotations

from decimal import Decimal

from haversack.account.life import OrderState, TrackedOrder
from haversack.tui.figures import change, compact, fixed, percent, rounded, time_of_day
from haversack.tui.model import AccountSight, Model
from haversack.tui.paper import Span, safe
from haversack.tui.table import Column, Row, Table, table
from haversack.units import decimals_of
from haversack.wire.enums import Side

VOLUME_WIDTH = 5
QUANTITY_WIDTH = 10
_ENDED_BADLY = (OrderState.REJECTED, OrderState.TRIGGER_FAILED, OrderState.NOT_SENT)
_UNSURE = (OrderState.UNKNOWN, OrderState.CANCEL_PENDING, OrderState.PENDING)


def markets(model: Model, width: int, _now_us: int) -> Table:
    """All markets: last price, change and volume of a day. The one that is looked at is marked."""
    columns = (Column("market", is_right=False), Column("last"), Column("24 h"), Column("vol", rank=1))
    rows: list[Row] = []
    for symbol in model.symbols():
        market, quote = model.markets[symbol], model.quotes.get(symbol)
        name = Span(safe(symbol), "chosen" if symbol == model.symbol else "")
        if quote is None:
            rows.append(Row(symbol, (name, Span("-", "dim"), Span("-", "dim"), Span("-", "dim"))))
            continue
        moved = change(quote.first, quote.last)
        price = fixed(quote.last, decimals_of(market.filters.price.tick_size))
        cells = name, Span(price), Span(percent(moved), _colour(moved)), Span(compact(quote.quote_volume, VOLUME_WIDTH), "dim")
        rows.append(Row(symbol, cells))
    return table(columns, rows, width, gap=1)


def trades(model: Model, width: int, _now_us: int) -> Table:
    """The last trades, newest first, in the colour of who crossed the spread."""
    columns = (Column("price"), Column("quantity"), Column("taker", rank=1), Column("time", rank=2))
    rows = [
        Row(
            str(each.trade_id),
            (
                Span(fixed(each.price, model.price_decimals), "up" if each.taker is Side.BID else "down"),
                Span(_quantity(each.quantity, model.quantity_decimals)),
                Span(str(each.taker), "dim"),
                Span(time_of_day(each.time_us), "dim"),
            ),
        )
        for each in model.tape.newest()
    ]
    return table(columns, rows, width, gap=1)


def orders(model: Model, width: int, _now_us: int) -> Table:
    """One's own orders: those that are open, then those that ended last."""
    columns = (
        *(Column("market", is_right=False), Column("side", is_right=False), Column("price"), Column("quantity")),
        *(Column("filled", rank=1), Column("state", is_right=False), Column("id", rank=2)),
    )
    account = model.account or AccountSight()
    rows = [Row(order_key(order), _order(order, model)) for order in account.orders]
    return table(columns, rows, width, gap=1)


def order_key(order: TrackedOrder) -> str:
    """What tells an order from others, also before the exchange has named it."""
    return order.order_id or f"ticket {order.ticket}"


def _order(order: TrackedOrder, model: Model) -> tuple[Span, ...]:
    market = model.markets.get(order.symbol)
    side = Span("-") if order.side is None else Span(str(order.side), "up" if order.side is Side.BID else "down")
    decimals = 0 if market is None else decimals_of(market.filters.price.tick_size)
    price = Span("market" if order.price is None else fixed(order.price, decimals))
    quantity = Span("-" if order.quantity is None else compact(order.quantity, QUANTITY_WIDTH))
    filled = Span(percent_filled(order), "dim" if not order.executed_quantity else "")
    bad, unsure = order.state in _ENDED_BADLY, order.state in _UNSURE
    style = "bad" if bad else "warn" if unsure else "dim" if order.is_ended else "good"
    state = Span(order.state.name.lower().replace("_", " "), style)
    return Span(safe(order.symbol)), side, price, quantity, filled, state, Span(safe(order.order_id or "-"), "dim")


def percent_filled(order: TrackedOrder) -> str:
    """How much of it was executed; never `100%` while something is left."""
    if not order.quantity:
        return "-"
    share = order.executed_quantity / order.quantity * 100
    return f"{min(99, int(share)) if order.executed_quantity < order.quantity else 100}%"


def positions(model: Model, width: int, _now_us: int) -> Table:
    """What the account is long or short, and what that has brought at the last price, before fees and funding."""
    columns = (
        *(Column("market", is_right=False), Column("quantity"), Column("entry")),
        *(Column("last", rank=1), Column("gain at last")),
    )
    account = model.account or AccountSight()
    rows: list[Row] = []
    for symbol, position in sorted(account.positions.items()):
        market, quote = model.markets.get(symbol), model.quotes.get(symbol)
        decimals = 0 if market is None else decimals_of(market.filters.price.tick_size)
        last, entry = quote.last if quote else None, position.entry_price
        gain = None if last is None or entry is None else (last - entry) * position.net_quantity
        cells = (
            Span(safe(symbol)),
            Span(f"{position.net_quantity:+f}", "up" if position.net_quantity > 0 else "down"),
            Span("-" if entry is None else rounded(entry, decimals)),
            Span("-" if last is None else fixed(last, decimals), "dim"),
            Span("-" if gain is None else f"{gain:+.2f}", _colour(gain)),
        )
        rows.append(Row(symbol, cells))
    return table(columns, rows, width)


def balances(model: Model, width: int, _now_us: int) -> Table:
    """What the account has, and what of it is held by open orders."""
    columns = Column("asset", is_right=False), Column("available"), Column("locked"), Column("staked", rank=1)
    account = model.account or AccountSight()
    rows = [
        Row(
            asset,
            (
                Span(safe(asset)),
                Span(_long(balance.available)),
                Span(_long(balance.locked), "" if balance.locked else "dim"),
                Span(_long(balance.staked), "" if balance.staked else "dim"),
            ),
        )
        for asset, balance in sorted(account.balances.items())
    ]
    return table(columns, rows, width)


def _long(number: Decimal) -> str:
    """All digits, with commas between the thousands."""
    return format(number, ",f")


def _quantity(number: Decimal, decimals: int) -> str:
    text = rounded(number, decimals)
    return text if len(text) <= QUANTITY_WIDTH else compact(number, QUANTITY_WIDTH)


def _colour(number: Decimal | None) -> str:
    return "dim" if not number else "up" if number > 0 else "down"


def nothing(tab: str, model: Model) -> str:
    """What to say where a list is empty."""
    if tab == "trades":
        return "no trades yet"
    if tab in ("orders", "positions", "balances"):
        if not model.trading.is_allowed and model.account is None and not model.account_trouble:
            return str(model.trading)
        if model.account is None:
            return model.account_trouble or "the account is being read"
        return f"no {tab}"
    return "nothing yet"
