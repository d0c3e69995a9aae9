"""Frames of events: their bytes, their order, and that nothing is written for nobody."""

from __future__ import annotations

from collections.abc import Sequence

from exchange import recordings
from exchange.facts import ASK, BID, LISTING, NOW_US, accepted, ended, filled, level, order, price_units, quantity_units, trade
from haversack.exchange.engine.command import OpenAccount, Place
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import BalanceChanged, Event, MarkChanged, OrderAccepted, Refusal, Rejected, TopChanged
from haversack.exchange.listing import INDEX_SCALE
from haversack.exchange.publish.outgoing import Outgoing
from haversack.exchange.publish.publisher import RATE_SCALE, Publisher
from haversack.exchange.views.tape import Tape
from haversack.units import plain, to_units
from haversack.wire.enums import ExpiryReason, OrderStatus
from haversack.wire.events import BookTicker, MarkPriceEvent

EMIT_US = NOW_US + 174


def everything(stream: str, account: int | None) -> bool:
    return True


def frames(*events: Event, emit_us: int = EMIT_US, engine_us: int = NOW_US) -> list[Outgoing]:
    """All frames of some events."""
    return Publisher(LISTING, Tape(LISTING)).frames(events, engine_us=engine_us, emit_us=emit_us, wanted=everything)


def frame(event: Event, *, emit_us: int = EMIT_US, engine_us: int = NOW_US) -> bytes:
    """The only frame of an event."""
    (outgoing,) = frames(event, emit_us=emit_us, engine_us=engine_us)
    return outgoing.frame


def top(bid: tuple[str, str] | None, ask: tuple[str, str] | None, update_id: int, symbol: str = "SOL_USDC") -> TopChanged:
    sides = [side and (price_units(symbol, side[0]), quantity_units(symbol, side[1])) for side in (bid, ask)]
    return TopChanged(symbol, sides[0], sides[1], update_id)


def mark(symbol: str, price: str, *, index: str, rate: str, next_funding_ms: int) -> MarkChanged:
    return MarkChanged(
        symbol=symbol,
        mark=price_units(symbol, price),
        index=int(index.replace(".", "").ljust(index.find(".") + INDEX_SCALE, "0")),
        funding_rate_e28=int(rate.removeprefix("0.").ljust(RATE_SCALE, "0")),
        next_funding_ms=next_funding_ms,
    )


def test_book_ticker_has_the_decimals_of_tick_and_step() -> None:
    assert frame(top(("98.90", "288.7"), ("98.97", "22"), 43)) == (
        b'{"data":{"A":"22.00","B":"288.70","E":1788368290063153,"T":1788368290062979,"a":"98.97","b":"98.90",'
        b'"e":"bookTicker","s":"SOL_USDC","u":43},"stream":"bookTicker.SOL_USDC"}'
    )


def test_empty_side_of_a_book_ticker_is_null() -> None:
    assert frame(top(None, ("98.97", "22"), 43)) == (
        b'{"data":{"A":"22.00","B":null,"E":1788368290063153,"T":1788368290062979,"a":"98.97","b":null,'
        b'"e":"bookTicker","s":"SOL_USDC","u":43},"stream":"bookTicker.SOL_USDC"}'
    )


def test_trade_has_a_whole_millisecond() -> None:
    assert frame(trade("86642.9", "0.0720", symbol="BTC_USDC_PERP", trade_id=99_419_870)) == (
        b'{"data":{"E":1788368290063153,"T":1788368290062000,"a":"12","b":"11","e":"trade","m":false,"p":"86642.9",'
        b'"q":"0.07200","s":"BTC_USDC_PERP","t":99419870},"stream":"trade.BTC_USDC_PERP"}'
    )


def test_mark_price_has_a_stripped_rate_and_index() -> None:
    event = mark("SOL_USDC_PERP", "98.9", index="98.949985", rate="0.0000125", next_funding_ms=1_788_368_400_000)
    assert frame(event) == (
        b'{"data":{"E":1788368290063153,"T":1788368290062979,"e":"markPrice","f":"0.0000125","i":"98.949985",'
        b'"n":1788368400000,"p":"98.90","s":"SOL_USDC_PERP"},"stream":"markPrice.SOL_USDC_PERP"}'
    )


def test_every_recorded_book_ticker_is_written_as_it_came() -> None:
    for recorded, seen in recordings.frames(BookTicker):
        sides = [
            None if price is None or quantity is None else (plain(price), plain(quantity))
            for price, quantity in ((seen.bid, seen.bid_quantity), (seen.ask, seen.ask_quantity))
        ]
        event = top(sides[0], sides[1], int(seen.update_id), seen.symbol)
        assert frame(event, engine_us=seen.engine_us, emit_us=seen.event_us) == recorded


def test_every_recorded_mark_price_is_written_as_it_came() -> None:
    for recorded, seen in recordings.frames(MarkPriceEvent):
        assert seen.index_price is not None
        assert seen.funding_rate is not None
        event = MarkChanged(
            symbol=seen.symbol,
            mark=price_units(seen.symbol, plain(seen.mark_price)),
            index=to_units(seen.index_price, INDEX_SCALE),
            funding_rate_e28=to_units(seen.funding_rate, RATE_SCALE),
            next_funding_ms=seen.next_funding_ms or 0,
        )
        assert frame(event, engine_us=seen.engine_us, emit_us=seen.event_us) == recorded


