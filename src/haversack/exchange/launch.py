"""Start a local exchange on a folder, and stop it: what the command and the examples share."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from haversack.clock import Clock, PacedClock
from haversack.errors import UsageError
from haversack.exchange.control.desk import ControlDesk
from haversack.exchange.control.door import control_door
from haversack.exchange.control.place import write_whereabouts
from haversack.exchange.journal.entry import KEEP
from haversack.exchange.listing import Listing
from haversack.exchange.logbook import FolderLogbook
from haversack.exchange.operator import Operator
from haversack.exchange.server import Server
from haversack.exchange.snapshot.keeper import Keeper
from haversack.exchange.venue import Settings, genesis, granted

_COLLECTED_AFTER = 20_000
"""New objects; 700 where nobody says anything."""


@asynccontextmanager
async def serve(
    folder: Path,
    *,
    port: int = 0,
    settings: Settings,
    listing_path: Path | None = None,
    clock: Clock | None = None,
    keep: int = KEEP,
) -> AsyncGenerator[Server]:
    """A served exchange whose data is in the folder; it continues where it stopped. It is controlled through the folder, too.

    So many commands are kept at least; older ones are forgotten, once two snapshots stand behind them.
    """
    listing = Listing.load(listing_path)
    # What cannot be is refused before there is a folder.
    granted(listing, settings)
    origin = genesis(listing_bytes(listing_path), settings)
    logbook = FolderLogbook(folder, origin)
    operator = Operator(listing, settings, clock or PacedClock(), logbook=logbook, genesis=origin)
    keeper = Keeper(lambda: logbook.place(operator.venue), keep=keep)
    try:
        operator.start()
        keeper.start()
        server = Server(operator.venue, pulse=operator.pulse)
        operator.on_renewal.append(server.serve_instead)
        try:
            await _listen(server, port)
            address = write_whereabouts(folder, server.url, server.stream_url)
            async with control_door(folder, ControlDesk(operator)):
                yield server
            address.unlink(missing_ok=True)
        finally:
            await server.stop()
    finally:
        await keeper.stop()
        # The crowd has acted already when a port turns out to be taken: the journal must not be closed below a commit.
        await operator.finish()


def run_served(serving: Coroutine[Any, Any, None]) -> None:
    """Run an exchange until it ends, on uvloop where that is installed (the extra `fast`): an order takes a fifteenth less."""
    try:
        uvloop: Any = import_module("uvloop")
    except ImportError:
        asyncio.run(serving)
    else:
        uvloop.run(serving)


def spare_what_stays() -> None:
    """Let the collector look for garbage among new objects alone, and less often: for a process that does nothing else.

    All that is there when an exchange begins stays until it ends, and next to nothing of what a request leaves behind has to
    be searched for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER, *gc.get_threshold()[1:])


async def _listen(server: Server, port: int) -> None:
    try:
        await server.start(port)
    except OSError as error:
        # The event loop puts a sentence of its own around what the system says.
        reason = os.strerror(error.errno) if error.errno else error
        raise UsageError(f"cannot listen on 127.0.0.1:{port}: {reason}; choose another --port, or 0") from None


def listing_bytes(path: Path | None) -> bytes:
    """The file of markets and assets as it stands; the package's own if no path is given."""
    return (path or files("haversack.exchange").joinpath("data/listing.toml")).read_bytes()
