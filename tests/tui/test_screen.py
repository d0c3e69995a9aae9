"""The screen as its user has it: keys, clicks, sizes, orders, and what is seen when the exchange goes away."""

from __future__ import annotations

import asyncio
import re
from functools import partial

import msgspec
import pytest
from textual.strip import Strip
from textual.widgets import Button, Input, Static

from haversack.client.aio import AsyncClient
from haversack.errors import UsageError
from haversack.exchange.faults import AnswerAction, AnswerFault, Condition, ConditionKind, ConnectionAction, ConnectionFault
from haversack.streams.backoff import Backoff
from haversack.tui.candles import Candles
from haversack.tui.canvas import Canvas
from haversack.tui.dialogs import Badged, Choice, Confirm, Help, OrderForm, Search
from haversack.tui.panels import BookPanel, ListPanel
from haversack.tui.permit import Trading
from haversack.wire.enums import Side
from haversack.wire.frames import Message
from haversack.wire.orders import Order, PlaceOrder
from tui.scene import LIVE, NARROW, WIDE, Scene, scene
from tui.test_market_data import trade_event


async def resting(view: Scene, price: str = "90", quantity: str = "1.5") -> Order:
    """An order of one's own, which another program placed."""
    return await view.client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price=price, quantity=quantity)


async def open_orders(view: Scene) -> list[Order]:
    return await view.client.orders.open("SOL_USDC")


LOOPS = 200


def is_told(view: Scene, words: str) -> bool:
    """Whether a note on the screen says it."""
    return any(words in note.message for note in view.app._notifications)


def is_of_size(view: Scene, size: tuple[int, int]) -> bool:
    return view.app.size == size


async def test_everything_is_seen_in_80_by_24() -> None:
    async with scene(size=NARROW) as view:
        await view.sees("● connected", "#heading")
        assert view.text("#heading").endswith("sim: invented prices")
        await view.until(lambda: "█" in view.text("#chart"))
        book = view.text("#book").splitlines()
        assert len(book) == 20
        assert all(re.fullmatch(r" +\d+\.\d\d +[\d.]+ +[\d.]+", line) for line in (*book[1:10], *book[11:]))
        seen = {}
        for key, name in zip("123456", ("markets", "trades", "orders", "positions", "balances", "health"), strict=True):
            await view.press(key)
            seen[name] = view.text("#list")
        assert "BTC_USDC" in seen["markets"]
        assert re.search(r"\d+\.\d\d +\d+\.\d\d +(Bid|Ask)", seen["trades"])
        assert seen["orders"].splitlines()[1] == "no orders"
        assert seen["positions"].splitlines()[1] == "no positions"
        assert "100,000" in seen["balances"]
        assert "in sync" in seen["health"]
        lines = view.text().splitlines()
        assert len(lines) == 24
        assert "? Help" in lines[-1]
        assert "c Cancel" in lines[-1]


async def test_wide_terminal_shows_markets_and_trades_beside_the_rest() -> None:
    async with scene(size=WIDE) as view:
        await view.sees("BTC_USDC", "#side-markets")
        assert re.search(r"\d\d:\d\d:\d\d", view.text("#side-trades"))
        assert "Markets" not in view.text("#tabs")
        await view.press("1")
        assert view.app.focused is not None
        assert view.app.focused.id == "side-markets"


async def test_candles_of_the_past_end_with_the_newest_trade() -> None:
    async with scene(crowd=False) as view:
        other = view.exchange.client()
        await other.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price="101.37", quantity="1")
        await view.client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="101.37", quantity="1")
        # What the stream says of the running candle is left out.
        model, told = view.app._model, await view.app._feed._fetch_history()
        model.candles = Candles()
        told()
        assert [str(candle.close) for candle in model.candles.last(1)] == ["101.37"]


async def test_terminal_that_changes_its_size_is_filled_again() -> None:
    async with scene(size=WIDE) as view:
        for size in (NARROW, (40, 12), (20, 5), (200, 60), NARROW):
            await view.pilot.resize_terminal(*size)
            await view.until(partial(is_of_size, view, size))
            assert "sim" in view.text().splitlines()[0] + " sim" * (size[0] < 30)
        assert len(view.text("#book").splitlines()) == 20
        await view.sees("Mkts", "#tabs")


