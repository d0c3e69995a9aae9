"""Which commands there are: one row each, so that listing them imports none, and calling one imports that one."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One command. `words` is how it is called, `target` where its function is."""

    words: str
    target: str
    group: str
    summary: str
    """The first line of its help page."""


START, MARKETS, ACCOUNT, TRADING, MORE, OWN = (
    "Getting started",
    "Market data",
    "Your account",
    "Trading",
    "Everything else",
    "The local exchange",
)
GROUPS = (START, MARKETS, ACCOUNT, TRADING, MORE, OWN)

ROWS: tuple[Row, ...] = (
    Row("init", "setup:init", START, "Make or import the keys of a profile."),
    Row("doctor", "doctor:doctor", START, "Check what trading needs: settings, exchange, clock, keys, limits, versions."),
    Row("config show", "setup:config_show", START, "Show the settings, and where each value comes from."),
    Row("markets", "data:markets", MARKETS, "List the markets and their increments."),
    Row("market", "data:market", MARKETS, "Show the rules of one market."),
    Row("ticker", "data:ticker", MARKETS, "Show the statistics of the last day, of one market or of all."),
    Row("depth", "data:depth", MARKETS, "Show the order book of a market."),
    Row("trades", "data:trades", MARKETS, "List the newest trades of a market."),
    Row("klines", "data:klines", MARKETS, "List candles of a market, oldest first."),
    Row("funding", "data:funding", MARKETS, "List the funding rates of a perpetual, newest first."),
    Row("open-interest", "data:open_interest", MARKETS, "Show how much is held open, in one market or in all."),
    Row("top", "top:top", MARKETS, "Watch a market live: book, trades, candles, your orders."),
    Row("plot candles", "plot:candles", MARKETS, "Draw candles of a market with their volumes, as PNG or SVG."),
    Row("plot depth", "plot:depth", MARKETS, "Draw the depth of a market's book, as PNG or SVG."),
    Row("balances", "account:balances", ACCOUNT, "Show what the account has."),
    Row("positions", "account:positions", ACCOUNT, "Show the open positions."),
    Row("orders", "account:orders", ACCOUNT, "List the orders that rest."),
    Row("fills", "account:fills", ACCOUNT, "List the newest fills."),
    Row("deposits", "account:deposits", ACCOUNT, "List what came in."),
    Row("export fills", "export:fills", ACCOUNT, "Write every fill of the account, newest first."),
    Row("export orders", "export:orders", ACCOUNT, "Write every order of the account, newest first."),
    Row("export funding", "export:funding", ACCOUNT, "Write every funding payment of the account, newest first."),
    Row("plot equity", "plot:equity", ACCOUNT, "Draw what the account was worth over time in USDC, as PNG or SVG."),
    Row("order place", "trade:place", TRADING, "Place an order."),
    Row("order cancel", "trade:cancel", TRADING, "Cancel one order."),
    Row("order cancel-all", "trade:cancel_all", TRADING, "Cancel all orders of a market, or of all markets."),
    Row("order status", "trade:status", TRADING, "Show what became of an order."),
    Row("stream", "stream:stream", MORE, "Print the messages of streams, one JSON object a line, until Ctrl-C."),
    Row("api", "api:api", MORE, "Call any operation of the API by its name."),
    Row("completion", "completion:completion", MORE, "Print the shell's completion script."),
    Row("sim", "sim:status", OWN, "Say whether the local exchange of a profile runs, and where."),
    Row("sim start", "sim:start", OWN, "Start the local exchange of a profile."),
    Row("sim stop", "sim:stop", OWN, "Stop the local exchange of a profile."),
)

FAMILIES = {
    "config": "See the settings.",
    "export": "Write whole histories: fills, orders, funding.",
    "order": "Place, cancel and look at orders.",
    "plot": "Draw pictures: candles, the depth of a book, what the account was worth.",
    "sim": "Say whether the local exchange of a profile runs, and where; start and stop it.",
}
"""First words that several commands share."""

APART = {
    "exchange": ("Serve a local exchange of your own, and control it.", OWN),
    "demo": ("See the whole story in ten seconds.", START),
    "openapi": ("Print what the client knows of the API as an OpenAPI document.", MORE),
    "help": ("Explain a command or a topic: exit-codes, profiles, output.", START),
}
"""Commands that take neither a profile nor a form of output, or do so in their own way."""


def find(arguments: list[str]) -> tuple[Row | None, list[str]]:
    """The command that the arguments begin with, and what is left of them."""
    for length in (2, 1):
        words = " ".join(arguments[:length])
        for row in ROWS:
            if row.words == words and len(arguments) >= length:
                return row, arguments[length:]
    return None, arguments
