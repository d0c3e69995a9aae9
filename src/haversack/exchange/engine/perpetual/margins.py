"""Every account's margin, joined from its balances, its positions and the prices of the moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import msgspec

from haversack.exchange.engine.collateral import CASH, Collateralized, CollateralRules, valued
from haversack.exchange.engine.order import BID
from haversack.exchange.engine.perpetual import stake
from haversack.exchange.engine.perpetual.budget import Budget
from haversack.exchange.engine.perpetual.decimal96 import minus, plus
from haversack.exchange.engine.perpetual.margin import (
    AccountMargin,
    Exposure,
    Holdings,
    Owed,
    account_margin,
    flat_mmf,
    liability,
)
from haversack.exchange.engine.perpetual.order_limit import Account as Limited
from haversack.exchange.engine.perpetual.order_limit import is_allowed, max_order_quantity
from haversack.exchange.engine.perpetual.position import Fill, pnl_unrealized
from haversack.exchange.engine.spot_margin import cost, costly, is_exposed, open_swaps
from haversack.units import compact
from haversack.wire.enums import Side

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from haversack.exchange.engine.backing import Backing, Called, Cause, Loaned, Need
    from haversack.exchange.engine.command import Place
    from haversack.exchange.engine.event import Event
    from haversack.exchange.engine.ledger import Account
    from haversack.exchange.engine.market import Market
    from haversack.exchange.engine.rules import PerpetualRules
    from haversack.exchange.engine.survey import Survey

LEVERAGE_SCALE = 8
_ZERO = Decimal(0)


class AutoLending(Protocol):
    """Moves money between accounts and pools for what else they do; lending does."""

    def reach(self, account: Account, asset: str, backing: Backing | None) -> int:
        """A bound of what could be called on at most, whatever the margin."""
        ...

    def call(self, account: Account, need: Need) -> Called | None:
        """What would be called on for a need, whatever the margin; None if that is not enough."""
        ...

    def supposed(self, account: Account, asset: str, called: Called, now_us: int) -> AbstractContextManager[None]:
        """As if so much had been called on."""
        ...

    def fetch(self, account: Account, need: Need, cause: Cause, events: list[Event]) -> int:
        """Call on what is missing of a need that the account can meet; the answer is how much of that was borrowed."""
        ...

    def give_back(self, account: Account, loaned: Loaned, cause: Cause, events: list[Event]) -> int:
        """Repay what is released of what was borrowed; the answer is how much of that is left."""
        ...

    def repay(self, account: Account, asset: str, amount: int, *, cause: Cause, events: list[Event]) -> None:
        """Repay with so much of what is available, as far as there is a debt."""
        ...

    def pay(self, account: Account, now_us: int, events: list[Event]) -> None:
        """Find cash for what an account owes unsettled."""
        ...

    def lend_idle(self, events: list[Event], now_us: int) -> None:
        """Lend what became available by these events, where the settings say so, and tell it with them."""
        ...


class Margins:
    """The margin of all accounts of one exchange. It keeps nothing that is not in accounts and markets."""

    def __init__(self, collateral: Iterable[CollateralRules]) -> None:
        self._collateral = {rules.asset: rules for rules in collateral}
        self.markets: dict[str, Market] = {}
        """All markets, spot markets too."""
        self._flat_mmf = _ZERO
        self.lending: AutoLending | None = None
        """Set by what lets accounts lend."""
        self.version = 0
        """Raised whenever a mark price changes."""

    @property
    def collateral_rules(self) -> Mapping[str, CollateralRules]:
        """How each asset counts that counts at all."""
        return self._collateral

    def watch(self, markets: dict[str, Market]) -> None:
        """Take prices from these markets."""
        self.markets = markets
        rules = [market.rules.perpetual for market in markets.values() if market.rules.perpetual and market.rules.has_index]
        self._flat_mmf = flat_mmf(each.contract.mmf_function for each in rules)

    def allows(self, account: Account, place: Place, ahead: Survey | None) -> bool:
        """Whether margin is left after an order. What has no limit counts at the price at which it would trade now."""
        market = self.markets[place.symbol]
        if market.rules.pays is not None:
            return stake.allows(self, account, place, ahead)
        perpetual, mark = market.rules.perpetual, market.mark
        quantity = ahead.quantity if place.quantity is None and ahead else place.quantity or 0
        if perpetual is None or mark is None:
            return False
        holding = account.holdings.get(place.symbol)
        before, added = 0, quantity
        if holding is not None:
            before, position = holding.exposed, holding.quantity
            added += (position + holding.bids if place.side is BID else holding.asks - position) - before
        if added <= 0:
            return True
        price = _price(ahead, market) if place.price is None else place.price
        notional = added * max(price, mark) * market.rules.quote_unit
        budget = account.budget
        if budget is not None and budget.version == self.version:
            rate_ppb = budget.rate_ppb(place.symbol)
            if rate_ppb is None:
                rate_ppb = self._learn(budget, market, perpetual, before * mark)
            if budget.takes(notional, rate_ppb):
                return True
        limited = self._limited(account, place.symbol)
        figures = account_margin(limited.holdings, (limited.exposure, *limited.others))
        is_enough = is_allowed(limited, place.side, quantity, compact(price, market.rules.price_scale), figures=figures)
        budget = self._budget(account, limited, figures, market)
        # An order that is accepted counts in the budget, or there is none.
        has_room = budget is None or budget.takes(notional, self._learn(budget, market, perpetual, before * mark))
        account.budget = budget if has_room or not is_enough else None
        return is_enough

    def _learn(self, budget: Budget, market: Market, perpetual: PerpetualRules, units: int) -> int:
        """The rate of a market whose exposure has this worth, in its price times its quantity units."""
        rules = market.rules
        notional = compact(units, rules.price_scale + rules.quantity_scale)
        return budget.learn(rules.symbol, perpetual.contract.imf_function, notional)

    def allows_leverage(self, account: Account, leverage_e8: int) -> bool:
        """Whether margin is left with another leverage limit; raising it is always allowed. That it is so is a guess."""
        if leverage_e8 >= account.settings.leverage_e8 or not is_exposed(account):
            return True
        holdings = msgspec.structs.replace(self.holdings(account), leverage_limit=compact(leverage_e8, LEVERAGE_SCALE))
        return account_margin(holdings, list(self.exposures(account).values())).net_equity_available >= 0

    def charge(self, budget: Budget, fill: Fill, marked_quote: int) -> None:
        """Tell a budget what a fill cost more than it is worth at the mark price."""
        lost = (fill.quote if fill.quantity > 0 else -fill.quote) - marked_quote
        budget.lose(max(0, lost) + fill.fee + fill.liquidation_fee)

    def mark(self, symbol: str) -> int:
        """A perpetual's mark price in its price units; 0 before it has any price."""
        return self.markets[symbol].mark or 0

    def figures(self, account: Account) -> AccountMargin:
        """All figures of an account."""
        return account_margin(self.holdings(account), list(self.exposures(account).values()))

    def max_order_quantity(self, account: Account, symbol: str, side: Side, price: Decimal, *, reduce_only: bool) -> int:
        """The largest order that an account may place in a perpetual, in quantity units."""
        if self.markets[symbol].rules.pays is not None and not reduce_only:
            return stake.max_quantity(self, account, symbol, (side, price))
        return max_order_quantity(self._limited(account, symbol), side, price, reduce_only=reduce_only)

    def holdings(self, account: Account) -> Holdings:
        """What an account is worth without its positions."""
        assets = _ZERO
        for each in self.collateral(account):
            assets = plus(assets, each.value)
        owed = self.owed(account) if account.loans else ()
        return Holdings(
            assets_value=assets,
            borrow_liability=liability(owed) if owed else _ZERO,
            unsettled_equity=compact(account.unsettled, self._collateral[CASH].scale) if account.unsettled else _ZERO,
            leverage_limit=compact(account.settings.leverage_e8, LEVERAGE_SCALE),
            flat_mmf=self._flat_mmf,
            owed=owed,
        )

    def owed(self, account: Account) -> Sequence[Owed]:
        """What an account owes, in alphabetical order. Only what counts as collateral and has a price can be borrowed."""
        return [
            Owed(
                asset=asset,
                parameters=self._collateral[asset].parameters,
                mark=self.asset_mark(self._collateral[asset]) or _ZERO,
                quantity=compact(-account.loans[asset].quantity, self._collateral[asset].scale),
            )
            for asset in sorted(account.loans)
            if account.loans[asset].is_borrow
        ]

    def collateral(self, account: Account) -> Iterator[Collateralized]:
        """Assets that are held and that count, in alphabetical order."""
        for asset in sorted(account.balances):
            balance, rules = account.balances[asset], self._collateral.get(asset)
            loan = account.loans.get(asset) if account.loans else None
            lent = max(0, loan.quantity) if loan else 0
            if rules and balance.available + balance.locked + lent:
                mark = self.asset_mark(rules)
                if mark is not None:
                    yield valued(rules, mark, balance.available, balance.locked, lent=lent)

    def value(self, asset: str, amount: int) -> Decimal:
        """What an amount of an asset counts for as collateral; 0 if it does not count."""
        rules = self._collateral.get(asset)
        mark = self.asset_mark(rules) if rules else None
        return _ZERO if rules is None or mark is None else valued(rules, mark, amount, 0).value

    def asset_mark(self, rules: CollateralRules) -> Decimal | None:
        """Cash for one unit of an asset: the active price of its spot market, or what it was to open at."""
        if rules.asset == CASH:
            return Decimal(1)
        market = None if rules.market is None else self.markets.get(rules.market)
        twice = None if market is None else market.twice_active_price
        if market is None or twice is None:
            return rules.opening_price
        return compact(5 * twice, market.rules.price_scale + 1)

    def exposures(self, account: Account) -> dict[str, Exposure]:
        """What an account has and may get in perpetuals."""
        return {symbol: self.exposure(account, symbol) for symbol, held in account.holdings.items() if not held.is_empty}

    def exposure(self, account: Account, symbol: str) -> Exposure:
        """The same in one perpetual."""
        market = self.markets[symbol]
        perpetual, holding = market.rules.perpetual, account.holdings.get(symbol)
        assert perpetual is not None, f"{symbol} is no perpetual with margin"
        units = market.mark
        mark = _ZERO if units is None else compact(units, market.rules.price_scale)
        if holding is None:
            return Exposure(contract=perpetual.contract, mark=mark)
        position = holding.position
        return Exposure(
            contract=perpetual.contract,
            mark=mark,
            quantity=holding.quantity,
            pnl_unrealized=pnl_unrealized(position, mark, perpetual.contract) if position else _ZERO,
            bids=holding.bids,
            asks=holding.asks,
            bid_cost=perpetual.contract.amount(holding.bid_cost),
            ask_cost=perpetual.contract.amount(holding.ask_cost),
        )

    def _limited(self, account: Account, symbol: str) -> Limited:
        exposures, holdings = self.exposures(account), self.holdings(account)
        exposures.pop(symbol, None)
        # What open spot orders may take is not there any more as far as new orders are concerned.
        if swaps := costly(self, account):
            assets = minus(holdings.assets_value, cost(self, account, swaps))
            holdings = msgspec.structs.replace(holdings, assets_value=assets)
        return Limited(holdings, self.exposure(account, symbol), tuple(exposures.values()))

    def _budget(self, account: Account, limited: Limited, figures: AccountMargin, market: Market) -> Budget | None:
        """None where prices move within a version: of what is not cash or may become it, of loans, of marks that nobody told."""
        if account.loans or any(True for _ in open_swaps(self.markets, account)):
            return None
        if any(asset != CASH and (held.available or held.locked) for asset, held in account.balances.items()):
            return None
        if any(self.markets[symbol].told is None for symbol in {*account.holdings, market.rules.symbol}):
            return None
        scale = self._collateral[CASH].scale
        return Budget(figures, limited.holdings.leverage_limit, quote_scale=scale, version=self.version)


def _price(ahead: Survey | None, market: Market) -> int:
    """At which a market order counts: the mean of what it would take, rounded up."""
    if ahead is None or not ahead.quantity:
        return market.mark or 0
    return -(-ahead.quote // (ahead.quantity * market.rules.quote_unit))