def test_frames_come_in_the_order_of_the_events() -> None:
    facts = order(ASK, "20", "1")
    events: list[Event] = [
        accepted(facts),
        BalanceChanged(1, "SOL", 5, 5),
        filled(facts, "20", "1", is_maker=True),
        BalanceChanged(1, "USDC", 5, 5),
        trade("20"),
        level(ASK, "20", "0", 4),
        top(None, None, 4),
    ]
    assert [outgoing.stream for outgoing in frames(*events)] == [
        "account.orderUpdate",
        "account.orderUpdate.SOL_USDC",
        "account.balanceUpdate",
        "account.orderUpdate",
        "account.orderUpdate.SOL_USDC",
        "account.balanceUpdate",
        "trade.SOL_USDC",
        "depth.SOL_USDC",
        "bookTicker.SOL_USDC",
    ]


def test_private_frames_are_for_their_account_and_public_ones_for_all() -> None:
    facts = order(account=4)
    assert {outgoing.account for outgoing in frames(accepted(facts), ended(facts), BalanceChanged(4, "SOL", 1, 0))} == {4}
    assert {outgoing.account for outgoing in frames(trade("20"), level(BID, "20", "1", 4), top(None, None, 4))} == {None}


def test_only_what_somebody_listens_to_is_written() -> None:
    facts = order(account=4)
    events: Sequence[Event] = [accepted(facts), BalanceChanged(4, "SOL", 1, 0), trade("20"), level(BID, "20", "1", 4)]
    publisher = Publisher(LISTING, Tape(LISTING))
    asked: set[tuple[str, int | None]] = set()

    def only_one(stream: str, account: int | None) -> bool:
        asked.add((stream, account))
        return (stream, account) == ("account.balanceUpdate", 4)

    written = publisher.frames(events, engine_us=NOW_US, emit_us=EMIT_US, wanted=only_one)
    assert [outgoing.stream for outgoing in written] == ["account.balanceUpdate"]
    assert ("account.orderUpdate", 4) in asked
    assert ("depth.600ms.SOL_USDC", None) in asked


def test_refused_order_makes_no_frame() -> None:
    assert frames(Rejected(Refusal.INSUFFICIENT_FUNDS)) == []


def test_every_frame_of_a_market_order_says_what_it_costs_in_the_end() -> None:
    facts = order(BID, None, "3")
    events: list[Event] = [
        accepted(facts),
        filled(facts, "20.01", "1", executed="1", status=OrderStatus.PARTIALLY_FILLED),
        ended(facts, executed="1", executed_quote="20.0099", reason=ExpiryReason.INSUFFICIENT_LIQUIDITY),
    ]
    assert [b'"Q":"20.01"' in outgoing.frame for outgoing in frames(*events)] == [True] * 6


def test_engines_own_events_make_frames_that_name_the_order() -> None:
    engine = Engine(LISTING.asset_rules(), LISTING.rules.values(), first_order_id=59_887_375_336)
    engine.apply(OpenAccount("key", LISTING.fee_tier(), tuple(LISTING.grants.items())), NOW_US)
    price, quantity = price_units("USDT_USDC", "1.0076"), quantity_units("USDT_USDC", "20")
    assert engine.accounts == [1]
    place = Place(account=1, symbol="USDT_USDC", side=ASK, price=price, quantity=quantity, post_only=True)
    events = engine.apply(place, NOW_US)
    assert isinstance(events[0], OrderAccepted)
    accepted_frame = (
        b'{"data":{"E":1788368290063153,"O":"USER","Q":"20.1520","S":"Ask","T":1788368290062979,"V":"RejectTaker","X":"New",'
        b'"Z":"0","e":"orderAccepted","f":"GTC","i":"59887375336","o":"LIMIT","p":"1.0076","q":"20","r":false,"s":"USDT_USDC",'
        b'"t":null,"y":true,"z":"0"},"stream":"account.orderUpdate%s"}'
    )
    balance_frame = (
        b'{"data":{"A":"49980","E":1788368290063153,"L":"20","S":"0","T":1788368290062979,"a":"USDT","e":"balanceUpdate"},'
        b'"stream":"account.balanceUpdate"}'
    )
    private = [outgoing.frame for outgoing in frames(*events) if outgoing.account == 1]
    assert private == [accepted_frame % b"", accepted_frame % b".USDT_USDC", balance_frame]


def test_next_due_moment_is_the_earliest_of_all_streams() -> None:
    publisher = Publisher(LISTING, Tape(LISTING))
    second_us = NOW_US - NOW_US % 1_000_000
    moments = [second_us]
    for _ in range(7):
        moments.append(publisher.next_due_us(moments[-1]))
        publisher.due(moments[-1], wanted=everything)
    assert [moment_us - second_us for moment_us in moments[1:]] == [
        200_000,
        400_000,
        510_000,
        548_000,
        600_000,
        800_000,
        1_000_000,
    ]