async def test_another_market_is_looked_at_by_enter_by_its_name_and_by_a_click() -> None:
    async with scene() as view:
        await view.press("1", "end", "enter")
        shown = view.find("#list", ListPanel)
        assert isinstance(shown, ListPanel)
        last = shown.key
        await view.sees(str(last), "#heading")
        await view.press("slash")
        await view.press(*"zzz", "enter")
        assert "no market has that" in view.text()
        await view.press("escape", "slash")
        assert isinstance(view.app.screen, Search)
        await view.press(*"btc")
        assert "Enter: BTC_USDC" in view.text()
        await view.press("enter")
        await view.sees("BTC_USDC", "#heading")
        await view.until(lambda: not view.app._model.book.trouble and "Book" in view.text())
        assert view.streams.health().books.keys() == {"BTC_USDC"}
        await view.pilot.click("#list", offset=(3, 2))
        await view.until(lambda: view.app._model.symbol == view.app._model.symbols()[0])


async def test_candles_get_longer_and_shorter() -> None:
    async with scene() as view:
        await view.press("i")
        await view.until(lambda: view.find("#chart").border_title == "SOL_USDC 5m" and "█" in view.text("#chart"))
        await view.press("I", "I")
        assert view.find("#chart").border_title == "SOL_USDC 1d"
        await view.pilot.click("#chart")
        assert view.app._model.interval == "1m"


async def test_time_that_passes_brings_trades_and_candles() -> None:
    async with scene() as view:
        await view.press("2")
        await view.until(lambda: len(view.app._model.tape))
        before = view.app._model.tape.newest()[0].trade_id
        volume = view.app._model.quotes["BTC_USDC"].quote_volume
        await view.exchange.advance(s=60)
        await view.until(lambda: view.app._model.quotes["BTC_USDC"].quote_volume != volume)
        await view.until(lambda: view.app._model.tape.newest()[0].trade_id > before)
        await view.until(lambda: view.app._model.candles.last(1)[0].start_us > view.exchange.clock.now_us() - 120_000_000)


async def test_burst_is_taken_in_one_picture() -> None:
    async with scene() as view:
        before = view.app._model.book.snapshot
        assert before is not None
        await view.exchange.advance(s=300)
        view.app.draw()
        after = view.app._model.book.snapshot
        assert after is not None
        assert after.update_id > before.update_id + 250
        assert sum(stream.queued for stream in view.streams.health().streams.values()) == 0


async def test_only_lines_that_changed_are_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene(size=WIDE) as view:
        await view.until(lambda: len(view.app._model.tape) and len(view.app._model.candles.last(9)) == 9)
        await view.pilot.pause()
        drawn: list[tuple[str | None, int]] = []

        def counted(canvas: Canvas, y: int) -> Strip:
            drawn.append((canvas.id, y))
            return render_line(canvas, y)

        render_line = Canvas.render_line
        monkeypatch.setattr(Canvas, "render_line", counted)
        view.app.draw()
        await view.pilot.pause()
        assert drawn == []
        quote = view.app._model.quotes["BTC_USDC"]
        view.app._model.quotes["BTC_USDC"] = msgspec.structs.replace(quote, last=quote.last + 1)
        view.app.draw()
        await view.pilot.pause()
        assert drawn == [("side-markets", 1)]


async def test_trades_that_came_too_fast_to_be_read_do_not_end_the_view() -> None:
    async with scene() as view:
        trades = view.app._feed._market[0]
        message = Message("trade.SOL_USDC", trade_event(7))
        for _ in range(5_000):
            trades.offer(message, 200)
        view.app.draw()
        assert view.app._feed._market[0] is not trades
        number = view.app._model.tape.newest()[0].trade_id
        await view.client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Market", quantity="0.1")
        await view.until(lambda: view.app._model.tape.newest()[0].trade_id > number)
        assert not view.app._model.ending


