"""The commands that have words of their own, as this library reads them: each in a module that is imported when it is called.

The others are rows of `haversack.cli.commands`.
"""

from __future__ import annotations

import cyclopts

app = cyclopts.App(
    name="haversack",
    help="Trade on Backpack Exchange, or on an exchange of your own on this machine.",
    version_flags=["--version"],
)
app.command(
    "haversack.cli.exchange:exchange",
    name="exchange",
    # Said here and not in the function's docstring, so that listing the commands imports none of them.
    help="""Serve a local exchange: REST and WebSocket on one port of 127.0.0.1.

    It prints one line once it accepts connections. Any valid key pair gets an account with paper money. Started again on the
    same folder, the exchange continues where it stopped.

    While it runs, its subcommands move its clock, give accounts money, close markets, say what prices, vaults and predictions
    come to, and let things go wrong.

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
