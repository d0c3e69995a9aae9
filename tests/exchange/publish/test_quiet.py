"""Commands while nobody listens to anything: no frames are made, and who comes later misses nothing that is his."""

from __future__ import annotations

from exchange.facts import ASK, LISTING, NOW_US, level
from haversack.clock import ManualClock
from haversack.exchange.engine.event import LevelChanged, TradePrinted
from haversack.exchange.faults import Faults
from haversack.exchange.hub import Hub
from haversack.exchange.publish.publisher import Publisher
from haversack.exchange.views.tape import Tape
from haversack.wire.events import DepthUpdate, KlineEvent
from haversack.wire.frames import Message, read_frame

STREAM, CANDLES = "depth.200ms.SOL_USDC", "kline.1m.SOL_USDC"
BEAT_US = 200_000
AT_US = NOW_US - NOW_US % 1_000_000


class Reader:
    def __init__(self) -> None:
        self.cuts = 0

    def deliver(self, frame: bytes) -> None:
        """Nothing is delivered here: the test asks the publisher itself."""

    def freeze(self) -> None:
        """Nothing is asked of it."""

    def cut(self) -> None:
        self.cuts += 1


def change(number: int) -> LevelChanged:
    return level(ASK, f"{100 + number}.00", "1.00", number)


def events_of(publisher: Publisher, now_us: int, stream: str) -> list[object]:
    """What is due, as a client reads it."""
    read = [read_frame(each.frame) for each in publisher.due(now_us, wanted=lambda name, _: name == stream)]
    return [message.event for message in read if isinstance(message, Message)]


def test_hub_is_quiet_exactly_while_nobody_listens() -> None:
    clock = ManualClock()
    hub, reader = Hub(Faults(clock), clock), Reader()
    seen = [hub.is_quiet]
    hub.join(reader)
    seen.append(hub.is_quiet)
    hub.subscribe(reader, STREAM, None)
    seen.append(hub.is_quiet)
    hub.leave(reader)
    assert [*seen, hub.is_quiet] == [True, True, False, True]


def test_connection_that_ended_is_not_ended_again() -> None:
    clock = ManualClock()
    hub, gone, there = Hub(Faults(clock), clock), Reader(), Reader()
    for reader in (gone, there):
        hub.subscribe(reader, STREAM, None)
    hub.leave(gone)
    hub.cut_all()
    assert (gone.cuts, there.cuts) == (0, 1)


def test_depth_of_who_comes_back_begins_after_what_nobody_heard() -> None:
    publisher = Publisher(LISTING, Tape(LISTING))
    events_of(publisher, AT_US, STREAM)
    publisher.frames([change(1)], engine_us=AT_US, emit_us=AT_US, wanted=lambda name, _: name == STREAM)
    publisher.pass_over([change(2)])
    publisher.frames([change(3)], engine_us=AT_US, emit_us=AT_US, wanted=lambda name, _: name == STREAM)
    (update,) = events_of(publisher, AT_US + BEAT_US, STREAM)
    assert isinstance(update, DepthUpdate)
    assert (update.first_update_id, update.last_update_id) == (3, 3)


def test_candle_that_changed_while_nobody_listened_is_told_to_who_comes_before_its_second_is_over() -> None:
    tape = Tape(LISTING)
    publisher = Publisher(LISTING, tape)
    events_of(publisher, AT_US, CANDLES)
    trade = TradePrinted("SOL_USDC", 1, 10_000, 100, 1, 2, is_buyer_maker=False)
    tape.record(trade, now_us=AT_US + 1)
    publisher.pass_over([trade])
    (candle,) = events_of(publisher, AT_US + 1_000_000, CANDLES)
    assert isinstance(candle, KlineEvent)
    assert candle.close == 100
