"""The signed string and its signatures, checked against the documentation, another library, and every accepted parameter."""

from __future__ import annotations

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import assume, given
from hypothesis import strategies as st

from haversack.clock import ManualClock, SystemClock
from haversack.credentials import Credentials
from haversack.errors import UnsignableValue, UsageError
from haversack.rest.request import prepare
from haversack.rest.session import RestSession
from haversack.signing import SUBSCRIBE, Signer, Verifier, batch_text, checked_text, signing_text, timed
from haversack.wire.base import Operation
from haversack.wire.capital import GetBalances, GetDepositAddress
from haversack.wire.enums import Side
from haversack.wire.history import GetFillHistory
from haversack.wire.orders import CancelOrder, GetOrder, PlaceOrder

NOW_MS = 1_614_550_000_000

# Both halves are printed in the exchange's own guides, for demonstration (docs: Python API guide, WebSocket guide).
DEMONSTRATION_KEYS = [
    ("zDIJj9qneWIY0IYZ5aXoHcNMCm+XDhVcTssiT0HyY0A=", "4odxgSUxFrC/zsKWZF4OQwYAgnNu9hnWH3NxWfLAPz4="),
    ("5+yQgwU0ZdJ/9s+GXfuPFfo7yQQpl9CgvQedJXne30o=", "TDSkv44jf/iD/QCKkyCdixO+p1sfLXxk+PZH7mW/ams="),
]

texts = st.text(st.characters(exclude_characters="&=", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
names = st.sampled_from(["a", "b", "clientId", "price", "quantity", "symbol"])
keys = st.binary(min_size=32, max_size=32).map(lambda seed: Credentials.from_secret(base64.b64encode(seed).decode()))


def order(**changed: Any) -> PlaceOrder:
    return PlaceOrder(
        **({"symbol": "SOL_USDC", "side": Side.BID, "order_type": "Limit", "price": "20", "quantity": "1"} | changed)
    )


def signed_message(operation: Operation[Any], credentials: Credentials, *, clock: ManualClock | None = None) -> str:
    """The string that an operation's signature is good for, rebuilt from the request alone."""
    attempt = prepare(operation, Signer(credentials, clock or ManualClock(NOW_MS * 1_000)))
    assert attempt.request is not None
    request = attempt.request
    if request.body is None:
        pairs = parse_qsl(urlsplit(request.target).query, strict_parsing=bool(urlsplit(request.target).query))
    else:
        pairs = [(name, json.dumps(value).strip('"')) for name, value in json.loads(request.body).items()]
    text = "&".join([f"instruction={operation.instruction}", *(f"{name}={value}" for name, value in sorted(pairs))])
    message = f"{text}&timestamp={request.headers['X-Timestamp']}&window={request.headers['X-Window']}"
    assert Verifier.verify(credentials.public_key, message.encode(), request.headers["X-Signature"])
    return message


def test_cancel_of_the_documentation() -> None:
    text = signing_text("orderCancel", [("symbol", "BTC_USDT"), ("orderId", "28")])
    wanted = "instruction=orderCancel&orderId=28&symbol=BTC_USDT&timestamp=1614550000000&window=5000"
    assert timed(text, NOW_MS, 5_000) == wanted


def test_batch_of_the_documentation() -> None:
    def limit(price: str, quantity: str) -> list[tuple[str, str]]:
        pairs = {"symbol": "SOL_USDC_PERP", "side": "Bid", "orderType": "Limit", "price": price, "quantity": quantity}
        return list(pairs.items())

    text = batch_text("orderExecute", [limit("141", "12"), limit("140", "11")])
    assert timed(text, 1_750_793_021_519, 5_000) == (
        "instruction=orderExecute&orderType=Limit&price=141&quantity=12&side=Bid&symbol=SOL_USDC_PERP"
        "&instruction=orderExecute&orderType=Limit&price=140&quantity=11&side=Bid&symbol=SOL_USDC_PERP"
        "&timestamp=1750793021519&window=5000"
    )


def test_request_without_parameters_signs_its_instruction_and_its_time() -> None:
    wanted = "instruction=balanceQuery&timestamp=1614550000000&window=5000"
    assert signed_message(GetBalances(), Credentials.generate()) == wanted


def test_subscription_signs_no_stream() -> None:
    assert timed(signing_text(SUBSCRIBE, []), NOW_MS, 5_000) == "instruction=subscribe&timestamp=1614550000000&window=5000"


def test_deposit_address_of_the_guide() -> None:
    wanted = "instruction=depositAddressQuery&blockchain=Solana&timestamp=1614550000000&window=5000"
    assert signed_message(GetDepositAddress("Solana"), Credentials.generate()) == wanted


@pytest.mark.parametrize(("public", "secret"), DEMONSTRATION_KEYS)
def test_public_half_of_a_demonstration_key_follows_from_its_secret(public: str, secret: str) -> None:
    assert Credentials.from_secret(secret).public_key == public
    assert Credentials(public, secret).public_key == public


def test_body_and_query_are_signed_as_they_are_sent() -> None:
    credentials = Credentials.generate()
    placed = order(client_id=7, post_only=False, price=Decimal("0E-8"), quantity=3)
    assert signed_message(placed, credentials).startswith(
        "instruction=orderExecute&clientId=7&orderType=Limit&postOnly=false&price=0.00000000&quantity=3&side=Bid&symbol=SOL_USDC&"
    )
    assert "&orderId=28&symbol=BTC_USDT&" in signed_message(GetOrder("BTC_USDT", order_id="28"), credentials)
    assert "&orderId=28&symbol=BTC_USDT&" in signed_message(CancelOrder(symbol="BTC_USDT", order_id="28"), credentials)


def test_repeated_parameter_is_sent_in_the_order_in_which_it_is_signed() -> None:
    message = signed_message(GetFillHistory(market_type=("SPOT", "PERP"), limit=5), Credentials.generate())
    assert "&limit=5&marketType=PERP&marketType=SPOT&" in message


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (7, "7"), (10**9, "1000000000"), ("x", "x")])
def test_values_in_the_string(value: Any, text: str) -> None:
    assert checked_text("orderExecute", [("a", value)]) == f"instruction=orderExecute&a={text}"


