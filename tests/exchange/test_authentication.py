"""Who is let in: good signatures always, everything else never, with the texts and in the order of the exchange."""

from __future__ import annotations

import base64

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.exchange.authentication import Proof, Replays, check_signature, check_time, read_proof
from haversack.exchange.messages import Refused
from haversack.signing import Signer, signing_text

NOW_MS = 1_788_285_151_000
KEYS = Credentials("zDIJj9qneWIY0IYZ5aXoHcNMCm+XDhVcTssiT0HyY0A=", "4odxgSUxFrC/zsKWZF4OQwYAgnNu9hnWH3NxWfLAPz4=")
TEXTS = [("symbol", "SOL_USDC"), ("orderId", "28")]


def proof(instruction: str = "orderCancel", texts: list[tuple[str, str]] = TEXTS, *, window_ms: int = 5000) -> Proof:
    signer = Signer(KEYS, ManualClock(NOW_MS * 1000), window_ms=window_ms)
    signed = signer.sign(signing_text(instruction, texts), changes_state=False)
    return Proof(signed.public_key, signed.signature, signed.timestamp_ms, signed.window_ms)


def refusal(call: object, *arguments: object) -> str:
    with pytest.raises(Refused) as refused:
        call(*arguments)  # type: ignore[operator]
    assert refused.value.reply.status == 400
    return refused.value.reply.body.decode()


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, 'failed to parse parameter `X-API-KEY`: Type "string" expects an input value.'),
        ({"x-api-key": "k"}, 'failed to parse parameter `X-SIGNATURE`: Type "string" expects an input value.'),
        (
            {"x-api-key": "k", "x-signature": "s"},
            'failed to parse parameter `X-TIMESTAMP`: Type "integer_int64" expects an input value.',
        ),
        (
            {"x-api-key": "k", "x-signature": "s", "x-timestamp": "now"},
            'failed to parse parameter `X-TIMESTAMP`: failed to parse "integer_int64": invalid digit found in string',
        ),
        (
            {"x-api-key": "k", "x-signature": "s", "x-timestamp": ""},
            'failed to parse parameter `X-TIMESTAMP`: failed to parse "integer_int64": cannot parse integer from empty string',
        ),
        (
            {"x-api-key": "k", "x-signature": "s", "x-timestamp": "1", "x-window": "-1"},
            'failed to parse parameter `X-WINDOW`: failed to parse "integer_uint64": invalid digit found in string',
        ),
    ],
)
def test_a_missing_or_malformed_header_is_told_in_plain_text(headers: dict[str, str], text: str) -> None:
    assert refusal(read_proof, headers) == text


def test_the_window_is_5000_if_it_is_not_sent() -> None:
    assert read_proof({"x-api-key": "k", "x-signature": "s", "x-timestamp": "1"}).window_ms == 5000


@pytest.mark.parametrize(
    ("timestamp_ms", "window_ms", "message"),
    [
        (NOW_MS - 5001, 5000, "Request has expired"),
        (NOW_MS - 600_001, 5000, "Invalid timestamp: must be within 10 minutes of current time"),
        (NOW_MS + 600_001, 5000, "Invalid timestamp: must be within 10 minutes of current time"),
        (NOW_MS, 60_001, "Invalid window: must be between 1 and 60000"),
        (NOW_MS, 0, "Invalid window: must be between 1 and 60000"),
    ],
)
def test_a_request_that_is_not_of_now_is_refused(timestamp_ms: int, window_ms: int, message: str) -> None:
    stale = Proof("k", "s", timestamp_ms, window_ms)
    assert refusal(check_time, stale, NOW_MS) == f'{{"code":"INVALID_CLIENT_REQUEST","message":"{message}"}}'


@pytest.mark.parametrize(("timestamp_ms", "window_ms"), [(NOW_MS - 5000, 5000), (NOW_MS, 1), (NOW_MS - 60_000, 60_000)])
def test_a_request_inside_its_window_passes(timestamp_ms: int, window_ms: int) -> None:
    check_time(Proof("k", "s", timestamp_ms, window_ms), NOW_MS)


def test_a_good_signature_passes() -> None:
    check_signature(proof(), "orderCancel", TEXTS)