async def test_book_of_a_market_that_was_closed_comes_back_when_it_opens() -> None:
    async with scene(symbol="BTC_USDC") as view:
        await view.exchange.set_market("SOL_USDC", "Closed")
        await view.press("slash", *"sol", "enter")
        await view.sees("Not Found", "#book")
        await view.exchange.set_market("SOL_USDC", "Open")
        await view.exchange.advance(s=6)
        await view.sees("spread", "#book")


async def test_order_is_placed_by_the_form_and_shown_and_cancelled() -> None:
    async with scene() as view:
        await view.press("b")
        assert isinstance(view.app.screen, OrderForm)
        assert [str(badge.render()) for badge in view.app.screen.query(Badged)] == [" sim: invented prices "]
        assert "quantity is missing" in view.text()
        await view.write("1.5")
        assert "are available" in view.text()
        price = view.find("#price", Input)
        assert isinstance(price, Input)
        price.value = "90"
        await view.press("enter")
        await view.sees("Bid  90.00      1.5     0% open", "#list")
        assert [str(order.price) for order in await open_orders(view)] == ["90"]
        await view.sees("Orders 1", "#tabs")
        await view.press("3", "c")
        await view.sees("cancelled", "#list")
        assert await open_orders(view) == []


async def test_form_says_what_is_wrong_and_sends_nothing() -> None:
    async with scene() as view:
        await view.press("a")
        await view.write("0.001")
        assert view.find("#place", Button).disabled
        await view.press("enter")
        assert isinstance(view.app.screen, OrderForm)
        assert view.find("#verdict", Static).has_class("warning")
        await view.press("escape")
        assert await open_orders(view) == []


async def test_side_of_the_form_is_turned_and_takes_its_price_along() -> None:
    async with scene() as view:
        await view.press("b")
        book = view.app._model.book.snapshot
        assert book is not None
        assert book.best_bid is not None
        assert book.best_ask is not None
        form = view.app.screen
        assert isinstance(form, OrderForm)
        assert (form.ticket.side, form.ticket.price) == (Side.BID, str(book.best_bid.price))
        view.find("#side").focus()
        await view.press("space")
        assert (form.ticket.side, form.ticket.price) == (Side.ASK, str(book.best_ask.price))
        await view.pilot.click("#post-only", offset=(35, 0))
        assert form.ticket.post_only
        form.query_one("#price", Input).value = "123.45"
        view.find("#side", Choice).focus()
        await view.press("left")
        assert (form.ticket.side, form.ticket.price) == (Side.BID, "123.45")


async def test_click_in_the_book_opens_the_form_at_that_price() -> None:
    async with scene() as view:
        panel = view.find("#book", BookPanel)
        assert isinstance(panel, BookPanel)
        level = panel._levels[3]
        assert level is not None
        await view.pilot.click("#book", offset=(5, 1 + 3))
        form = view.app.screen
        assert isinstance(form, OrderForm)
        assert (form.ticket.side, form.ticket.price) == (Side.BID, str(level[1]))


async def test_own_order_of_another_program_is_marked_in_the_book() -> None:
    async with scene() as view:
        bid = view.app._model.book.snapshot
        assert bid is not None
        assert bid.best_bid is not None
        await resting(view, str(bid.best_bid.price))
        await view.sees(f"▸{bid.best_bid.price}", "#book")


async def test_chosen_order_stays_chosen_when_another_one_comes_above_it() -> None:
    async with scene() as view:
        first = await resting(view)
        await view.press("3")
        await view.sees("Orders 1", "#tabs")
        await resting(view, "91")
        await view.sees("Orders 2", "#tabs")
        await view.press("c")
        await view.sees("cancelled", "#list")
        assert first.order_id not in [order.order_id for order in await open_orders(view)]
        assert len(await open_orders(view)) == 1


async def test_position_is_shown_with_its_entry() -> None:
    async with scene(markets=("SOL_USDC_PERP",), symbol="SOL_USDC_PERP") as view:
        await view.client.orders.place(symbol="SOL_USDC_PERP", side="Ask", order_type="Market", quantity="0.5")
        await view.press("4")
        await view.until(lambda: re.search(r"SOL_USDC_PERP +-0.5 +\d+\.\d\d ", view.text("#list")))
        assert "Pos 1" in view.text("#tabs")


