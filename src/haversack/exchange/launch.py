"""Start a local exchange on a folder, and stop it: what the command and the examples share."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from haversack.clock import Clock, SystemClock
from haversack.errors import UsageError
from haversack.exchange.journal import GroupCommitter, Journal
from haversack.exchange.listing import Listing
from haversack.exchange.server import Server
from haversack.exchange.venue import Settings, Venue, genesis


@asynccontextmanager
async def serve(
    folder: Path,
    *,
    port: int = 0,
    settings: Settings,
    listing_path: Path | None = None,
    clock: Clock | None = None,
) -> AsyncGenerator[Server]:
    """A served exchange whose data is in the folder; it continues where it stopped."""
    listing = Listing.load(listing_path)
    with Journal.open(folder, genesis(_listing_bytes(listing_path), settings)) as journal:
        committer = GroupCommitter(journal)
        try:
            venue = Venue(listing, clock or SystemClock(), committer, settings=settings)
            venue.start(journal)
            server = Server(venue)
            try:
                await _listen(server, port)
                yield server
            finally:
                await server.stop()
        finally:
            # The crowd has acted already when a port turns out to be taken: the journal must not be closed below a commit.
            await committer.close()


async def _listen(server: Server, port: int) -> None:
    try:
        await server.start(port)
    except OSError as error:
        raise UsageError(f"cannot listen on 127.0.0.1:{port}: {error.strerror}; choose another --port, or 0") from None


def _listing_bytes(path: Path | None) -> bytes:
    return (path or files("haversack.exchange").joinpath("data/listing.toml")).read_bytes()
