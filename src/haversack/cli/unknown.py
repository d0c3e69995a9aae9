"""Which command tells what became of a change whose answer was lost."""

from __future__ import annotations

from typing import Any

from haversack.errors import OutcomeUnknown

_NAMED_MAX = 3
_LATE = "not found is no answer before 5 s have passed"
"""A signature is good for so long, and until then a request may still arrive."""

WHERE: dict[str, str] = {
    "UpdateAccount": "api get_account",
    "ConvertDust": "api get_dust_history",
    "ExecuteBorrowLend": "api get_borrow_lend_history",
    "SubmitQuote": "api get_quote_history",
    "SubmitRfq": "api get_open_rfqs",
    "AcceptQuote": "api get_rfq_fill_history",
    "RefreshRfq": "api get_open_rfqs",
    "CancelRfq": "api get_open_rfqs",
    "CreateStrategy": "api get_open_strategies",
    "CancelStrategy": "api get_open_strategies",
    "CancelAllStrategies": "api get_open_strategies",
    "MintVaultTokens": "balances",
    "RedeemVaultTokens": "balances",
    "CancelVaultRedeem": "balances",
    "RequestWithdrawal": "api get_withdrawals",
    "CreateWithdrawalDelay": "api get_withdrawal_delay",
    "UpdateWithdrawalDelay": "api get_withdrawal_delay",
}
"""Where to look, by the operation's name. Orders and cancels are looked for by their ids."""
AT_THE_LOCAL_EXCHANGE: dict[str, str] = {
    "Advance": "exchange clock",
    "SetSpeed": "exchange clock",
    "AddFault": "exchange fault list",
    "ClearFaults": "exchange fault list",
    "LoadScenario": "exchange state",
    "Reset": "exchange state",
    "Seed": "exchange state",
    "SetMarket": "exchange state",
    "SetPrice": "exchange state",
    "SetNav": "exchange state",
    "Resolve": "exchange state",
}
"""The same for what its owner asks of a local exchange."""


def what_to_type(error: OutcomeUnknown, profile: str) -> str:
    """The command that finds out, as it has to be typed."""
    operation, name = error.operation, type(error.operation).__name__
    if name in AT_THE_LOCAL_EXCHANGE:
        return f"haversack {AT_THE_LOCAL_EXCHANGE[name]} --data FOLDER"
    if name in ("PlaceOrder", "PlaceOrders", "CancelOrder"):
        commands = _of_orders(_listed(operation), profile)
        return f"{commands}; {_LATE}" if name != "CancelOrder" and commands else commands
    if name == "CancelAllOrders":
        return f"haversack orders {operation.symbol} -p {profile}"
    return f"haversack {WHERE[name]} -p {profile}" if name in WHERE else ""


def _listed(operation: Any) -> list[Any]:
    return list(operation.orders) if hasattr(operation, "orders") else [operation]


def _of_orders(orders: list[Any], profile: str) -> str:
    named = [f"haversack order status {order.symbol} {_id_of(order)} -p {profile}" for order in orders if _id_of(order)]
    more = len(named) - _NAMED_MAX
    rest = [f"haversack export orders -p {profile} for the other {more}"] if more > 0 else []
    return "; ".join([*named[:_NAMED_MAX], *rest])


def _id_of(order: Any) -> str:
    order_id = getattr(order, "order_id", None)
    if order_id is not None:
        return str(order_id)
    return f"--client-id {order.client_id}" if order.client_id is not None else ""
