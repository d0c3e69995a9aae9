"""Commands to an exchange that runs: its clock, its accounts, its markets, its state."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from cyclopts import App, Parameter

from haversack.cli.spans import span_us
from haversack.errors import UsageError
from haversack.exchange.control.call import call
from haversack.exchange.control.words import (
    Advance,
    Answer,
    Ask,
    ClockState,
    ExchangeState,
    LoadScenario,
    ReadClock,
    ReadState,
    Reset,
    Resolve,
    SaveScenario,
    Seed,
    SetMarket,
    SetNav,
    SetPrice,
    SetSpeed,
)
from haversack.units import from_time_us, to_decimal

DATA = Path("haversack-data")
A = TypeVar("A", bound=Answer)

clock = App(
    name="clock",
    help="""See and move the exchange's clock.

    Example: haversack exchange clock
    """,
)


@clock.default
def show_clock(*, data: Path = DATA) -> None:
    """See the exchange's clock.

    Parameters
    ----------
    data
        Folder of the exchange.
    """
    _tell_clock(ask(data, ReadClock()))


@clock.command
def advance(span: str, /, *, data: Path = DATA) -> None:
    """Move the clock forward; what falls due on the way happens, so that an hour takes its computing.

    Example: haversack exchange clock advance 1h

    Parameters
    ----------
    span
        How far, such as 200ms, 5s, 10m or 1h; 24h at most.
    data
        Folder of the exchange.
    """
    step = Advance(step_us=span_us(span, "the time"))
    with _waiting(f"computing {span} of the exchange"):
        told = ask(data, step)
    _tell_clock(told)


@clock.command
def speed(times: int, /, *, data: Path = DATA) -> None:
    """Let time pass so many times as fast as on this machine; 0 stops it, until it is advanced.

    Example: haversack exchange clock speed 60

    Parameters
    ----------
    times
        0 to 10000.
    data
        Folder of the exchange.
    """
    _tell_clock(ask(data, SetSpeed(speed=times)))


def seed(*, key: str, asset: Annotated[tuple[str, ...], Parameter(negative="")], data: Path = DATA) -> None:
    """Give a key's account paper money; one that is new gets this and nothing else.

    Example: haversack exchange seed --key KEY --asset USDC=10000 --asset SOL=5

    Parameters
    ----------
    key
        Verifying key (base64), as in BACKPACK_API_KEY.
    asset
        Asset and quantity, such as USDC=10000; may be given several times.
    data
        Folder of the exchange.
    """
    answer = ask(data, Seed(key=key, amounts=quantities(asset, "--asset")))
    print(f"account {answer.account} was given {', '.join(asset)}")


def market(symbol: str, /, *, state: str, data: Path = DATA) -> None:
    """Open or close a market, or restrict it to some orders.

    Example: haversack exchange market SOL_USDC --state PostOnly

    Parameters
    ----------
    symbol
        Symbol of the market.
    state
        Open, Closed, CancelOnly, LimitOnly or PostOnly.
    data
        Folder of the exchange.
    """
    ask(data, SetMarket(symbol=symbol, state=state))
    print(f"{symbol} is {state}")


def price(symbol: str, worth: str, /, *, data: Path = DATA) -> None:
    """Say what a market is worth: the crowd quotes around it from now on, and the index of a perpetual goes there.

    Example: haversack exchange price SOL_USDC 120.50

    Parameters
    ----------
    symbol
        Symbol of the market.
    worth
        In the quote asset.
    data
        Folder of the exchange.
    """
    ask(data, SetPrice(symbol=symbol, price=to_decimal(worth, "the price")))
    print(f"{symbol} is worth {worth}")


def resolve(symbol: str, outcome: str, /, *, delay: str | None = None, data: Path = DATA) -> None:
    """Say how the question of a prediction market is answered.

    Its positions are settled at that price after the delay.

    Example: haversack exchange resolve SOL200_USDC_PREDICTION 1 --delay 0s

    Parameters
    ----------
    symbol
        Symbol of the market.
    outcome
        1 for yes, 0 for no.
    delay
        Until it is final, such as 0s or 10m; what the market's event says, if not given.
    data
        Folder of the exchange.
    """
    if outcome not in ("0", "1"):
        raise UsageError(f"a prediction market is resolved at 0 or 1, found {outcome!r}")
    delay_s = None if delay is None else span_us(delay, "--delay") // 1_000_000
    ask(data, Resolve(symbol=symbol, is_yes=outcome == "1", delay_s=delay_s))
    print(f"{symbol} is proposed to be {outcome}")


def nav(vault: int, worth: str, /, *, data: Path = DATA) -> None:
    """Say what a token of a vault is worth: it gained or lost, and grows from there.

    Example: haversack exchange nav 1 1.05

    Parameters
    ----------
    vault
        Id of the vault.
    worth
        In the asset that the vault takes.
    data
        Folder of the exchange.
    """
    ask(data, SetNav(vault_id=vault, nav=to_decimal(worth, "the worth")))
    print(f"a token of vault {vault} is worth {worth}")


def reset(*, data: Path = DATA) -> None:
    """Begin anew: no accounts, no orders, no faults. The clock goes on, and the old journal is put aside in the folder.

    Example: haversack exchange reset

    Parameters
    ----------
    data
        Folder of the exchange.
    """
    ask(data, Reset())
    print("the exchange began anew")


def save(path: Path, /, *, data: Path = DATA) -> None:
    """Write a scenario: what brings another exchange with the same markets and seed to where this one is.

    Example: haversack exchange save quiet-market.jsonl

    Parameters
    ----------
    path
        File to write; one that is there is replaced.
    data
        Folder of the exchange.
    """
    saved = ask(data, SaveScenario(path=str(path.absolute())))
    print(f"{saved.commands} commands, state {saved.hash}")


def load(path: Path, /, *, data: Path = DATA) -> None:
    """Begin anew from a scenario, with its past and its time.

    Example: haversack exchange load quiet-market.jsonl

    Parameters
    ----------
    path
        File that `save` wrote.
    data
        Folder of the exchange.
    """
    _tell(ask(data, LoadScenario(path=str(path.absolute()))))


def state(*, data: Path = DATA, json: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Show what the exchange holds, one hash over it, and whether it adds up.

    Example: haversack exchange state --json

    Parameters
    ----------
    data
        Folder of the exchange.
    json
        Everything, as JSON.
    """
    answer = ask(data, ReadState())
    if json:
        print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
    else:
        _tell(answer)


