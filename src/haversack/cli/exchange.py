"""`haversack exchange`: serve the local exchange until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from haversack.cli import faults, operate
from haversack.cli.logs import logs
from haversack.cli.space import no_space
from haversack.cli.spans import span_s
from haversack.cli.stop import stop
from haversack.cli.verify import verify
from haversack.clock import PacedClock
from haversack.errors import HaversackError, UsageError
from haversack.signing import Verifier

if TYPE_CHECKING:
    from haversack.exchange.server import Server
    from haversack.exchange.venue import Settings

_PORT_MAX = 65_535
KEEP = 3_000_000
"""As in `haversack.exchange.journal.entry`, which a command to a running exchange does not import."""
_PORT = "Port on 127.0.0.1; 0 takes a free one, and the printed line says which."
_SPEED = "Seconds that pass at the exchange in one of this machine's: 60 is a minute a second, 0 a clock that waits for commands."
_KEEP = "Commands that the journal keeps at least, for `verify` and `save`; the crowd brings about 2 million (180 MB) a day."

_IDLE = "Stop once nobody has asked for anything, nor listened to a stream, for so long: 15m, say. Without it, never."
_LOOKS = 10
"""Times that an exchange looks, in the time after which it would stop."""
_LOOK_S_MAX = 30.0

exchange = App(name="exchange")
exchange.command(operate.clock)
exchange.command(faults.fault)
exchange.command(verify)
exchange.command(stop)
exchange.command(logs)
for _command in (
    operate.seed,
    operate.market,
    operate.price,
    operate.nav,
    operate.resolve,
    operate.state,
    operate.save,
    operate.load,
    operate.reset,
):
    exchange.command(_command)


@exchange.default
def serve_until_told(
    *,
    port: Annotated[int, Parameter(help=_PORT)] = 8787,
    data: Path = operate.DATA,
    seed: int = 7,
    speed: Annotated[int, Parameter(help=_SPEED)] = 1,
    speed_bump_ms: int = 100,
    crowd: bool = True,
    grant: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    rate_limit: int | None = None,
    key: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    listing: Path | None = None,
    keep: Annotated[int, Parameter(help=_KEEP)] = KEEP,
    idle: Annotated[str | None, Parameter(help=_IDLE)] = None,
) -> None:
    """Serve the local exchange until it is told to stop.

    Parameters
    ----------
    data
        Folder of the journal; made if it is missing.
    seed
        Decides what the crowd does. A folder keeps the seed that it was made with.
    speed_bump_ms
        How long an order that may take waits before it is matched, as on the real exchange.
    crowd
        Let other traders make the markets move.
    grant
        Paper money of a new account, such as USDC=5000; may be given several times. Without it the listing decides.
    rate_limit
        Signed requests a minute that each account may make (the real exchange: 2000). Without it there is no bound.
    key
        Verifying key (base64) that may trade; may be given several times. Without it any valid key may.
    listing
        File of markets and assets, in the form of the package's own exchange/data/listing.toml.
    """
    # A command to an exchange that runs needs none of this, and should be quick.
    from haversack.exchange.venue import Settings

    _check(port, speed_bump_ms, rate_limit, key)
    _check_more(speed, keep, data)
    settings = Settings(
        seed=seed,
        has_crowd=crowd,
        speed_bump_ms=speed_bump_ms,
        grants=operate.quantities(grant, "--grant") or None,
        keys=frozenset(key) or None,
        requests_per_minute=rate_limit,
    )
    _run(_serve(data, port, settings, world=(listing, PacedClock(speed=speed)), keep=keep, idle_s=_idle_s(idle)), data)


def _run(serving: Coroutine[Any, Any, None], data: Path) -> None:
    from haversack.exchange.launch import run_served

    try:
        run_served(serving)
    except Exception as error:
        # It comes from the system, from SQLite, or wrapped by the journal.
        full = no_space(data, error)
        if full is None:
            raise
        raise full from error


def _check_more(speed: int, keep: int, data: Path) -> None:
    from haversack.exchange.pulse import SPEED_MAX

    operate.check_folder(data)
    if not 0 <= speed <= SPEED_MAX:
        raise UsageError(f"--speed must be 0 to {SPEED_MAX}, found {speed}")
    if keep < 0:
        raise UsageError(f"--keep must be at least 0, found {keep}")


def _check(port: int, speed_bump_ms: int, rate_limit: int | None, keys: tuple[str, ...]) -> None:
    if not 0 <= port <= _PORT_MAX:
        raise UsageError(f"--port must be 0 to {_PORT_MAX}, found {port}")
    if not 0 <= speed_bump_ms <= 60_000:
        raise UsageError(f"--speed-bump-ms must be 0 to 60000, found {speed_bump_ms}")
    if rate_limit is not None and rate_limit < 1:
        raise UsageError(f"--rate-limit must be at least 1, found {rate_limit}")
    strangers = [text for text in keys if not Verifier.is_key(text)]
    if strangers:
        raise UsageError(f"--key must be base64 of 32 bytes, found {strangers[0]!r}")
    if keys:
        from haversack.cli.profile.config import read_config
        from haversack.cli.profile.places import places
        from haversack.cli.profile.separation import refuse_live_keys

        refuse_live_keys(read_config(places(os.environ), os.environ), keys)


def _idle_s(text: str | None) -> float | None:
    idle_s = span_s(text, "--idle")
    if idle_s is not None and idle_s <= 0:
        raise UsageError(f"--idle must be above 0, found {text}")
    return idle_s


async def _serve(
    data: Path,
    port: int,
    settings: Settings,
    *,
    world: tuple[Path | None, PacedClock],
    keep: int,
    idle_s: float | None,
) -> None:
    from haversack.exchange.launch import serve, spare_what_stays

    listing, clock = world
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve(data, port=port, settings=settings, listing_path=listing, clock=clock, keep=keep) as server:
        spare_what_stays()
        _say(f"ready {server.url} {server.stream_url}")
        stopped = asyncio.create_task(stop.wait())
        failed = asyncio.create_task(server.failed())
        left = asyncio.create_task(_left_alone(server, idle_s))
        await asyncio.wait((stopped, failed, left), return_when=asyncio.FIRST_COMPLETED)
        for task in (stopped, failed, left):
            task.cancel()
        if failed.done() and not failed.cancelled():
            failed.result()


def _say(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        # It is not the exchange's folder that is full.
        raise HaversackError(f"nothing can be written to standard output: {error.strerror}") from None


async def _left_alone(server: Server, idle_s: float | None) -> None:
    """Wait until nobody has asked for anything for so long; for ever without a bound."""
    while idle_s is None or server.quiet_us < idle_s * 1_000_000:  # noqa: ASYNC110  The time that passes is what is waited for.
        await asyncio.sleep(_LOOK_S_MAX if idle_s is None else min(idle_s / _LOOKS, _LOOK_S_MAX))
