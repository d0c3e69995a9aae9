"""One view of what the account is worth on cross margin, from three answers, with every figure that follows from others checked.

    total quantity     = available + held by orders + lent             per asset; what is lent still counts as collateral
    notional           = total quantity * mark price                   per asset, in USDC
    collateral value   = notional * weight                             per asset; the rest is the haircut
    assets value       = sum of the collateral values                  so it stands after haircuts
    liabilities value  = borrow liability, and unsettled equity if that is negative
    net equity         = assets value - borrow liability + unrealized profit + unsettled equity
    available equity   = net equity - what positions and orders lock
    margin fraction    = net equity / exposure                         None while there is no exposure

All of these hold to the last digit in the recorded answers (2025-06, 2026-09), in which nothing was borrowed and, where
collateral was read, no position was open. What does not follow from these answers: the weights, which grow smaller for large
amounts by a rule that is not certain, so they are taken as stated; the equity that is locked; and, as nobody has recorded one,
whether the borrow liability is the sum of what is owed at the mark price. Of that the view shows both, and judges neither. Nor is
it known whether what is owed is exposure in the margin fraction, so that both readings pass.

The exchange's figures are of one moment only within one answer. Balances and borrowed amounts come from answers of their own, so
they are shown and not compared. Money that is lent automatically is in no balance: it shows here alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from haversack.account.exact import EXACT, product, total
from haversack.wire.borrow_lend import BorrowLendPosition
from haversack.wire.capital import Balance, Collateral, MarginAccount

# The exchange's numbers: 96 bits, so 28 digits always fit and sometimes 29, and at most 28 decimals.
_DIGITS_SURE = 28
# Each step of a sum is rounded there, so that a few of the last digit may be missing.
_LAST_DIGITS = Decimal(5)
_ZERO = Decimal(0)


class AssetEquity(msgspec.Struct, frozen=True, kw_only=True):
    """What the account has of one asset and owes of it, and what that counts for. Quantities are in the asset, values in USDC."""

    asset: str
    available: Decimal
    """Free to use."""
    in_orders: Decimal
    """Held by resting orders."""
    lent: Decimal
    """Earns interest; counts as collateral, and not as available."""
    borrowed: Decimal
    """Owed, above zero."""
    staked: Decimal
    """From the balances. Whether it counts as collateral is not known; it is in no sum here."""
    capital: Decimal
    """Available, in orders and lent together: what the exchange calls the total quantity."""
    mark_price: Decimal | None
    """USDC for one unit; None for an asset that no answer gives a price for."""
    value: Decimal
    """The capital at the mark price, before the haircut."""
    collateral_weight: Decimal | None
    """Part of the value that counts; None for an asset that is not among the collateral."""
    collateral_value: Decimal
    """What counts."""
    borrowed_value: Decimal | None
    """What is owed at the mark price."""

    @property
    def haircut(self) -> Decimal:
        """What of the value does not count."""
        return EXACT.subtract(self.value, self.collateral_value)


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of the exchange that is not what the others add up to."""

    figure: str
    asset: str | None
    """None for a figure of the whole account."""
    stated: Decimal | None
    derived: Decimal | None


class Equity(msgspec.Struct, frozen=True, kw_only=True):
    """What the account is worth, in USDC. The figures are the exchange's; what they should add up to was computed beside them."""

    assets: tuple[AssetEquity, ...]
    capital_value: Decimal
    """All capital at mark prices, before haircuts."""
    collateral_value: Decimal
    """What of it counts."""
    borrow_liability: Decimal
    """What borrows count against it, as stated."""
    borrowed_value: Decimal | None
    """Borrowed amounts at their mark prices, added up here; None if the borrow positions were not given."""
    pnl_unrealized: Decimal
    unsettled_equity: Decimal
    """Realized profit, fees and funding that are not settled in USDC yet; below zero if the account owes."""
    net_equity: Decimal
    """`collateral_value` - `borrow_liability` + `pnl_unrealized` + `unsettled_equity`."""
    net_equity_locked: Decimal
    """Held as initial margin by positions and orders, as stated."""
    net_equity_available: Decimal
    """What new orders may lean on."""
    exposure: Decimal
    """Value of the futures positions, with those that open orders could make."""
    margin_fraction: Decimal | None
    """Net equity as part of the exposure; None without exposure."""
    imf: Decimal
    """Initial margin fraction of the account."""
    mmf: Decimal
    """Maintenance margin fraction of the account: liquidation begins where the margin fraction falls to it."""
    disagreements: tuple[Disagreement, ...]
    """Where the exchange's figures do not add up by the rules above; none in any recorded answer."""