async def test_fill_is_told() -> None:
    async with scene() as view:
        await view.client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Market", quantity="0.1")
        await view.until(lambda: is_told(view, "Bid filled, 0.1 at"))


async def test_all_orders_of_the_market_are_cancelled_after_a_question() -> None:
    async with scene() as view:
        await resting(view, "90")
        await resting(view, "91")
        await view.press("X")
        assert isinstance(view.app.screen, Confirm)
        await view.press("n")
        assert len(await open_orders(view)) == 2
        await view.press("X", "y")
        await view.sees("cancelled", "#list")
        assert await open_orders(view) == []


async def test_real_money_is_red_everywhere_and_each_order_is_asked_about() -> None:
    async with scene(badge=LIVE, trading=Trading.CONFIRMED) as view:
        assert view.text("#heading").endswith(" LIVE")
        await view.press("b")
        assert [str(badge.render()) for badge in view.app.screen.query(Badged)] == [" LIVE "]
        await view.write("1.5")
        await view.press("enter")
        assert isinstance(view.app.screen, Confirm)
        assert re.search(r"Bid: buy 1.5 SOL at [\d.]+ USDC, which is", view.text())
        assert [str(badge.render()) for badge in view.app.screen.query(Badged)] == [" LIVE "]
        await view.press("enter")
        assert len(view.app.screen_stack) == 1
        assert await open_orders(view) == []
        await view.press("b")
        await view.write("1.5")
        await view.press("enter", "y")
        await view.sees("SOL_USDC Bid", "#list")
        assert len(await open_orders(view)) == 1
        await view.press("c")
        assert isinstance(view.app.screen, Confirm)
        await view.press("n")
        assert len(await open_orders(view)) == 1


async def test_profile_that_is_read_only_sends_nothing() -> None:
    async with scene(badge=LIVE, trading=Trading.READ_ONLY) as view:
        await resting(view)
        await view.press("3")
        await view.sees("open", "#list")
        for key in "baXc":
            await view.press(key)
            assert len(view.app.screen_stack) == 1
        await view.pilot.click("#book", offset=(5, 4))
        assert len(view.app.screen_stack) == 1
        assert [note.message for note in view.app._notifications] == [str(Trading.READ_ONLY)] * 5
        assert len(await open_orders(view)) == 1


async def test_without_keys_all_that_is_public_is_there() -> None:
    async with scene(keys=False, trading=Trading.NO_KEYS) as view:
        await view.sees("● connected", "#heading")
        assert "quantity" in view.text("#book")
        await view.press("3")
        assert "no keys: public data only" in view.text("#list")


async def test_refusal_and_lost_answer_of_an_order_are_told() -> None:
    async with scene() as view:
        for action, words in (
            (AnswerAction.UNAVAILABLE, "may or may not have happened"),
            (AnswerAction.TOO_MANY_REQUESTS, "not placed"),
        ):
            view.exchange.faults.add(AnswerFault(action=action, operation="PlaceOrder"))
            await view.press("b")
            await view.write("0.1")
            await view.press("enter")
            await view.until(partial(is_told, view, words))


class Limit:
    """A limit of the user's own."""

    async def place(self, client: AsyncClient, order: PlaceOrder) -> Order:
        raise UsageError("it is worth [b]more[/b]\x1b[2J")


async def test_order_that_a_limit_of_the_users_own_refuses_is_not_sent() -> None:
    async with scene(guard=Limit()) as view:
        await view.press("b")
        await view.write("1")
        await view.press("enter")
        await view.until(lambda: is_told(view, "not placed: it is worth [b]more[/b]?[2J"))
        await view.until(lambda: "[b]more[/b]?[2J" in view.text())
        assert await open_orders(view) == []


