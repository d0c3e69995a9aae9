"""`haversack stream`: messages of streams, one a line: as JSON, or in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haversack.cli.here import Here
from haversack.cli.known import refuse_unknown_kinds, refuse_unknown_markets
from haversack.cli.output.escape import visible
from haversack.cli.output.printing import json_line
from haversack.cli.output.shown import as_text
from haversack.cli.output.table import fields_of
from haversack.errors import MissingCredentials, UsageError

if TYPE_CHECKING:
    from haversack.client.blocking import Client
    from haversack.wire.frames import Message

_SAID_ELSEWHERE = ("event_us", "engine_us")
"""The time stands in front."""


def stream(*names: str, count: int | None = None, unchecked: bool = False, here: Here) -> None:
    """Print the messages of streams, one JSON object a line, until Ctrl-C.

    A lost connection is made again by itself; a line {"profile": ..., "interrupted": ...} says where messages may be missing.
    With -o table a message is a line of words instead: its time, its stream, and what it says. What the settings say of the form
    of output does not hold here.

    Example: haversack stream depth.SOL_USDC trade.SOL_USDC --count 10
    Example: haversack stream account.orderUpdate -o table

    Parameters
    ----------
    names
        Such as trade.SOL_USDC, kline.1m.SOL_USDC or account.orderUpdate; haversack help output tells of the form.
    count
        End after so many messages.
    unchecked
        Ask for streams and markets that are not known, too; the exchange says nothing of a market that is not there.
    """
    from haversack.streams.names import checked_names
    from haversack.wire.frames import is_private

    if here.asked_form == "csv":
        raise UsageError("messages of streams have no columns in common: leave -o out, or give -o ndjson or -o table")
    wanted = checked_names(names)
    if count is not None and count < 1:
        raise UsageError(f"--count must be 1 or more, found {count}")
    if not unchecked:
        refuse_unknown_kinds(wanted)
    is_signed = any(is_private(name) for name in wanted)
    with here.client(signed=is_signed) as client:
        if is_signed and client.credentials is None:
            raise MissingCredentials("account streams must be signed: give the client credentials")
        if not unchecked:
            refuse_unknown_markets(wanted, client)
        _listen(client, wanted, count, here)


def _listen(client: Client, wanted: tuple[str, ...], count: int | None, here: Here) -> None:
    from haversack.streams.interruption import Interrupted

    out, profile, seen = here.around.stdout, here.profile.name, 0
    line_of = _words if here.asked_form == "table" else _line
    with client.streams() as streams:
        for item in streams.subscribe(*wanted, interruptions=True):
            if isinstance(item, Interrupted):
                out.write(json_line({"profile": profile, "interrupted": item}) + "\n")
            else:
                out.write(line_of(item, profile) + "\n")
                seen += 1
            out.flush()
            if count is not None and seen >= count:
                return


def _words(message: Message, profile: str) -> str:
    """A message for people: its time, its stream, and what it says, by the names of the library."""
    from haversack.wire.events import RawEvent

    event = message.event
    if isinstance(event, RawEvent):
        return visible(f"[{profile}]  {'-':<12}  {message.stream}  {bytes(event.payload).decode(errors='replace')}")
    told = [*_SAID_ELSEWHERE, *(["symbol"] if message.stream.endswith(f".{getattr(event, 'symbol', '')}") else [])]
    pairs = [(name.replace("_", " "), as_text(value)) for name, value in fields_of(event) if name not in told]
    said = "  ".join(f"{name} {text}" for name, text in pairs if text)
    time = as_text(event.time).partition(" ")[2]
    return visible(f"[{profile}]  {time:<12}  {message.stream}  {said}")


def _line(message: Message, profile: str) -> str:
    from haversack.wire.frames import write_frame

    # As the exchange writes it, with its own short names, and decimals as texts.
    frame = write_frame(message.stream, message.event).decode()
    return json_line({"profile": profile}).removesuffix("}") + "," + frame.removeprefix("{")
