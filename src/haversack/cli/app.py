"""The commands. Each lives in a module of its own that is imported when it is called."""

from __future__ import annotations

import cyclopts

app = cyclopts.App(
    name="haversack",
    help="Trade on Backpack Exchange, or on an exchange of your own on this machine.",
    version_flags=["--version"],
)
app.command("haversack.cli.exchange:exchange", name="exchange")
app.command("haversack.cli.demo:demo", name="demo")
