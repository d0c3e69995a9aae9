"""Commands that draw pictures: candles, depth, and what the account was worth. How they look stands in `haversack.pictures`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from haversack.cli.data import Interval, candles_until_now
from haversack.cli.here import Here, check_limit
from haversack.cli.output.table import facts
from haversack.cli.space import refuse_missing_folder, trouble
from haversack.pictures import check_library

if TYPE_CHECKING:
    from haversack.client.blocking import Client
    from haversack.pictures.look import Picture
    from haversack.pictures.worth import Movement, PriceAt, Worth

Row = TypeVar("Row")
Size = Literal["small", "medium", "large"]
Step = Literal["1m", "5m", "15m", "1h", "4h", "1d"]
_STEPS: dict[str, timedelta] = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
}
_PAGE = 1_000


def candles(
    symbol: str, /, *, interval: Interval = "1h", limit: int = 96, size: Size = "medium", to: str | None = None, here: Here
) -> None:
    """Draw candles of a market with their volumes, as PNG or SVG.

    Example: haversack plot candles SOL_USDC --interval 5m --to sol.svg

    Parameters
    ----------
    interval
        Length of a candle.
    limit
        How many, 1 to 1000; those without trades are gaps.
    size
        How large: 480, 960 or 1600 pixels wide.
    to
        The file, which must not be there yet; its name ends in .png or .svg. One that says what it is if not given.
    """
    check_library()
    place = _checked(to)
    check_limit(limit)
    with here.client(signed=False) as client:
        rows, now = candles_until_now(client, symbol, interval=interval, limit=limit)
    from haversack.pictures import draw_candles

    picture = draw_candles(rows, symbol=symbol, interval=interval, source=_source(here), size=size)
    _write(here, picture, place or _name(here, f"{symbol}-candles-{interval}", now), [("candles", len(rows))])


def depth(
    symbol: str,
    /,
    *,
    limit: Literal["5", "10", "20", "50", "100", "500", "1000"] = "100",
    size: Size = "medium",
    to: str | None = None,
    here: Here,
) -> None:
    """Draw the depth of a market's book, as PNG or SVG: what rests on either side, added up from the best price.

    Example: haversack plot depth SOL_USDC --to depth.png

    Parameters
    ----------
    limit
        Levels of each side.
    size
        How large: 480, 960 or 1600 pixels wide.
    to
        The file, which must not be there yet; its name ends in .png or .svg. One that says what it is if not given.
    """
    check_library()
    place = _checked(to)
    with here.client(signed=False) as client:
        found = client.markets.depth(symbol, limit=limit)
    from haversack.pictures import draw_depth

    picture = draw_depth(found, symbol=symbol, source=_source(here), size=size)
    _write(here, picture, place or _name(here, f"{symbol}-depth", found.time), [("levels", len(found.bids) + len(found.asks))])


def equity(*, interval: Step = "1h", limit: int = 168, size: Size = "medium", to: str | None = None, here: Here) -> None:
    """Draw what the account was worth over time in USDC, as PNG or SVG.

    It is worked out backwards from today's balances by the histories, and valued at the closes of candles; unrealized profit of
    perpetuals is in it. Interest, quotes, vaults and haircuts are left out, as the picture says.

    Example: haversack plot equity --interval 15m --limit 96 --to equity.png

    Parameters
    ----------
    interval
        Time from one point to the next.
    limit
        How many points, 1 to 1000.
    size
        How large: 480, 960 or 1600 pixels wide.
    to
        The file, which must not be there yet; its name ends in .png or .svg. One that says what it is if not given.
    """
    check_library()
    place = _checked(to)
    check_limit(limit)
    with here.client() as client:
        rows, moved = worth_of_account(client, interval, limit)
    from haversack.pictures import draw_equity

    picture = draw_equity(rows, [move for move in moved if move.is_transfer], source=_source(here), size=size)
    _write(
        here,
        picture,
        place or _name(here, "equity", rows[-1].time),
        [("points", len(rows)), ("worth now", f"{rows[-1].value:.2f} USDC")],
    )


def worth_of_account(client: Client, interval: Step, limit: int) -> tuple[list[Worth], list[Movement]]:
    """What the account was worth at the end of each interval and now, from everything that the exchange tells."""
    from haversack.pictures.worth import held_now, with_marks, worth_at
    from haversack.wire.base import moment_of_ms

    # Candles are asked for up to now by the client's clock, which a local exchange's may have been moved ahead of.
    client.sync_clock()
    balances, account, positions = client.capital.balances(), client.capital.collateral(), client.positions.open()
    held = held_now(balances, account, positions, client.borrow_lend.positions())
    now = moment_of_ms(client.system.time())
    step, midnight = _STEPS[interval], now.replace(hour=0, minute=0, second=0, microsecond=0)
    # Whole intervals of the day, which are the ends of candles.
    last = midnight + (now - midnight) // step * step
    times = [last - step * back for back in range(limit - 1, -1, -1)]
    # What happens while the histories are read is not in the balances, so it must not be taken off them.
    moved = [move for move in movements_since(client, times[0]) if move.time <= now]
    prices = _prices(client, {*held, *(move.what for move in moved)}, interval, now=now, since=times[0] - step)
    return worth_at([*times, now], held, moved, with_marks(prices, account, positions, now)), moved


def movements_since(client: Client, since: datetime) -> list[Movement]:
    """What came to the account and left it since then, as its histories tell it."""
    from haversack.pictures.worth import movements

    history, capital = client.history, client.capital
    return movements(
        fills=history.each_fill(limit=_PAGE, from_ms=since),
        deposits=capital.each_deposit(limit=_PAGE, from_ms=since),
        withdrawals=capital.each_withdrawal(limit=_PAGE, from_ms=since),
        settlements=_since(history.each_settlement(limit=_PAGE), since, lambda row: row.time),
        conversions=_since(history.each_dust_conversion(limit=_PAGE), since, lambda row: row.time),
    )


def _since(rows: Iterator[Row], first: datetime, time_of: Callable[[Row], datetime]) -> Iterator[Row]:
    # Newest first, as these histories come: nothing older is asked for.
    return takewhile(lambda row: time_of(row) >= first, rows)


def _prices(client: Client, names: set[str], interval: Step, *, now: datetime, since: datetime) -> dict[str, list[PriceAt]]:
    from haversack.pictures.worth import CASH, prices_of

    listed = {market.symbol for market in client.markets.all()}
    found: dict[str, list[PriceAt]] = {}
    for name in sorted(names - {CASH}):
        symbol = name if "_" in name else f"{name}_{CASH}"
        if symbol in listed:
            rows = client.markets.each_kline(symbol, interval=interval, start_s=since, unfinished=True)
            found[name] = prices_of(rows, now)
    return found


def _source(here: Here) -> str:
    """Whose prices it is, as the title says it."""
    profile = here.profile
    if not profile.is_live:
        return f"{profile.name}: invented prices"
    return "live" if profile.name == "live" else f"{profile.name} (live)"


def _checked(to: str | None) -> Path | None:
    """The file that was asked for, refused before anything is asked of the exchange."""
    if to is None:
        return None
    from haversack.pictures.look import check_place

    return refuse_missing_folder(check_place(Path(to)))


def _name(here: Here, what: str, time: datetime) -> Path:
    return Path(f"{here.profile.name}-{what}-{time:%Y%m%dT%H%M%S}Z.png".replace("/", "_"))


def _write(here: Here, picture: Picture, place: Path, more: list[tuple[str, Any]]) -> None:
    try:
        written = picture.write(place)
    except OSError as error:
        raise trouble(f"{place} cannot be written", place, error) from None
    here.show(facts("Picture", [("file", str(written)), *more]))
