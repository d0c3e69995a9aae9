"""Looks at all accounts once a second, and closes the positions of those whose margin is used up, as `liquidation` decides.

Each account gets one round a look. Guesses, where nothing is documented: one backstop provider, an account of the exchange's own
that takes up to `BACKSTOP_CAPACITY` in each market and keeps it until positions of the other direction are handed over; the
house's accounts are closed against like all others; a debt is covered as far as nothing that the account has is worth as much.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Protocol

import msgspec

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.event import AccountOpened, DebtCovered, Event, LiquidatingChanged
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.perpetual.closing import Closing, Part
from haversack.exchange.engine.perpetual.decimal96 import minus
from haversack.exchange.engine.perpetual.deleveraging import Opponent
from haversack.exchange.engine.perpetual.liquidation import (
    INTERVAL_US,
    CancelOrders,
    Danger,
    HandOver,
    Open,
    PayDebts,
    ReduceOnBook,
    Step,
    TakeDebt,
    auto_close_fraction,
    is_liquidatable,
    steps,
)
from haversack.exchange.engine.perpetual.margin import AccountMargin, Exposure, account_margin, maintenance
from haversack.exchange.engine.perpetual.screen import Screen
from haversack.exchange.engine.rules import FeeTier
from haversack.wire.enums import SystemOrderType

if TYPE_CHECKING:
    from haversack.exchange.engine.market import Market
    from haversack.exchange.engine.perpetual.margins import Margins
    from haversack.exchange.engine.placing import Placing

BACKSTOP = "haversack-backstop"
"""The provider's key. It is no base64 of 32 bytes, so it is nobody's."""
BACKSTOP_CAPACITY = 250_000
"""Notional of the largest position that the provider takes in one market, in cash (guess)."""
ON_BACKSTOP, ON_ADL = SystemOrderType.LIQUIDATE_POSITION_ON_BACKSTOP, SystemOrderType.LIQUIDATE_POSITION_ON_ADL


class Rescuing(Protocol):
    """Pays what an account borrowed; lending does."""

    def repay(self, account: Account, now_us: int, events: list[Event]) -> None:
        """Repay with what there is of the same asset."""
        ...

    def on_book(self, account: Account, now_us: int, events: list[Event]) -> bool:
        """Trade for a part of a debt; False if the books gave nothing."""
        ...

    def beside_book(self, account: Account, provider: Account, now_us: int, events: list[Event]) -> bool:
        """Hand assets over for a debt; False if there are none."""
        ...

    def forgive(self, account: Account, events: list[Event]) -> None:
        """End all debts."""
        ...


class Liquidating:
    """The liquidations of one engine. It keeps nothing that is not in accounts and markets."""

    __slots__ = ("_closing", "_ledger", "_margins", "_markets", "_placing", "_screen", "rescue")

    def __init__(self, ledger: Ledger, markets: dict[str, Market], margins: Margins, *, placing: Placing) -> None:
        self._ledger = ledger
        self._markets = markets
        self._margins = margins
        self._placing = placing
        self._closing = Closing(ledger, markets, placing)
        self._screen = Screen(markets, margins)
        self.rescue: Rescuing | None = None
        """Set by what lets accounts borrow."""

    def look(self, now_us: int, events: list[Event]) -> None:
        """Look at every account, by number, and do one round for each that has too little margin; once a second.

        What finds nothing to do leaves no trace, because a command that does nothing is in no journal.
        """
        ledger, count = self._ledger, len(events)
        if now_us < ledger.liquidate_us:
            return
        self._screen.forget()
        for account in self._ledger.accounts:
            if not account.is_house and (account.liquidating or not self._screen.passes(account)):
                self._look_at(account, now_us, events)
        if len(events) > count:
            ledger.liquidate_us = (now_us // INTERVAL_US + 1) * INTERVAL_US

    def _look_at(self, account: Account, now_us: int, events: list[Event]) -> None:
        todo = steps(self._danger(account, events))
        self._tell(account, events, is_liquidating=bool(todo))
        for step in todo:
            self._carry_out(step, account, now_us, events)
        if todo:
            self._screen.forget()
            # It may be well already, or have nothing left.
            self._tell(account, events, is_liquidating=is_liquidatable(_danger(self._figures(account))))

    def _tell(self, account: Account, events: list[Event], *, is_liquidating: bool) -> None:
        if account.liquidating is not is_liquidating:
            account.liquidating = is_liquidating
            events.append(LiquidatingChanged(account.number, is_liquidating))
            for end in self._placing.at_liquidation if is_liquidating else ():
                end(account, events)

    def _carry_out(self, step: Step, account: Account, now_us: int, events: list[Event]) -> None:
        if isinstance(step, CancelOrders):
            self._closing.end_orders(account, events)
        elif isinstance(step, TakeDebt):
            self._cover(account, events)
        elif isinstance(step, PayDebts):
            self._pay_debts(step, account, now_us, events)
        else:
            part = Part(account, self._markets[step.symbol], step.side, step.quantity)
            if isinstance(step, ReduceOnBook):
                self._closing.on_book(part, now_us, events)
                return
            number, system = (step.provider, ON_BACKSTOP) if isinstance(step, HandOver) else (step.opponent, ON_ADL)
            self._closing.beside_book(part, self._ledger.account(number), system, now_us=now_us, events=events)

    def _pay_debts(self, step: PayDebts, account: Account, now_us: int, events: list[Event]) -> None:
        rescue, count = self.rescue, len(events)
        assert rescue is not None, f"account {account.number} borrowed of nobody"
        rescue.repay(account, now_us, events)
        if len(events) > count or (not step.is_last and rescue.on_book(account, now_us, events)):
            return
        if not rescue.beside_book(account, self._provider(events), now_us, events) and step.is_alone:
            rescue.forgive(account, events)

    def _cover(self, account: Account, events: list[Event]) -> None:
        scale = self._margins.collateral_rules[CASH].scale
        owed = -self._figures(account).net_equity
        amount = int(owed.scaleb(scale).to_integral_value(ROUND_CEILING))
        self._ledger.cover(account, CASH, amount)
        events.append(DebtCovered(account.number, CASH, amount))

    def _figures(self, account: Account) -> AccountMargin:
        """What counts for its liquidation: perpetuals have no claim on what positions in prediction markets could lose."""
        holdings, exposures = self._margins.holdings(account), list(self._exposures(account).values())
        perpetuals = [each for each in exposures if not each.contract.is_prediction]
        if len(perpetuals) < len(exposures) and any(each.quantity for each in perpetuals):
            staked = [minus(each.position_notional, each.pnl_unrealized) for each in exposures if each not in perpetuals]
            holdings = msgspec.structs.replace(holdings, assets_value=minus(holdings.assets_value, sum(staked, Decimal(0))))
            exposures = perpetuals
        return account_margin(holdings, exposures)

    def _exposures(self, account: Account) -> dict[str, Exposure]:
        """The house may have positions in markets without margin: they count for nothing."""
        held = [symbol for symbol, holding in account.holdings.items() if not holding.is_empty]
        return {symbol: self._margins.exposure(account, symbol) for symbol in held if self._markets[symbol].rules.perpetual}

    def _danger(self, account: Account, events: list[Event]) -> Danger:
        figures = self._figures(account)
        if not is_liquidatable(_danger(figures)):
            return _danger(figures)
        has_orders = self._closing.has_orders(account)
        fraction = figures.margin_fraction
        is_last = not has_orders and fraction is not None and fraction < auto_close_fraction(figures.mmf)
        provider = self._provider(events) if is_last else None
        exposures = [exposure for exposure in self._exposures(account).values() if exposure.quantity]
        # Positions in prediction markets are closed when there are no others, because a debt may be left by those.
        exposures = [each for each in exposures if not each.contract.is_prediction] or exposures
        opened = [self._open(account, each, provider) for each in exposures]
        return _danger(figures, opened, has_orders=has_orders, has_debts=account.owes)

    def _open(self, account: Account, exposure: Exposure, provider: Account | None) -> Open:
        symbol, quantity = exposure.contract.symbol, exposure.quantity
        rooms = {} if provider is None else {provider.number: self._room(provider, exposure)}
        is_too_much = provider is not None and abs(quantity) > rooms[provider.number]
        return Open(
            symbol=symbol,
            quantity=quantity,
            step=exposure.contract.step,
            maintenance=maintenance(exposure),
            provider_room=rooms,
            opponents=self._opponents(symbol, quantity, {account.number, *rooms}) if is_too_much else (),
        )

    def _provider(self, events: list[Event]) -> Account:
        """The backstop provider, which begins to exist when it is needed for the first time."""
        found = self._ledger.find(BACKSTOP)
        if found is None:
            found = self._ledger.open(BACKSTOP, FeeTier(0, 0), is_house=True)
            events.append(AccountOpened(found.number, BACKSTOP))
        return found

    def _room(self, provider: Account, exposure: Exposure) -> int:
        """How much the provider takes of a position; what turns its own around does not count."""
        market, contract = self._markets[exposure.contract.symbol], exposure.contract
        mark, holding = market.mark, provider.holdings.get(contract.symbol)
        assert mark is not None, f"{contract.symbol} has positions and no price"
        largest: int = BACKSTOP_CAPACITY * 10**contract.quote_scale // (mark * market.rules.quote_unit)
        has = holding.quantity if holding else 0
        room = largest - (has if exposure.quantity > 0 else -has)
        return max(0, room) // contract.step * contract.step

    def _opponents(self, symbol: str, quantity: int, others: set[int]) -> list[Opponent]:
        """All who have the other side of a position, but for these others."""
        perpetual = self._markets[symbol].perpetual
        assert perpetual is not None, f"{symbol} has no positions"
        opposite = [number for number, has in perpetual.positions.items() if (has < 0) == (quantity > 0)]
        return [self._opponent(self._ledger.account(number), symbol) for number in opposite if number not in others]

    def _opponent(self, account: Account, symbol: str) -> Opponent:
        exposure, figures, position = self._exposures(account)[symbol], self._figures(account), account.holdings[symbol].position
        assert position is not None, f"account {account.number} has nothing in {symbol}"
        return Opponent(
            account=account.number,
            quantity=position.quantity,
            cost=exposure.contract.amount(abs(position.basis)),
            pnl_unrealized=exposure.pnl_unrealized,
            exposure=figures.net_exposure_futures,
            net_equity=figures.net_equity,
        )


def _danger(
    figures: AccountMargin, positions: list[Open] | None = None, *, has_orders: bool = False, has_debts: bool = False
) -> Danger:
    return Danger(
        margin_fraction=figures.margin_fraction,
        mmf=figures.mmf,
        net_equity=figures.net_equity,
        has_orders=has_orders,
        positions=positions or (),
        has_debts=has_debts,
    )