@pytest.mark.parametrize(
    ("instruction", "texts"),
    [
        ("orderExecute", TEXTS),
        ("orderCancel", [("symbol", "BTC_USDC"), ("orderId", "28")]),
        ("orderCancel", [*TEXTS, ("more", "1")]),
        ("orderCancel", TEXTS[:1]),
    ],
)
def test_another_instruction_or_other_parameters_are_refused(instruction: str, texts: list[tuple[str, str]]) -> None:
    expected = '{"code":"INVALID_CLIENT_REQUEST","message":"Invalid signature"}'
    assert refusal(check_signature, proof(), instruction, texts) == expected


def test_a_value_that_forges_a_parameter_is_refused_though_the_strings_are_equal() -> None:
    honest = proof("orderExecute", [("price", "1"), ("quantity", "2")])
    check_signature(honest, "orderExecute", [("price", "1"), ("quantity", "2")])
    assert "Invalid signature" in refusal(check_signature, honest, "orderExecute", [("price", "1&quantity=2")])


def test_what_is_no_signature_is_told_apart_from_a_wrong_one() -> None:
    malformed = proof()._replace(signature="not base64")
    assert "Invalid X-Signature header" in refusal(check_signature, malformed, "orderCancel", TEXTS)


def test_the_order_id_wins_where_both_ids_are_sent() -> None:
    both = [*TEXTS, ("clientId", "7")]
    check_signature(proof(), "orderCancel", both)
    assert "Invalid signature" in refusal(check_signature, proof("orderCancel", both), "orderCancel", both)


def with_bit_changed(text: str, bit: int) -> str:
    changed = bytearray(base64.b64decode(text))
    changed[bit // 8] ^= 1 << bit % 8
    return base64.b64encode(bytes(changed)).decode()


def test_a_signature_with_any_bit_changed_is_refused() -> None:
    signed = proof()
    for bit in range(64 * 8):
        forged = signed._replace(signature=with_bit_changed(signed.signature, bit))
        assert "Invalid signature" in refusal(check_signature, forged, "orderCancel", TEXTS)


def test_a_key_with_any_bit_changed_is_refused() -> None:
    signed = proof()
    for bit in range(32 * 8):
        forged = signed._replace(key=with_bit_changed(signed.key, bit))
        assert "Invalid signature" in refusal(check_signature, forged, "orderCancel", TEXTS)


_instructions = st.sampled_from(["orderExecute", "orderCancel", "balanceQuery", "fillHistoryQueryAll"])
_texts = st.lists(
    st.tuples(st.text("abcdefgh", min_size=1), st.text(st.characters(exclude_characters="&=", exclude_categories=["C"]))),
    unique_by=lambda pair: pair[0],
    max_size=6,
)


@settings(max_examples=2_000)
@given(_instructions, _texts, st.integers(1, 60_000))
def test_whatever_is_signed_well_passes(instruction: str, texts: list[tuple[str, str]], window_ms: int) -> None:
    check_signature(proof(instruction, texts, window_ms=window_ms), instruction, reversed(texts))


@settings(max_examples=2_000)
@given(_instructions, _texts, _instructions, _texts)
def test_a_signature_is_good_for_nothing_else(
    instruction: str, texts: list[tuple[str, str]], other: str, others: list[tuple[str, str]]
) -> None:
    assume((instruction, sorted(texts)) != (other, sorted(others)))
    assert "Invalid signature" in refusal(check_signature, proof(instruction, texts), other, others)


@given(
    shift_ms=st.integers(-600_000, 600_000).filter(bool), window_ms=st.integers(1, 60_000).filter(lambda window: window != 5000)
)
def test_time_and_window_are_part_of_what_is_signed(shift_ms: int, window_ms: int) -> None:
    signed = proof()
    for forged in (signed._replace(timestamp_ms=signed.timestamp_ms + shift_ms), signed._replace(window_ms=window_ms)):
        assert "Invalid signature" in refusal(check_signature, forged, "orderCancel", TEXTS)


def test_a_request_is_taken_once_within_its_window() -> None:
    replays = Replays()
    replays.check(proof(), NOW_MS)
    assert "Duplicate request" in refusal(replays.check, proof(), NOW_MS)
    replays.check(proof(window_ms=6000), NOW_MS)


def test_replays_are_known_after_a_restart() -> None:
    signed = proof()
    replays = Replays([(signed.nonce, signed.expires_ms)])
    assert "Duplicate request" in refusal(replays.check, signed, NOW_MS)


def test_expired_signatures_are_forgotten() -> None:
    replays = Replays()
    for window_ms in range(1, 101):
        replays.check(proof(window_ms=window_ms), NOW_MS)
    assert len(replays) == 100
    replays.check(proof(window_ms=5000), NOW_MS + 1000)
    assert len(replays) == 1