async def test_exchange_that_goes_away_and_comes_back_is_seen_to_and_all_is_read_anew() -> None:
    async with scene() as view:
        await view.until(lambda: len(view.app._model.tape))
        number = view.exchange.faults.add(Condition(kind=ConditionKind.NO_STREAMS))
        view.exchange.faults.add(ConnectionFault(action=ConnectionAction.DISCONNECT))
        await view.until(lambda: "○" in view.text("#heading"))
        assert "not in sync" in view.text("#book")
        await view.press("6")
        assert re.search("connection +(lost|connecting)", view.text("#list"))
        await view.exchange.advance(s=60)
        view.exchange.faults.clear(number)
        await view.sees("● connected", "#heading")
        missed = (await view.client.markets.recent_trades("SOL_USDC", limit=1))[0].trade_id
        await view.exchange.advance(s=3)
        await view.until(lambda: missed in {each.trade_id for each in view.app._model.tape.newest()})
        assert "not in sync" not in view.text("#book")
        assert "made again" in view.text("#list")


async def test_history_that_cannot_be_read_is_said_and_read_later() -> None:
    async with scene() as view:
        number = view.exchange.faults.add(AnswerFault(action=AnswerAction.TRUNCATE, operation="GetKlines", times=None))
        await view.press("i")
        await view.until(lambda: view.app._model.history_trouble)
        await view.press("6")
        await view.sees("history", "#list")
        view.exchange.faults.clear(number)
        await view.exchange.advance(s=3)
        await view.until(lambda: not view.app._model.history_trouble and len(view.app._model.candles.last(9)) > 2)


async def test_market_without_trades_and_without_a_book_is_shown_empty() -> None:
    async with scene(crowd=False) as view:
        assert "no trades" in view.text("#heading")
        assert "no candles" in view.text("#chart")
        assert "no asks" in view.text("#book")
        assert "no bids" in view.text("#book")
        await view.press("2")
        assert "no trades yet" in view.text("#list")


async def test_help_tells_the_keys_and_t_is_light_and_dark() -> None:
    async with scene() as view:
        await view.press("question_mark")
        assert isinstance(view.app.screen, Help)
        assert "place a bid" in view.text()
        assert [str(badge.render()) for badge in view.app.screen.query(Badged)] == [" sim: invented prices "]
        await view.press("question_mark")
        assert len(view.app.screen_stack) == 1
        await view.press("t")
        assert view.app.theme == "textual-light"
        await view.press("t")
        assert view.app.theme == "textual-dark"


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_view_is_left_and_leaves_nothing_behind(key: str) -> None:
    async with scene() as view:
        await view.press("2")
        await view.pilot.press(key)
        assert not view.app.is_running
        assert view.app.return_code == 0
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not {name for name in names if "haversack" in name}


async def test_order_that_is_under_way_is_waited_for_when_the_view_is_left() -> None:
    async with scene() as view:
        entered, leave = asyncio.Event(), asyncio.Event()

        class Slow:
            async def place(self, client: AsyncClient, order: PlaceOrder) -> Order:
                entered.set()
                await leave.wait()
                answer: Order = await client.send(order)
                return answer

        view.app._feed._guard = Slow()
        await view.press("b")
        await view.write("0.1")
        await view.press("enter")
        await entered.wait()
        closing = asyncio.create_task(view.app._feed.close())
        for _ in range(LOOPS):
            await asyncio.sleep(0)
        assert not closing.done()
        leave.set()
        await closing
        assert len(await view.client.history.orders(symbol="SOL_USDC")) == 1


async def test_streams_that_have_ended_for_good_are_said_to_have() -> None:
    async with scene(backoff=Backoff(attempts_max=0)) as view:
        view.exchange.faults.add(ConnectionFault(action=ConnectionAction.DISCONNECT))
        await view.sees("■ streams ended", "#heading")
        await view.press("6")
        assert "connection\n                        was cut" in view.text("#list")


async def test_without_colours_the_chosen_row_and_real_money_are_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with scene(badge=LIVE) as view:
        await view.press("1")
        strips = view.app.screen._compositor.render_strips()
        reversed_ = {segment.text for strip in strips for segment in strip if segment.style and segment.style.reverse}
        assert " LIVE " in reversed_
        assert any("USDC" in text for text in reversed_)
        colours = [segment.style.color for strip in strips for segment in strip if segment.style and segment.style.color]
        assert {len(set(colour.triplet)) for colour in colours if colour.triplet} == {1}
