"""The story: public data, a signed request, streams, an order, and the money counted afterwards."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from haversack.cli.demo.bargain import Bargain, news_only
from haversack.cli.demo.feed import Feed
from haversack.cli.demo.host import DemoStopped, Host, local_exchange
from haversack.cli.demo.reckoning import Match, statements
from haversack.cli.demo.teller import Teller, View
from haversack.cli.demo.words import short
from haversack.client.blocking import Client
from haversack.clock import Clock, SystemClock
from haversack.credentials import Credentials
from haversack.errors import HaversackError
from haversack.wire.base import Page
from haversack.wire.capital import Balance
from haversack.wire.enums import OrderStatus, OrderType, Side
from haversack.wire.history import Fill
from haversack.wire.markets import Market

PERPETUAL = "SOL_USDC_PERP"
SOLD, BOUGHT = "SOL_USDC", "BTC_USDC"
SOLD_QUANTITY = "1.25"
LISTEN_S, LISTEN_MORE_S = 3.0, 1.5
"""How long to watch the markets, and how much longer if one of them is quiet."""
ANSWER_S = 2.0
REQUEST_S = 5.0


def run(teller: Teller, *, seed: int) -> None:
    """Tell the whole story; raises DemoStopped, with a reason in one line, if it cannot be told to its end."""
    clock = SystemClock()
    start_us = clock.monotonic_us()
    teller.open(
        "Haversack: trade on an exchange of your own", "No key, no network, no real money: everything below is on 127.0.0.1."
    )
    teller.step("Start an exchange", "It speaks Backpack's protocol, and other traders are at work on it.")
    with local_exchange(seed) as host:
        teller.fact("REST", host.url)
        teller.fact("Streams", host.stream_url)
        with _reasons(host):
            _Story(teller, host, clock).tell()
    elapsed_s = (clock.monotonic_us() - start_us) / 1_000_000
    teller.close(f"Done in {elapsed_s:.1f} s. The exchange has ended and its folder is removed. Try next:", _next())


class _Story:
    """The steps that need an exchange."""

    def __init__(self, teller: Teller, host: Host, clock: Clock) -> None:
        credentials = Credentials.generate()
        self._teller = teller
        self._clock = clock
        self._client = Client(credentials, base_url=host.url, stream_url=host.stream_url, timeout_s=REQUEST_S, clock=clock)
        self._streams = self._client.streams()
        self._feed = Feed(clock)

    def tell(self) -> None:
        """All of them, in order."""
        with self._client:
            self._ask_for_open_interest()
            self._ask_for_deposit_address()
            with self._streams:
                self._watch_markets()
                before = self._client.capital.balances()
                self._listen_to_account()
                markets = {market.symbol: market for market in self._client.markets.all()}
                self._teller.step(
                    "Place an order that others fill in part",
                    "A large bid at the touch: the crowd trades with some of it, the rest is cancelled.",
                )
                Bargain(self._client, markets[BOUGHT], self._feed, self._teller, clock=self._clock).partly_filled_and_cancelled()
                self._count(markets, before)

    def _ask_for_open_interest(self) -> None:
        self._teller.step("Ask for the open interest", "Public data: a plain request, without a key.")
        self._teller.call(f'client.markets.open_interest("{PERPETUAL}")')
        row = self._client.markets.open_interest(PERPETUAL)[0]
        self._teller.fact("Open interest", f"{short(row.open_interest)} SOL at {row.time:%H:%M:%S} UTC")
        if not row.open_interest:
            self._teller.say("Nobody holds a position yet: the exchange is a second old.")

    def _ask_for_deposit_address(self) -> None:
        self._teller.step("Ask for a deposit address", "Private: signed with an ED25519 key that was made a moment ago.")
        self._teller.call('client.capital.deposit_address("Solana")')
        self._teller.fact("Address", self._client.capital.deposit_address("Solana").address)
        self._teller.say("Not a valid address, on purpose: nobody shall send real money to it.")

    def _watch_markets(self) -> None:
        names = [f"{kind}.{symbol}" for kind in ("depth", "trade") for symbol in (SOLD, BOUGHT)]
        self._teller.step(
            "Watch two markets on one connection", "Books from a snapshot and the changes since; trades as they happen."
        )
        self._teller.call(f"streams.subscribe({', '.join(repr(name) for name in names)})".replace("'", '"'))
        subscription = self._streams.subscribe(*names)
        subscription.sent(ANSWER_S)
        self._feed.add(subscription)
        for symbol in (SOLD, BOUGHT):
            self._teller.call(f'streams.book("{symbol}")')
            self._feed.books[symbol] = self._streams.book(symbol, timeout_s=REQUEST_S)
        with self._teller.watch(View(list(self._feed.books.values()))) as show:
            self._feed.wait(LISTEN_S, see=show)
            self._feed.wait(LISTEN_MORE_S, until=lambda: all(self._feed.counts[name] for name in names[:2]), see=show)
        if not self._feed.trades:
            self._teller.say("Nobody traded in these seconds; the next steps change that.")

    def _listen_to_account(self) -> None:
        self._teller.step("Listen to your own account", "The same connection, one signature; then something to hear of: a sale.")
        self._teller.call('streams.subscribe("account.orderUpdate", "account.balanceUpdate")')
        subscription = self._streams.subscribe("account.orderUpdate", "account.balanceUpdate")
        subscription.sent(ANSWER_S)
        self._feed.add(subscription)
        self._teller.call(f'client.orders.place(symbol="{SOLD}", side="Ask", order_type="Market", quantity="{SOLD_QUANTITY}")')
        with self._teller.watch(View(())) as show:
            order = self._client.orders.place(symbol=SOLD, side=Side.ASK, order_type=OrderType.MARKET, quantity=SOLD_QUANTITY)
            done = self._feed.wait(ANSWER_S, until=lambda: self._is_told(order.order_id), see=news_only(show, SOLD))
        if not done or order.status != OrderStatus.FILLED:
            raise DemoStopped(f"the sale of {SOLD_QUANTITY} SOL was not filled and told within {ANSWER_S:g} s: {order.status}")

    def _is_told(self, order_id: str) -> bool:
        # What a sale brings is told after it; the public print comes by a stream of its own.
        is_filled = any(update.status == OrderStatus.FILLED for update in self._feed.updates_of(order_id))
        is_printed = any(trade.symbol == SOLD for trade in self._feed.trades)
        return is_filled and is_printed and "USDC" in self._feed.balances

    def _count(self, markets: Mapping[str, Market], before: Mapping[str, Balance]) -> None:
        self._teller.step("Count the money", "Every fill and every fee, against what the exchange says now.")
        self._teller.call("client.history.fills()")
        told = sorted(Match.of_stream(update) for update in self._feed.fills())
        recorded = sorted(Match.of_history(fill) for fill in self._fills(len(told)))
        after = self._client.capital.balances()
        result = statements(before, after, recorded, markets)
        self._teller.reckon(result)
        wrong = [statement.asset for statement in result if not statement.agrees]
        self._check(not wrong, f"the balances of {', '.join(wrong)} do not follow from fills and fees")
        self._check(told == recorded, f"the stream told of {len(told)} fills, the history of {len(recorded)}, and they differ")
        self._check(self._last_words_agree(after), "account.balanceUpdate ended with other balances than the exchange has now")
        fills = f"{len(recorded)} fills, the same in the stream and in the history"
        self._teller.verdict(f"Balances agree with the fills and fees to the last digit ({fills}).", is_good=True)
        self._tell_counts()

    def _fills(self, wanted: int) -> Page[Fill]:
        """The history, asked for again while it is behind the stream, as the real one often is."""
        fills: list[Page[Fill]] = [self._client.history.fills()]

        def is_complete() -> bool:
            if len(fills[-1]) < wanted:
                fills.append(self._client.history.fills())
            return len(fills[-1]) >= wanted

        self._feed.wait(ANSWER_S, until=is_complete)
        return fills[-1]

    def _last_words_agree(self, after: Mapping[str, Balance]) -> bool:
        def agree() -> bool:
            told = self._feed.balances.items()
            return all((update.available, update.locked) == (after[a].available, after[a].locked) for a, update in told)

        return self._feed.wait(ANSWER_S, until=agree)

    def _check(self, is_so: bool, otherwise: str) -> None:
        if not is_so:
            self._teller.verdict(f"THE BALANCES DO NOT AGREE: {otherwise}.", is_good=False)
            raise DemoStopped(otherwise)

    def _tell_counts(self) -> None:
        feed = self._feed
        counters = [book.counters for book in feed.books.values()]
        changes, gaps = sum(each.applied for each in counters), sum(each.gaps for each in counters)
        came = f"{feed.counts.total()} messages came by {len(feed.counts)} streams"
        self._teller.say(f"{came}; {changes} changed a book, {gaps or 'none'} {'were' if gaps > 1 else 'was'} missed.")
        row = self._client.markets.open_interest(PERPETUAL)[0]
        if row.open_interest:
            self._teller.say(f"Meanwhile the others opened positions: the open interest is {short(row.open_interest)} SOL.")


@contextmanager
def _reasons(host: Host) -> Generator[None]:
    """Say in one line what went wrong, and first of all if it is that the exchange has ended."""
    try:
        yield
    except BrokenPipeError:
        raise  # Of our own output: nobody is left to tell anything to.
    except (HaversackError, TimeoutError, OSError) as error:
        reason = host.reason_of_end() or (str(error) or type(error).__name__).partition("\n")[0]
        raise DemoStopped(f"the demo stopped: {reason}") from error


def _next() -> list[tuple[str, str]]:
    """Commands that work where the reader is: in the project's folder through ./dev, elsewhere as installed."""
    program = 'from haversack import Client; print(Client(base_url="http://127.0.0.1:8787").markets.ticker("SOL_USDC"))'
    in_project = Path("dev").is_file() and Path("examples/first.py").is_file()
    prefix = "./dev run " if in_project else ""
    first = "examples/first.py" if in_project else f"-c {shlex.quote(program)}"
    last = ("./dev test", "Run the tests") if in_project else ("haversack demo --seed 8", "The same, with other traders")
    return [
        (f"{prefix}haversack exchange --port 8787 --data ./my-exchange --seed 7", "An exchange that stays"),
        (f"{prefix}python {first}", "A first program for it, in another terminal"),
        last,
    ]
