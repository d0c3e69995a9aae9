"""Which accounts are certainly far from liquidation: whole numbers alone, so that looking at all of them costs little.

What an account is worth is rounded down here and what it must maintain is rounded up, so whoever passes would pass with the
exact figures too. Whoever does not pass is to be computed exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

from haversack.exchange.engine.collateral import CASH, CollateralRules
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.stake import posted
from haversack.wire.assets import HaircutKind

if TYPE_CHECKING:
    from haversack.exchange.engine.ledger import Account, Balance
    from haversack.exchange.engine.market import Market
    from haversack.exchange.engine.perpetual.margins import Margins

_MICRO, _PPB, _PPT = 10**6, 10**9, 10**12
_SPARE = 2
"""For what the exact figures round on the way, in units of an amount that is shown."""


class _Terms(NamedTuple):
    """A perpetual's maintenance function, rounded up."""

    market: Market
    base_ppt: int
    factor_ppt: int
    cash: int
    """Ledger's units that one unit of cash is."""
    spare: int
    """What the profit of a position may be less than it seems."""


class Screen:
    """A quick look at one account after the other. The prices of assets are kept until `forget`; mark prices are not."""

    __slots__ = ("_collateral", "_margins", "_markets", "_prices", "_terms")

    def __init__(self, markets: Mapping[str, Market], margins: Margins) -> None:
        self._markets = markets
        self._margins = margins
        self._collateral: Mapping[str, CollateralRules] = margins.collateral_rules
        self._terms: dict[str, _Terms] = {}
        self._prices: dict[str, tuple[int, int] | None] = {}

    def forget(self) -> None:
        """Ask for the prices of assets anew: time has passed, or orders have ended."""
        self._prices.clear()

    def passes(self, account: Account) -> bool:
        """Whether the account certainly has the margin that it must maintain."""
        if account.loans and account.owes:
            return False
        worth, required, has_position = account.unsettled, 0, False
        for symbol, holding in account.holdings.items():
            position = holding.position
            if position is None:
                continue
            has_position = True
            rules = self._markets[symbol].rules
            if rules.pays is not None:
                worth -= posted(rules, position)
                continue
            market, base_ppt, factor_ppt, cash, spare = self._terms.get(symbol) or self._learn(symbol)
            mark = market.mark
            if mark is None:
                return False
            value = position.quantity * mark * market.rules.quote_unit
            worth += value - position.net_cost - position.pnl_realized - spare
            notional = abs(value)
            # The root of the notional in cash, a millionth of it as its unit.
            root = isqrt(notional * _PPT // cash + 1) + 1
            rate = max(base_ppt * _MICRO, factor_ppt * root)
            required += notional * rate // (_PPT * _MICRO) + spare
        if not has_position and worth >= 0:
            return True
        balance = account.balances.get(CASH)
        if balance is not None:
            worth += self._cash(balance)
        if worth > required:
            return True
        others = [each for each in account.balances.items() if each[0] != CASH]
        return worth + sum([self._worth(asset, held) for asset, held in others]) > required

    def _learn(self, symbol: str) -> _Terms:
        market = self._markets[symbol]
        assert market.rules.perpetual is not None, f"{symbol} is no perpetual with margin"
        contract: Contract = market.rules.perpetual.contract
        function = contract.mmf_function
        learned = self._terms[symbol] = _Terms(
            market=market,
            base_ppt=_up(function.base, _PPT),
            factor_ppt=_up(function.factor, _PPT),
            cash=10**contract.quote_scale,
            spare=_SPARE * contract.amount_unit,
        )
        return learned

    def _cash(self, balance: Balance) -> int:
        rules = self._collateral.get(CASH)
        if rules is None:
            return 0
        function = rules.parameters.haircut_function
        if function.kind.type == HaircutKind.IDENTITY and function.weight == 1:
            return balance.available + balance.locked
        return self._worth(CASH, balance)

    def _worth(self, asset: str, balance: Balance) -> int:
        """Of a balance as collateral, in the ledger's units of cash."""
        units, rules = balance.available + balance.locked, self._collateral.get(asset)
        if not units or rules is None or CASH not in self._collateral:
            return 0
        if asset not in self._prices:
            mark = self._margins.asset_mark(rules)
            self._prices[asset] = None if mark is None else mark.as_integer_ratio()
        price = self._prices[asset]
        if price is None:
            return 0
        notional: int = units * price[0] * _MICRO // (price[1] * 10**rules.scale)
        function = rules.parameters.haircut_function
        base, penalty = function.kind.base, function.kind.positive_curve_penalty
        if isinstance(base, Decimal) and isinstance(penalty, Decimal):
            # The root of millionths counts thousandths.
            divisor = _PPB + _up(penalty, _PPB) * (isqrt(notional + 1) + 1) // 1_000 + 1
            notional = min(notional * _down(base, _PPB), notional * _PPB * _PPB // divisor) // _PPB
        worth: int = notional * _down(function.weight, _PPB) * 10 ** self._collateral[CASH].scale // (_PPB * _MICRO)
        return worth


def _up(number: Decimal, unit: int) -> int:
    return int((number * unit).to_integral_value(ROUND_CEILING))


def _down(number: Decimal, unit: int) -> int:
    return int((number * unit).to_integral_value(ROUND_FLOOR))