@pytest.mark.parametrize("number", ["1E+3", "1E-9", "0E-8", "123456789012345678901234567890.12"])
def test_number_is_signed_without_an_exponent(number: str) -> None:
    message = signed_message(order(price=Decimal(number)), Credentials.generate())
    assert f"&price={Decimal(number):f}&" in message


@pytest.mark.parametrize("bad", ["1&quantity=2", "a&b", "&", "a=b", "=", "a\nb", "a\x00b", "a\x7fb", "\r"])
def test_value_that_could_forge_a_parameter_is_refused(bad: str) -> None:
    with pytest.raises(UnsignableValue):
        signing_text("orderExecute", [("symbol", bad)])
    with pytest.raises(UnsignableValue):
        signing_text("orderExecute", [(bad, "1")])
    for changed in ({"symbol": bad}, {"side": Side(bad)}, {"trigger_quantity": bad}, {"price": bad}, {"order_type": bad}):
        with pytest.raises(UsageError):
            prepare(order(**changed), Signer(Credentials.generate(), SystemClock()))


@given(sets=st.lists(st.dictionaries(names, texts, max_size=5), min_size=2, max_size=2))
def test_distinct_parameters_give_distinct_strings(sets: list[dict[str, str]]) -> None:
    first, second = sets
    assume(first != second)
    assert signing_text("orderExecute", list(first.items())) != signing_text("orderExecute", list(second.items()))


@given(pairs=st.dictionaries(names, st.text(st.sampled_from("&=ab1.\n\x7fé") | st.characters(), max_size=8), max_size=5))
def test_any_accepted_string_can_be_taken_apart_again(pairs: dict[str, str]) -> None:
    try:
        text = signing_text("orderExecute", list(pairs.items()))
    except UnsignableValue:
        assert any(set(value) & set("&=") or any(ord(c) < 32 or ord(c) == 127 for c in value) for value in pairs.values())
        return
    assert [part.split("=", 1) for part in text.split("&")[1:]] == [list(pair) for pair in sorted(pairs.items())]


@given(credentials=keys, message=st.binary(max_size=100), bit=st.integers(0, 511))
def test_good_signature_is_accepted_and_a_changed_one_is_not(credentials: Credentials, message: bytes, bit: int) -> None:
    signature = credentials.sign(message)
    assert Verifier.verify(credentials.public_key, message, base64.b64encode(signature).decode())
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not Verifier.verify(credentials.public_key, message, base64.b64encode(changed).decode())
    assert not Verifier.verify(credentials.public_key, message + b"!", base64.b64encode(signature).decode())


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200))
def test_signatures_are_those_of_another_library(seed: bytes, message: bytes) -> None:
    theirs = Ed25519PrivateKey.from_private_bytes(seed)
    ours = Credentials.from_secret(base64.b64encode(seed).decode())
    assert base64.b64decode(ours.public_key) == theirs.public_key().public_bytes_raw()
    assert ours.sign(message) == theirs.sign(message)


