"""The screen: joins model, feed and panels, says what each key does, and draws ten pictures a second at most."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, ClassVar, TypeAlias

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer

from haversack.account.life import TrackedOrder
from haversack.clock import Clock
from haversack.errors import HaversackError, OutcomeUnknown
from haversack.tui.canvas import Palette
from haversack.tui.dialogs import Confirm, Help, OrderForm, Search
from haversack.tui.feed import Feed, said
from haversack.tui.listings import order_key
from haversack.tui.model import Model
from haversack.tui.panels import TABS, BookPanel, ChartPanel, Heading, ListPanel, TabBar
from haversack.tui.paper import safe
from haversack.tui.permit import Trading
from haversack.tui.ticket import words
from haversack.units import plain
from haversack.wire.enums import Side
from haversack.wire.orders import PlaceOrder

Deed: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""What is done if nobody says no."""

FRAME_S = 0.1
"""Between two pictures, however much comes meanwhile."""
BROAD, WIDE, NARROW = 150, 118, 66
TALL = 32
_DARK, _LIGHT = "textual-dark", "textual-light"


class Top(App[None]):
    """The live view of one exchange."""

    CSS_PATH = "look.tcss"
    TITLE = "haversack top"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
        Binding("slash", "search", "Market", key_display="/"),
        Binding("i", "interval(1)", "Candles"),
        Binding("I", "interval(-1)", "Shorter candles", show=False),
        Binding("b", "order('Bid')", "Bid"),
        Binding("a", "order('Ask')", "Ask"),
        Binding("c", "cancel", "Cancel"),
        Binding("X", "cancel_all", "Cancel all", show=False),
        Binding("t", "theme", "Light", show=False),
        *[Binding(str(number), f"tab('{tab}')", tab, show=False) for number, tab in enumerate(TABS, start=1)],
    ]

    def __init__(self, model: Model, feed: Feed, clock: Clock, *, frame_s: float | None = FRAME_S) -> None:
        """`frame_s`: None if nobody draws but a test."""
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (NARROW, "-narrow"), (WIDE, "-wide"), (BROAD, "-broad")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]
        self._model = model
        self._feed = feed
        self._clock = clock
        self._frame_s = frame_s

    def compose(self) -> ComposeResult:
        """All parts; the style sheet says which of them there is room for."""
        yield Palette()
        yield Heading(id="heading")
        with Horizontal(id="body"):
            yield ListPanel("markets", id="side-markets")
            with Vertical(id="middle"):
                yield ChartPanel(id="chart")
                yield TabBar(id="tabs")
                yield ListPanel("orders" if self._model.trading.is_allowed else "trades", id="list")
            with Vertical(id="right"):
                yield BookPanel(id="book")
                yield ListPanel("trades", id="side-trades")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin."""
        self.query_one("#book").border_title = "Book"
        self._list.focus()
        self._feed.start()
        with suppress(NotImplementedError, ValueError, RuntimeError):
            # A terminal that goes away, or an orderly end of the machine: leave as if by q, so that nothing is left in disorder.
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self.exit)
        if self._frame_s is not None:
            self.set_interval(self._frame_s, self.draw)
        self.call_after_refresh(self.draw)

    def on_resize(self) -> None:
        """Draw anew, once the parts know how large they are."""
        self.call_after_refresh(self.draw)

    async def on_unmount(self) -> None:
        """Wait for what is under way."""
        await self._feed.close()

    def draw(self) -> None:
        """Take what has come, and show it."""
        self._feed.pull()
        if not self.is_running or not self.screen_stack:
            return
        base, model, now_us = self.screen_stack[0], self._model, self._clock.now_us()
        if not base.query("#tabs"):
            return
        for panel in base.query(Heading):
            panel.draw(model, now_us)
        for panel in (*base.query(ChartPanel), *base.query(BookPanel), *base.query(ListPanel)):
            if panel.display and panel.size.width and panel.size.height:
                panel.draw(model, now_us)
        tabs = [tab for tab in TABS if tab not in ("markets", "trades") or not self._is_wide]
        if self._list.tab not in tabs:
            self._list.turn_to(tabs[0])
        self._bar.draw(tabs, self._list.tab, self._counts())
        self._tell_news()

    # What keys and clicks do

    def action_help(self) -> None:
        """Show the keys."""
        _ = self.push_screen(Help(self._model.badge, str(self._model.trading)))

    def action_search(self) -> None:
        """Ask for a market."""
        _ = self.push_screen(Search(self._model), self._look_at)

    def action_interval(self, step: int) -> None:
        """Show longer or shorter candles."""
        self._feed.next_interval(step)
        self.draw()

    def action_theme(self) -> None:
        """Light or dark."""
        self.theme = _LIGHT if self.theme == _DARK else _DARK

    def action_tab(self, tab: str) -> None:
        """Show a list, or go to it if it is shown already."""
        beside = {"markets": "#side-markets", "trades": "#side-trades"}.get(tab)
        if beside is not None and self._is_wide:
            self.query_one(beside).focus()
        else:
            self._list.turn_to(tab)
            self._list.focus()
        self.draw()

    def action_order(self, side: str, price: str | None = None) -> None:
        """Show the order form."""
        if self._may_trade():
            _ = self.push_screen(OrderForm(self._model, Side(side), price), self._check_order)

    def action_cancel(self) -> None:
        """Cancel the order that is chosen."""
        order = self._chosen_order()
        if order is not None and self._may_trade():
            question = f"Cancel {order.side} {plain(order.quantity or order.executed_quantity)} in {order.symbol}?"
            self._ask(question, lambda: self._cancel(order), always=False)

    def action_cancel_all(self) -> None:
        """Cancel all orders in this market; that is always asked about first."""
        symbol = self._model.symbol
        if self._may_trade():
            self._ask(f"Cancel all open orders in {symbol}?", lambda: self._cancel_all(symbol), always=True)

    def on_list_panel_picked(self, event: ListPanel.Picked) -> None:
        """A market is looked at; other rows are only chosen."""
        if event.tab == "markets":
            self._look_at(event.key)

    def on_tab_bar_picked(self, event: TabBar.Picked) -> None:
        """Show that list."""
        self.action_tab(event.tab)

    def on_chart_panel_clicked(self) -> None:
        """The next length of candles."""
        self.action_interval(1)

    def on_book_panel_picked(self, event: BookPanel.Picked) -> None:
        """An order at that price, of the side that would take it."""
        self.action_order(Side.ASK if event.side is Side.BID else Side.BID, plain(event.price))

    # Orders

    def _may_trade(self) -> bool:
        if not self._model.trading.is_allowed:
            self._say(str(self._model.trading), "warning")
        return self._model.trading.is_allowed

    def _chosen_order(self) -> TrackedOrder | None:
        if self._list.tab != "orders" or self._model.account is None:
            self._say("choose an order first: 3 shows them", "warning")
            return None
        order = next((each for each in self._model.account.orders if order_key(each) == self._list.key), None)
        if order is None or order.is_ended or order.order_id is None:
            self._say("no open order is chosen" if order is None or order.is_ended else "it has no number yet", "warning")
            return None
        return order

    def _check_order(self, order: PlaceOrder | None) -> None:
        if order is not None:
            self._ask(words(order, self._model), lambda: self._place(order), always=False)

    def _ask(self, question: str, deed: Deed, *, always: bool) -> None:
        """Do it, after a question where there has to be one."""
        if not always and self._model.trading is not Trading.CONFIRMED:
            self._do(deed)
            return

        def answered(answer: bool | None) -> None:
            if answer:
                self._do(deed)

        _ = self.push_screen(Confirm(question, self._model.badge), answered)

    def _do(self, deed: Deed) -> None:
        self.run_worker(deed(), exit_on_error=True)

    async def _place(self, order: PlaceOrder) -> None:
        try:
            answer = await self._feed.place(order)
        except OutcomeUnknown as error:
            self._say(f"{said(error)}. The orders will show what became of it", "error")
        except HaversackError as error:
            self._say(f"not placed: {said(error)}", "error")
        else:
            self._say(f"order {answer.order_id}: {answer.status}", "information")

    async def _cancel(self, order: TrackedOrder) -> None:
        try:
            await self._feed.cancel(order)
        except HaversackError as error:
            self._say(f"the cancel: {said(error)}", "error")

    async def _cancel_all(self, symbol: str) -> None:
        try:
            await self._feed.cancel_all(symbol)
        except HaversackError as error:
            self._say(f"the cancel: {said(error)}", "error")

    # Small things

    def _look_at(self, symbol: str | None) -> None:
        if symbol is not None:
            self._feed.select(symbol)
            self.draw()

    def _say(self, text: str, severity: Any) -> None:
        self.notify(safe(text), severity=severity, markup=False)

    def _tell_news(self) -> None:
        news = self._model.news
        if news:
            more = f" (and {len(news) - 1} more)" if len(news) > 1 else ""
            self._say(news[-1] + more, "information")
            news.clear()

    def _counts(self) -> dict[str, int]:
        account = self._model.account
        if account is None:
            return {}
        return {"orders": sum(order.is_live for order in account.orders), "positions": len(account.positions)}

    @property
    def _list(self) -> ListPanel:
        return self.screen_stack[0].query_one("#list", ListPanel)

    @property
    def _bar(self) -> TabBar:
        return self.screen_stack[0].query_one("#tabs", TabBar)

    @property
    def _is_wide(self) -> bool:
        return self.size.width >= WIDE
