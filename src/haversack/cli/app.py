"""The commands. Each lives in a module of its own that is imported when it is called."""

from __future__ import annotations

import cyclopts

from haversack.cli.commands import FAMILIES, ROWS
from haversack.cli.quick import OWN

app = cyclopts.App(
    name="haversack",
    help="Trade on Backpack Exchange, or on an exchange of your own on this machine.",
    version_flags=["--version"],
    default_parameter=cyclopts.Parameter(parse=f"^(?!{OWN}$)"),
)
app.command(
    "haversack.cli.exchange:exchange",
    name="exchange",
    # Said here and not in the function's docstring, so that listing the commands imports none of them.
    help="""Serve a local exchange: REST and WebSocket on one port of 127.0.0.1.

    It prints one line once it accepts connections. Any valid key pair gets an account with paper money. Started again on the
    same folder, the exchange continues where it stopped.

    While it runs, its subcommands move its clock, give accounts money, close markets and let things go wrong.

    Example: haversack exchange --port 8787 --data ./exchange --seed 7
    """,
)
app.command(
    "haversack.cli.demo:demo",
    name="demo",
    help="""See the whole story in ten seconds: an exchange of its own, streams, an order that is partly filled, the balances.

    Example: haversack demo --seed 8
    """,
)
app.command(
    "haversack.cli.openapi:openapi",
    name="openapi",
    help="""Print what the client knows of the exchange's API as an OpenAPI 3.0 document, in JSON.

    Example: haversack openapi > haversack.json
    """,
)


def _register() -> None:
    """List the commands of the table. They are read and explained without this library: here they are for completion."""
    families = {name: cyclopts.App(name=name, help=summary) for name, summary in FAMILIES.items()}
    for family in families.values():
        app.command(family)
    for row in ROWS:
        first, _, name = row.words.rpartition(" ")
        if row.words not in families:
            families.get(first, app).command(f"haversack.cli.{row.target}", name=name, help=row.summary)


_register()
