"""Windows above the screen: the order form, the question before something with consequences, the search, the help.

Each shows whose prices these are, so that nobody sends an order to another exchange than the one that is meant.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from haversack.tui.model import Model
from haversack.tui.paper import left
from haversack.tui.permit import Badge
from haversack.tui.ticket import Ticket, Verdict, first_price, judge
from haversack.wire.enums import Side
from haversack.wire.orders import PlaceOrder

AnswerT = TypeVar("AnswerT")

_CHOICES_WIDTH = 60

HELP = """\
[b]Look[/b]
  1 … 6      markets, trades, orders, positions, balances, health
  ↑ ↓ Enter  choose a row; in the markets, look at that one
  /          look for a market by its name
  i  I       longer candles, shorter candles
  Tab        go to the next list
  t          light or dark

[b]Trade[/b]
  b  a       place a bid, an ask; or click on a price in the book
  c          cancel the order that is chosen in the orders
  X          cancel all orders in this market

[b]Else[/b]
  ?          this page
  q, Ctrl-C  leave; your orders stay

Bars behind the book show how much rests up to that price. A gap is a
time after which messages may be missing; book, trades, candles and
account are then read anew. Times are UTC."""


class Badged(Label):
    """Whose prices these are."""

    def __init__(self, badge: Badge) -> None:
        super().__init__(badge.text, markup=False, classes=f"badge {badge.style}")


class Choice(Static, can_focus=True):
    """One of some things, all of them in sight: arrows, the space bar or a click choose. It needs no colours to be read."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("left,right,space", "turn", "Choose", show=False)]

    class Changed(Message):
        """Another one was chosen."""

    def __init__(self, names: tuple[str, ...], *, chosen: int, id: str) -> None:  # Textual's name for it.
        super().__init__(id=id, markup=False)
        self._names = names
        self.chosen = chosen
        self._show()

    def action_turn(self) -> None:
        """Choose the next one."""
        self._choose((self.chosen + 1) % len(self._names))

    def on_click(self, event: events.Click) -> None:
        """Choose the one below the pointer."""
        width = max(1, _CHOICES_WIDTH // len(self._names))
        self._choose(min(event.x // width, len(self._names) - 1))

    def _choose(self, chosen: int) -> None:
        self.chosen = chosen
        self._show()
        self.post_message(self.Changed())

    def _show(self) -> None:
        width = max(1, _CHOICES_WIDTH // len(self._names))
        marks = ["(•)" if index == self.chosen else "( )" for index in range(len(self._names))]
        self.update("".join(left(f"{mark} {name}", width) for mark, name in zip(marks, self._names, strict=True)))


class Dialog(ModalScreen[AnswerT]):
    """A window that ends with an answer."""

    def answer(self, answer: AnswerT) -> None:
        """End with this one."""
        # Nobody waits until it has gone.
        _ = self.dismiss(answer)


class OrderForm(Dialog[PlaceOrder | None]):
    """Side, price and quantity; it says at each stroke what the order comes to, or what is wrong with it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave")]

    def __init__(self, model: Model, side: Side, price: str | None = None) -> None:
        super().__init__()
        self._model = model
        self._first = Ticket(side=side, price=first_price(model, side) if price is None else price)
        self._price = self._first.price
        """What the form wrote there itself, so that it may change it."""

    def compose(self) -> ComposeResult:
        """The form."""
        market = self._model.market
        with Vertical(classes="window", id="form"):
            with Horizontal(classes="row"):
                yield Label(f"Order in {market.symbol}", markup=False, classes="title")
                yield Badged(self._model.badge)
            sides = f"Bid: buy {market.base_symbol}", f"Ask: sell {market.base_symbol}"
            yield Choice(sides, chosen=int(self._first.side is Side.ASK), id="side")
            with Horizontal(classes="row"):
                yield Label(f"Price in {market.quote_symbol}", markup=False, classes="name")
                yield Input(self._first.price, id="price", compact=True, select_on_focus=True)
            with Horizontal(classes="row"):
                yield Label(f"Quantity in {market.base_symbol}", markup=False, classes="name")
                yield Input(id="quantity", compact=True, select_on_focus=True)
            yield Choice(("may take", "post only"), chosen=0, id="post-only")
            yield Static("", id="verdict", markup=False)
            with Horizontal(classes="row buttons"):
                yield Button("Place (Enter)", id="place", compact=True)
                yield Button("Leave (Esc)", id="leave", compact=True)

    def on_mount(self) -> None:
        """The price is there already, so the quantity is what is asked for."""
        self.query_one("#quantity", Input).focus()
        self._judge()

    @property
    def ticket(self) -> Ticket:
        """What stands in the form."""
        return Ticket(
            side=(Side.BID, Side.ASK)[self.query_one("#side", Choice).chosen],
            price=self.query_one("#price", Input).value,
            quantity=self.query_one("#quantity", Input).value,
            post_only=self.query_one("#post-only", Choice).chosen == 1,
        )

    def on_choice_changed(self) -> None:
        """The other side begins with another price, unless somebody has typed one."""
        price = self.query_one("#price", Input)
        if price.value == self._price:
            price.value = self._price = first_price(self._model, self.ticket.side)
        self._judge()

    def on_input_changed(self) -> None:
        """Judge anew."""
        self._judge()

    def on_input_submitted(self) -> None:
        """Enter in a field places the order."""
        self._place()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Place it, or leave."""
        if event.button.id == "place":
            self._place()
        else:
            self.answer(None)

    def action_leave(self) -> None:
        """Place nothing."""
        self.answer(None)

    def _place(self) -> None:
        verdict = self._judge()
        if verdict.order is not None:
            self.answer(verdict.order)

    def _judge(self) -> Verdict:
        verdict = judge(self._model, self.ticket)
        shown = self.query_one("#verdict", Static)
        shown.update(verdict.text)
        shown.set_class(verdict.is_warning, "warning")
        self.query_one("#place", Button).disabled = verdict.order is None
        return verdict


class Confirm(Dialog[bool]):
    """A question that is answered by y or n; Enter alone is no answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "say(True)", "Yes"),
        Binding("n,escape", "say(False)", "No"),
    ]

    def __init__(self, question: str, badge: Badge) -> None:
        super().__init__()
        self._question = question
        self._badge = badge

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical(classes="window", id="confirm"):
            with Horizontal(classes="row"):
                yield Label("Sure?", classes="title")
                yield Badged(self._badge)
            yield Static(self._question, id="question", markup=False)
            with Horizontal(classes="row buttons"):
                yield Button("No (n)", id="no", compact=True)
                yield Button("Yes (y)", id="yes", compact=True)

    def on_mount(self) -> None:
        """No is the answer of whoever presses Enter without reading."""
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The answer."""
        self.answer(event.button.id == "yes")

    def action_say(self, answer: bool) -> None:
        """The answer."""
        self.answer(answer)


class Search(Dialog[str | None]):
    """A market by a part of its name."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave")]

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model

    def compose(self) -> ComposeResult:
        """One field, and the market that it means."""
        with Vertical(classes="window", id="search"):
            with Horizontal(classes="row"):
                yield Label("Market", classes="name")
                yield Input(id="text", compact=True, placeholder="sol, btc_usdc, perp …")
            yield Static("", id="found", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show which one it would be."""
        found = self._model.find(event.value)
        nothing = "no market has that in its name" if event.value.strip() else ""
        self.query_one("#found", Static).update(nothing if found is None else f"Enter: {found}")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look at it."""
        found = self._model.find(event.value)
        if found is not None:
            self.answer(found)

    def action_leave(self) -> None:
        """Stay where we are."""
        self.answer(None)


class Help(Dialog[None]):
    """What each key does."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "leave", "Leave")]

    def __init__(self, badge: Badge, trading: str) -> None:
        super().__init__()
        self._badge = badge
        self._trading = trading

    def compose(self) -> ComposeResult:
        """The keys."""
        with Vertical(classes="window", id="help"):
            with Horizontal(classes="row"):
                yield Label(f"Orders: {self._trading}", markup=False, classes="title")
                yield Badged(self._badge)
            with VerticalScroll():
                yield Static(HELP)

    def on_click(self) -> None:
        """Any click ends it."""
        self.answer(None)

    def action_leave(self) -> None:
        """Back."""
        self.answer(None)