def ask(data: Path, question: Ask[A]) -> A:
    """What the exchange on a folder answers."""
    check_folder(data)
    return call(data, question)


def check_folder(data: Path) -> None:
    """A UsageError if it is a file, or a folder that may not be entered: no exchange of this user could ever run there."""
    try:
        is_folder = stat.S_ISDIR(data.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise UsageError(f"the folder {data} cannot be used: {error.strerror}") from None
    if not is_folder:
        raise UsageError(f"--data must be a folder, and {data} is a file")
    if not os.access(data, os.R_OK | os.X_OK):
        raise UsageError(f"the folder {data} cannot be used: it may not be entered")


def quantities(texts: tuple[str, ...], option: str) -> dict[str, Decimal]:
    """Asset to quantity, from texts such as USDC=5000; a UsageError says which text is none."""
    found: dict[str, Decimal] = {}
    for text in texts:
        asset, equals, quantity = text.partition("=")
        if not equals:
            raise UsageError(f"{option} must be an asset and a quantity such as USDC=5000, found {text!r}")
        found[asset] = to_decimal(quantity, f"{option} of {asset}")
        if found[asset] < 0:
            raise UsageError(f"{option} must not be negative, found {text!r}")
    return found


def _waiting(text: str) -> AbstractContextManager[None]:
    """Says what takes its time, where somebody is watching."""
    if not sys.stderr.isatty():
        return nullcontext()
    from haversack.cli.progress import waiting

    return waiting(sys.stderr, text)


def _tell(state: ExchangeState) -> None:
    traders = [account for account in state.accounts if not account.is_house]
    orders = sum(account.open_orders for account in traders)
    print(f"state {state.hash} after {state.commands} commands")
    print(f"time {_text(state.now_us)}, speed {state.speed}")
    print(f"accounts {len(traders)} besides the crowd's {len(state.accounts) - len(traders)}, open orders {orders}")
    for each in state.markets:
        bid, ask = (levels[0][0] if levels else "-" for levels in (each.bids, each.asks))
        print(f"{each.symbol} {each.state} bid {bid} ask {ask} last {each.last_price or '-'}")
    print(f"faults {len(state.faults)}")
    print("; ".join(state.problems) or "everything adds up")


def _tell_clock(state: ClockState) -> None:
    print(f"{_text(state.now_us)} speed {state.speed}")


def _text(time_us: int) -> str:
    return from_time_us(time_us).isoformat(timespec="milliseconds")
