"""Whether an account can give what an operation takes, with all that the operation may call on.

What would be borrowed has to pass all that a borrow by hand has to pass, and what is left then the operation's own check of
the margin. Nothing is changed by asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from enum import Enum
from typing import TYPE_CHECKING

from haversack.exchange.engine.spot_margin import spare

if TYPE_CHECKING:
    from haversack.exchange.engine.backing import Need
    from haversack.exchange.engine.ledger import Account
    from haversack.exchange.engine.perpetual.margins import Margins


class Lack(Enum):
    """Why an account cannot."""

    FUNDS = "there is too little, and no more can be called on"
    MARGIN = "too little margin would be left"


def lack(margins: Margins, account: Account, needs: Iterable[Need], has_margin: Callable[[], bool]) -> Lack | None:
    """What an account lacks for all of these, one for each asset at most; None if nothing.

    `has_margin` is asked as if all that is missing were there already.
    """
    lending, borrows = margins.lending, False
    with ExitStack() as supposed:
        for need in needs:
            if need.amount <= account.available(need.asset):
                continue
            called = None if lending is None else lending.call(account, need)
            if lending is None or called is None:
                return Lack.FUNDS
            supposed.enter_context(lending.supposed(account, need.asset, called, need.now_us))
            borrows = borrows or called.borrowed > 0
        if borrows and spare(margins, account) < 0:
            return Lack.MARGIN
        return None if has_margin() else Lack.MARGIN