def equity(
    account: MarginAccount,
    balances: Mapping[str, Balance] | None = None,
    borrow_lend: Sequence[BorrowLendPosition] | None = None,
) -> Equity:
    """The view of one answer of GetCollateral; with those of GetBalances and GetBorrowLendPositions also what they alone tell."""
    collateral = {row.symbol: row for row in account.collateral}
    loans = {row.symbol: row for row in borrow_lend or ()}
    names = dict.fromkeys((*collateral, *loans, *[name for name, held in (balances or {}).items() if held.staked]))
    assets = tuple([_asset(name, collateral.get(name), loans.get(name), (balances or {}).get(name)) for name in names])
    return Equity(
        assets=assets,
        capital_value=total(asset.value for asset in assets),
        collateral_value=account.assets_value,
        borrow_liability=account.borrow_liability,
        borrowed_value=None if borrow_lend is None else total(asset.borrowed_value or _ZERO for asset in assets),
        pnl_unrealized=account.pnl_unrealized,
        unsettled_equity=account.unsettled_equity,
        net_equity=account.net_equity,
        net_equity_locked=account.net_equity_locked,
        net_equity_available=account.net_equity_available,
        exposure=account.net_exposure_futures,
        margin_fraction=account.margin_fraction,
        imf=account.imf,
        mmf=account.mmf,
        disagreements=(*_account_disagreements(account), *_asset_disagreements(account.collateral)),
    )


def _asset(name: str, row: Collateral | None, loan: BorrowLendPosition | None, held: Balance | None) -> AssetEquity:
    mark = row.asset_mark_price if row is not None else loan.mark_price if loan is not None else None
    borrowed = max(_ZERO, loan.net_quantity.copy_negate()) if loan is not None else _ZERO
    return AssetEquity(
        asset=name,
        available=row.available_quantity if row is not None else held.available if held is not None else _ZERO,
        in_orders=row.open_order_quantity if row is not None else held.locked if held is not None else _ZERO,
        lent=row.lend_quantity if row is not None else _ZERO,
        borrowed=borrowed,
        staked=held.staked if held is not None else _ZERO,
        capital=row.total_quantity if row is not None else _ZERO,
        mark_price=mark,
        value=row.balance_notional if row is not None else _ZERO,
        collateral_weight=row.collateral_weight if row is not None else None,
        collateral_value=row.collateral_value if row is not None else _ZERO,
        borrowed_value=None if mark is None else product(borrowed, mark),
    )


def _account_disagreements(account: MarginAccount) -> list[Disagreement]:
    unsettled, borrowed = account.unsettled_equity, account.borrow_liability
    net = total((account.assets_value, borrowed.copy_negate(), account.pnl_unrealized, unsettled))
    exposure = account.net_exposure_futures
    rules: list[tuple[str, Decimal | None, Decimal | None]] = [
        ("assets_value", account.assets_value, total(row.collateral_value for row in account.collateral)),
        ("liabilities_value", account.liabilities_value, total((borrowed, max(_ZERO, unsettled.copy_negate())))),
        ("net_equity", account.net_equity, net),
        (
            "net_equity_available",
            account.net_equity_available,
            total((account.net_equity, account.net_equity_locked.copy_negate())),
        ),
    ]
    fractions = [EXACT.divide(account.net_equity, each) if each else None for each in (exposure, total((exposure, borrowed)))]
    # Whether debts are a part of the exposure that this counts, nobody has recorded: either will do.
    fraction = next((each for each in fractions if _agree(account.margin_fraction, each)), fractions[0])
    rules.append(("margin_fraction", account.margin_fraction, fraction))
    return [_disagreement(name, None, stated, derived) for name, stated, derived in rules if not _agree(stated, derived)]


def _asset_disagreements(rows: Sequence[Collateral]) -> list[Disagreement]:
    found: list[Disagreement] = []
    for row in rows:
        held = total((row.available_quantity, row.open_order_quantity, row.lend_quantity))
        for name, stated, derived in (
            ("total_quantity", row.total_quantity, held),
            ("balance_notional", row.balance_notional, product(row.total_quantity, row.asset_mark_price)),
            ("collateral_value", row.collateral_value, product(row.balance_notional, row.collateral_weight)),
        ):
            if not _agree(stated, derived):
                found.append(_disagreement(name, row.symbol, stated, derived))
    return found


def _disagreement(figure: str, asset: str | None, stated: Decimal | None, derived: Decimal | None) -> Disagreement:
    return Disagreement(figure=figure, asset=asset, stated=stated, derived=derived)


def _agree(stated: Decimal | None, derived: Decimal | None) -> bool:
    """As numbers; where more digits would be needed than the exchange's numbers surely have, up to its rounding."""
    if stated is None or derived is None:
        return stated is derived
    if stated == derived:
        return True
    digits, exponent = derived.as_tuple().digits, derived.as_tuple().exponent
    assert isinstance(exponent, int), "only finite numbers are compared"
    if len(digits) < _DIGITS_SURE and exponent > -_DIGITS_SURE:
        return False
    last = max(derived.adjusted() + 1 - _DIGITS_SURE, -_DIGITS_SURE)
    return EXACT.abs(EXACT.subtract(stated, derived)) <= _LAST_DIGITS.scaleb(last)
