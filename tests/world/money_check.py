"""What the account says of its positions, balances and worth, against what is so."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from haversack.account.aio import AsyncAccount
from haversack.account.changes import AccountEvent, PositionChanged
from haversack.units import compact
from world.truth import Truth


class MoneyCheck:
    """Positions whenever they are told; all of it at the end."""

    def __init__(self, truth: Truth, account: int, complain: Callable[[str], None]) -> None:
        self._truth = truth
        self._account = account
        self._complain = complain
        self.positions_told = 0
        self._told_us = self._framed_us = 0
        """Since when what was told last was so, and what a frame told last."""

    def start(self) -> None:
        """A run of the program begins, and knows nothing."""
        self._told_us = self._framed_us = 0

    def told(self, event: AccountEvent) -> None:
        """The program was told this. What it is told of a position was so at some time, and never goes back.

        But for one case: a frame that comes late may tell what was so before an answer, because an answer holds no time.
        """
        if not isinstance(event, PositionChanged):
            return
        self.positions_told += 1
        since_us = self._told_us if event.recovered else self._framed_us
        were = self._truth.positions.get((self._account, event.symbol), [])
        times_us = [time_us for time_us, position in were if position == event.position]
        later_us = [time_us for time_us in times_us if time_us >= since_us]
        if not later_us:
            what = "was long ago" if times_us else "never was"
            self._complain(f"P2 a position was told that {what}: {event}")
            return
        self._told_us = min(later_us)
        if not event.recovered:
            self._framed_us = self._told_us

    def is_settled(self, account: AsyncAccount) -> bool:
        """Whether positions and balances are as they are at the exchange."""
        return account.positions == self._truth.open_positions(self._account) and not self._wrong_balances(account)

    def check(self, account: AsyncAccount) -> None:
        """The same, with a word of what is wrong."""
        positions = self._truth.open_positions(self._account)
        if account.positions != positions:
            self._complain(f"P2 the account says that its positions are {account.positions}, really {positions}")
        if wrong := self._wrong_balances(account):
            self._complain(f"P2 the account is wrong about its balances: {wrong}")

    def _wrong_balances(self, account: AsyncAccount) -> list[str]:
        wrong: list[str] = []
        said = account.balances
        for asset, held in self._truth.engine.balances(self._account).items():
            scale, mine = self._truth.listing.asset_scales[asset], said.get(asset)
            real = tuple([compact(amount, scale) for amount in held])
            if (mine.available, mine.locked) != real if mine is not None else any(held):
                wrong.append(f"{mine}, really {real}")
        return wrong

    async def check_equity(self, account: AsyncAccount) -> None:
        """What the account is worth adds up, and follows from the positions and balances that it tells."""
        equity, real = await account.equity(), self._truth.engine.margin(self._account)
        if equity.disagreements or equity.net_equity != real.net_equity:
            self._complain(f"P2 the account says that it is worth {equity}, really {real}")
        unsettled = compact(self._truth.engine.unsettled(self._account), self._truth.listing.asset_scales["USDC"])
        if equity.unsettled_equity != unsettled:
            self._complain(f"P2 {equity.unsettled_equity} are called unsettled, really {unsettled}")
        held = {asset.asset: asset.capital for asset in equity.assets if asset.capital}
        told = {asset: each.available + each.locked for asset, each in account.balances.items()}
        if any(told.get(asset) != capital for asset, capital in held.items()):
            self._complain(f"P2 the account is worth {held}, and says that it has {told}")
        profit = sum([self._profit(symbol, account) for symbol in account.positions], Decimal(0))
        if abs(profit - equity.pnl_unrealized) > Decimal("0.000002"):
            self._complain(f"P2 the positions make {profit}, and the exchange says {equity.pnl_unrealized}")

    def _profit(self, symbol: str, account: AsyncAccount) -> Decimal:
        position, mark = account.positions[symbol], self._truth.engine.mark_price(symbol)
        assert mark is not None
        assert position.entry_price is not None
        return position.net_quantity * (self._truth.listing.scales[symbol].price(mark) - position.entry_price)