def test_other_library_accepts_the_whole_request() -> None:
    credentials = Credentials.generate()
    message = signed_message(order(), credentials)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(credentials.public_key))
    public.verify(credentials.sign(message.encode()), message.encode())
    with pytest.raises(InvalidSignature):
        public.verify(credentials.sign(message.encode()), message.encode() + b"0")


@pytest.mark.parametrize("key", ["", "?", "AAAA", "A" * 44, "zDIJj9qneWIY0IYZ5aXoHcNMCm+XDhVcTssiT0HyY0A"])
def test_malformed_key_or_signature_verifies_nothing(key: str) -> None:
    credentials = Credentials.generate()
    assert not Verifier.verify(key, b"x", base64.b64encode(credentials.sign(b"x")).decode())
    assert not Verifier.verify(credentials.public_key, b"x", key)


def test_same_order_is_never_signed_as_the_same_string_while_the_clock_stands_still() -> None:
    signer = Signer(Credentials.generate(), ManualClock(NOW_MS * 1_000))
    made = [signer.sign("instruction=orderExecute&a=1", changes_state=True) for _ in range(300)]
    assert [signed.timestamp_ms for signed in made] == list(range(NOW_MS, NOW_MS + 300))
    assert [signed.wait_us for signed in made] == [1_000 * number for number in range(300)]


def test_read_may_be_signed_twice_in_one_millisecond() -> None:
    signer = Signer(Credentials.generate(), ManualClock(NOW_MS * 1_000 + 999))
    assert {signer.sign("instruction=balanceQuery", changes_state=False).timestamp_ms for _ in range(3)} == {NOW_MS}


@given(steps_ms=st.lists(st.integers(-20_000, 20_000), max_size=30))
def test_same_string_is_never_made_twice_when_the_clock_is_set(steps_ms: list[int]) -> None:
    clock = ManualClock(NOW_MS * 1_000)
    signer = Signer(Credentials.generate(), clock)
    made = [signer.sign("instruction=orderExecute&a=1", changes_state=True).timestamp_ms]
    newest_us = clock.now_us()
    for step_ms in steps_ms:
        # More than two windows ahead and back again is forgotten on purpose: the exchange lets such a string expire.
        target_us = min(clock.now_us() + step_ms * 1_000, newest_us + 5_000_000)
        clock.set_now_us(target_us)
        newest_us = max(newest_us, target_us)
        made.append(signer.sign("instruction=orderExecute&a=1", changes_state=True).timestamp_ms)
    recent = [time_ms for time_ms in made if time_ms > newest_us // 1_000 - 5_000]
    assert len(set(recent)) == len(recent)


def test_timestamp_is_never_ahead_of_the_clock_once_it_is_sent() -> None:
    clock = ManualClock(NOW_MS * 1_000 + 400)
    signer = Signer(Credentials.generate(), clock)
    for _ in range(50):
        signed = signer.sign("instruction=orderExecute&a=1", changes_state=True)
        clock.advance(us=signed.wait_us)
        assert signed.timestamp_ms * 1_000 <= clock.now_us()


def test_same_order_from_eight_threads_is_never_the_same_string() -> None:
    signer = Signer(Credentials.generate(), SystemClock())

    def some(_: int) -> list[tuple[int, str]]:
        made = (signer.sign("instruction=orderExecute&a=1", changes_state=True) for _ in range(500))
        return [(signed.timestamp_ms, signed.signature) for signed in made]

    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # Threads take turns as often as they can.
    try:
        with ThreadPoolExecutor(8) as pool:
            made = [signed for batch in pool.map(some, range(8)) for signed in batch]
    finally:
        sys.setswitchinterval(usual_s)
    assert len(set(made)) == len(made) == 4_000


def test_two_clients_with_one_key_never_make_the_same_string() -> None:
    keys = Credentials.generate()
    signers = [RestSession(keys, SystemClock()).signer for _ in range(2)]
    made = [signer.sign("instruction=orderCancelAll", changes_state=True) for signer in signers * 50 if signer is not None]
    assert len({(each.timestamp_ms, each.window_ms) for each in made}) == 100


def test_clients_on_clocks_of_their_own_know_nothing_of_each_other() -> None:
    keys = Credentials.generate()
    signers = [RestSession(keys, ManualClock()).signer for _ in range(2)]
    made = [signer.sign("instruction=orderCancelAll", changes_state=True) for signer in signers if signer is not None]
    assert made[0] == made[1]


@pytest.mark.parametrize("window_ms", [0, -1, 60_001])
def test_window_beyond_the_documented_one_is_refused(window_ms: int) -> None:
    with pytest.raises(UsageError):
        Signer(Credentials.generate(), SystemClock(), window_ms=window_ms)
