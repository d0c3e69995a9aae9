"""Orders and accounts as HTML: what a notebook shows of them, also where something is wrong."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from haversack import AsyncAccount, BlockingAccount, OrderState, TrackedOrder, UsageError
from haversack.local import BlockingLocalExchange, LocalExchange

D = Decimal


def text(html: str) -> str:
    """What is read of it."""
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def test_order_says_where_it_stands_first_and_leaves_out_what_is_not_known() -> None:
    order = TrackedOrder(symbol="SOL_USDC", order_id="7", reached=OrderState.OPEN, executed_quantity=D("0.5"), quantity=D(2))
    assert text(order._repr_html_()) == (
        "Order in SOL_USDC: PARTLY_FILLED, rests in the book, and a part of it was filled "
        "quantity 2 executed quantity 0.5 executed quote quantity 0 order id 7"
    )


@pytest.mark.parametrize("created_ms", [10**30, -(10**30)])
def test_order_shows_no_markup_of_others_and_no_impossible_time(created_ms: int) -> None:
    html = TrackedOrder(symbol="<script>", reason="<img src=x>", created_ms=created_ms)._repr_html_()
    assert "<script>" not in html
    assert "<img" not in html
    assert str(created_ms) in html


async def test_account_shows_open_orders_and_balances_and_when_it_is_not_in_sync(local_exchange: LocalExchange) -> None:
    async with local_exchange.client() as client:
        account = client.account_view()
        assert isinstance(account, AsyncAccount)
        assert text(account._repr_html_()) == "AsyncAccount is not open yet: use it after `await` or inside `async with`"
        async with account:
            await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity="1", client_id=7)
            said = text(account._repr_html_())
            assert said.startswith("AsyncAccount , in sync Open orders symbol side quantity price executed state")
            assert re.search(r"SOL_USDC Bid 1 90 0 OPEN, rests in the book \d+ 7 Balances", said)
            assert "available locked staked BTC 2 0 0 ETH 25 0 0" in said
            assert "Positions" not in said
        assert text(account._repr_html_()).startswith("AsyncAccount is not in sync: it is closed. What follows is what was last")


def test_blocking_account_shows_the_same_and_never_raises(
    blocking_local_exchange: BlockingLocalExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise UsageError("<b>held up")

    with blocking_local_exchange.client() as client, client.account_view() as account:
        assert isinstance(account, BlockingAccount)
        assert text(account._repr_html_()).startswith("BlockingAccount , in sync Open orders no rows Balances")
        with monkeypatch.context() as patched:
            patched.setattr(BlockingAccount, "_look", fail)
            assert text(account._repr_html_()) == "BlockingAccount cannot be shown: &lt;b&gt;held up"
