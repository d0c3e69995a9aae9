"""Positions as they are written, beside what the real exchange wrote of the same ones."""

from __future__ import annotations

import json

import msgspec

from exchange.engine.perpetual.sample import SOL, exposure, fill, opened
from exchange.engine.perpetual.test_recorded import SYMBOL, contract, seen
from haversack.exchange.engine.event import PositionChanged
from haversack.exchange.engine.perpetual.margin import Exposure
from haversack.exchange.engine.perpetual.position import change, pnl_unrealized
from haversack.exchange.engine.reading import OpenPosition
from haversack.exchange.render_position import position_answer, position_snapshot, position_update
from haversack.units import padded
from haversack.wire.codec import encode
from haversack.wire.frames import write_frame
from haversack.wire.markets import MarginFunction

RULES_2026 = msgspec.structs.replace(
    SOL,
    imf_function=MarginFunction(base=padded(2, 2), factor=padded(75, 6), type="sqrt"),
    mmf_function=MarginFunction(base=padded(135, 4), factor=padded(375, 7), type="sqrt"),
)


def test_every_recorded_position_is_written_as_it_came() -> None:
    for row, position, equity in seen():
        rules, mark = contract(row), msgspec.convert(row["markPrice"], type=type(equity))
        pnl = pnl_unrealized(position, mark, rules)
        held = OpenPosition(SYMBOL, position, Exposure(contract=rules, mark=mark, quantity=position.quantity, pnl_unrealized=pnl))
        answer = position_answer(held, account=row["userId"], net_equity=equity + pnl)
        # Which number a subaccount has is its account's own affair.
        assert json.loads(encode(answer)) | {"subaccountId": row["subaccountId"]} == row
        assert list(json.loads(encode(answer))) == list(row)


def test_frame_of_a_subscription_has_the_recorded_form() -> None:
    """The numbers are those of a frame of 2026-01: 0.01 bought at 128.61, with a fee of 5 bps."""
    position = msgspec.structs.replace(opened(fill("0.01", "128.61", fee="0.000644")), position_id=28_375_996_537)
    held = OpenPosition(SYMBOL, position, exposure("0.01", mark="128.59", contract=RULES_2026, pnl_unrealized=padded(-2, 4)))
    frame = position_snapshot(held, engine_us=1_769_133_221_470_109, emit_us=1_769_133_221_470_110)
    assert write_frame("account.positionUpdate", frame) == (
        b'{"data":{"B":"128.61","E":1769133221470110,"M":"128.59","P":"-0.0002","Q":"0.01","T":1769133221470109,"b":"128.6744",'
        b'"f":"0.02","i":28375996537,"l":"0","m":"0.0135","n":"1.2859","p":"0","q":"0.01","s":"SOL_USDC_PERP"},'
        b'"stream":"account.positionUpdate"}'
    )


def test_frame_of_a_closed_position_divides_by_nothing() -> None:
    position = opened(fill("0.03", "100", fee="0.001"))
    closed = change(position, fill("-0.03", "100.01", fee="0.001"), new_id=9).closed
    assert closed is not None
    event = PositionChanged(1, SYMBOL, 3, closed, (), mark=10_000, exposed=0, leverage_e8=10**8)
    told = position_update(event, engine_us=5, emit_us=6, contract=RULES_2026, price_scale=2)
    assert write_frame("account.positionUpdate", told) == (
        b'{"data":{"B":"100","E":6,"M":"100","P":"0","Q":"0","T":5,"b":"0","e":"positionClosed","f":"0.02","i":1,"l":"0",'
        b'"m":"0.0135","n":"0","p":"0.0003","q":"0","s":"SOL_USDC_PERP"},"stream":"account.positionUpdate"}'
    )
