"""`haversack stream`: messages of streams, one JSON object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haversack.cli.here import Here
from haversack.cli.output.printing import json_line
from haversack.errors import MissingCredentials, UsageError

if TYPE_CHECKING:
    from haversack.wire.frames import Message


def stream(*names: str, count: int | None = None, here: Here) -> None:
    """Print the messages of streams, one JSON object a line, until Ctrl-C.

    A lost connection is made again by itself; a line {"profile": ..., "interrupted": ...} says where messages may be missing.

    Example: haversack stream depth.SOL_USDC trade.SOL_USDC --count 10

    Parameters
    ----------
    names
        Such as trade.SOL_USDC, kline.1m.SOL_USDC or account.orderUpdate; haversack help output tells of the form.
    count
        End after so many messages.
    """
    from haversack.streams.interruption import Interrupted
    from haversack.streams.names import checked_names
    from haversack.wire.frames import is_private

    if here.form == "csv":
        raise UsageError("streams are printed as JSON, one object a line: leave -o out, or give -o ndjson")
    wanted = checked_names(names)
    if count is not None and count < 1:
        raise UsageError(f"--count must be 1 or more, found {count}")
    is_signed = any(is_private(name) for name in wanted)
    out, profile, seen = here.around.stdout, here.profile.name, 0
    with here.client(signed=is_signed) as client:
        if is_signed and client.credentials is None:
            raise MissingCredentials("account streams must be signed: give the client credentials")
        with client.streams() as streams:
            for item in streams.subscribe(*wanted, interruptions=True):
                if isinstance(item, Interrupted):
                    out.write(json_line({"profile": profile, "interrupted": item}) + "\n")
                else:
                    out.write(_line(item, profile) + "\n")
                    seen += 1
                out.flush()
                if count is not None and seen >= count:
                    return


def _line(message: Message, profile: str) -> str:
    from haversack.wire.frames import write_frame

    # As the exchange writes it, with its own short names, and decimals as texts.
    frame = write_frame(message.stream, message.event).decode()
    return json_line({"profile": profile}).removesuffix("}") + "," + frame.removeprefix("{")
