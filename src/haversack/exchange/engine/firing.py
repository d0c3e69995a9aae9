"""Orders with triggers, before they wait and when they fire: what is taken, how much is sent, and why nothing comes of it."""

from __future__ import annotations

from collections.abc import Mapping

from haversack.exchange.engine.admission import is_full
from haversack.exchange.engine.command import Place, Trigger
from haversack.exchange.engine.event import Conditions, OrderFacts, Refusal
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.triggers import PendingOrder
from haversack.wire.enums import ExpiryReason, OrderBookState

UNFIRED: Mapping[Refusal, ExpiryReason] = {
    Refusal.ACCOUNT_LIQUIDATING: ExpiryReason.LIQUIDATION,
    Refusal.POST_ONLY_MODE: ExpiryReason.POST_ONLY_MODE,
    Refusal.PRICE_BAND: ExpiryReason.INVALID_PRICE,
    Refusal.POST_ONLY_TAKES: ExpiryReason.POST_ONLY_TAKER,
    Refusal.FILL_OR_KILL: ExpiryReason.FILL_OR_KILL,
    Refusal.INSUFFICIENT_FUNDS: ExpiryReason.INSUFFICIENT_FUNDS,
    Refusal.INSUFFICIENT_MARGIN: ExpiryReason.INSUFFICIENT_MARGIN,
    Refusal.OPEN_INTEREST: ExpiryReason.POSITION_LIMIT,
    Refusal.REDUCE_ONLY: ExpiryReason.REDUCE_ONLY_NOT_REDUCED,
}
"""The reason that an order is told whose trigger fired when it would have been refused (guess: by the names); else Unknown."""

_UNTAKEN = {OrderBookState.CLOSED: Refusal.BOOK_CLOSED, OrderBookState.CANCEL_ONLY: Refusal.CANCEL_ONLY}
_ALL_E8 = 100 * 10**8


def waiting_refusal(place: Place, account: Account, market: Market) -> Refusal | None:
    """Why an order cannot wait for its trigger; all else is looked at when it fires (guess)."""
    if account.liquidating:
        return Refusal.ACCOUNT_LIQUIDATING
    if refused := _UNTAKEN.get(market.state):
        return refused
    if market.reference(_trigger(place).by) is None:
        return Refusal.NO_REFERENCE
    return Refusal.ORDER_LIMIT if not account.is_house and is_full(account, market) else None


def is_rising(place: Place, market: Market) -> bool:
    """Whether the trigger is above the price that it waits for. One at that very price fires at once (guess)."""
    trigger = _trigger(place)
    prices = market.reference(trigger.by)
    assert prices is not None, "an order waits for a price that nobody knows"
    return trigger.price > prices[0]


def fired_quantity(pending: PendingOrder, market: Market) -> int | ExpiryReason:
    """How much an order is for now that it fires: of a position its part, in whole steps; or why it is for nothing."""
    trigger = _trigger(pending.facts.conditions)
    if trigger.quantity is not None:
        return trigger.quantity
    position = abs(market.perpetual.quantity(pending.facts.account)) if market.perpetual else 0
    if not position:
        return ExpiryReason.STOP_WITHOUT_POSITION
    part = position * trigger.percent_e8 // _ALL_E8
    return part - part % market.rules.step or ExpiryReason.INVALID_QUANTITY


def order_of(facts: OrderFacts, quantity: int, now_us: int) -> tuple[Place, Conditions]:
    """The order that is sent for one whose trigger fired, and what it has to say of that."""
    waited = facts.conditions
    assert waited is not None, f"order {facts.order_id} waited for nothing"
    place = Place(
        account=facts.account,
        symbol=facts.symbol,
        side=facts.side,
        price=facts.price,
        quantity=quantity,
        time_in_force=facts.time_in_force,
        post_only=facts.post_only,
        self_trade_prevention=facts.self_trade_prevention,
        client_id=facts.client_id,
        slippage=facts.slippage,
        reduce_only=facts.reduce_only,
        backing=waited.backing,
    )
    conditions = Conditions(
        trigger=waited.trigger,
        take_profit=waited.take_profit,
        stop_loss=waited.stop_loss,
        related_order_id=facts.order_id,
        triggered_us=now_us,
        backing=waited.backing,
    )
    return place, conditions


def _trigger(order: Place | Conditions | None) -> Trigger:
    assert order is not None, "an order that waits for nothing"
    assert order.trigger is not None, "an order that waits for nothing"
    return order.trigger
