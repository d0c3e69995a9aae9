"""docs/operations.md says what is so: it is made from the catalogue, the client and the local exchange's routes."""

from __future__ import annotations

import pytest

import operations_page
from haversack.client.endpoint import C_co, Group
from haversack.client.several import procedure
from haversack.exchange.api.dispatch import ROUTES
from haversack.rest.procedure import Procedure
from haversack.rest.session import RestSession
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.system import GetStatus


def test_page_is_current() -> None:
    written = operations_page.PAGE.read_text(encoding="utf-8") if operations_page.PAGE.exists() else ""
    if written != operations_page.page():
        pytest.fail(f"docs/operations.md is not current: {operations_page.COMMAND}", pytrace=False)


def rows(text: str) -> dict[str, list[str]]:
    """The cells of the page's operations, by method and path."""
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `") and " /" in line]
    return {row[0].strip("`"): row for row in cells}


def test_every_operation_has_a_row_that_says_whether_it_is_served() -> None:
    said = {place: row[5] for place, row in rows(operations_page.page()).items()}
    assert said == {f"{kind.method} {kind.path}": "yes" if kind in ROUTES else "no" for kind in OPERATIONS}


def test_operation_without_a_call_is_on_the_page_too() -> None:
    text = operations_page.page({})
    assert "## Not in the client" in text
    assert len(rows(text)) == len(OPERATIONS)


def newest_price(session: RestSession, symbol: str) -> Procedure[str]:
    """The last price,
    once the exchange is up.

    It asks first.
    """
    status = yield GetStatus()
    return f"{status} {symbol} {session}"


class Prices(Group[C_co]):
    """What things cost."""

    newest = procedure(newest_price)


def test_call_that_makes_several_requests_is_listed_with_what_you_get() -> None:
    assert "| `client.prices.newest` | The last price, once the exchange is up. |" in operations_page.page({"prices": Prices})


def test_row_names_call_signature_parameters_and_answer() -> None:
    row = next(line for line in operations_page.page().splitlines() if "`client.orders.cancel`" in line)
    assert row == (
        "| `DELETE /api/v1/order` | `client.orders.cancel` | `orderCancel` | `client_id`, `order_id`, **`symbol`** "
        "| `Order` or `CancelPending` | yes |  |"
    )


def test_bar_in_a_type_does_not_end_its_cell() -> None:
    row = next(line for line in operations_page.page().splitlines() if "`POST /api/v1/orders`" in line)
    assert "`list[PlacedInBatch \\| RefusedInBatch]`" in row
