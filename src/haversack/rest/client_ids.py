"""Numbers by which orders are found again: a random start in every process, then counting, so that none comes twice."""

from __future__ import annotations

import os
from functools import cache
from itertools import count
from typing import Any

from msgspec.structs import replace

from haversack.clock import secret_bytes
from haversack.wire.base import Operation
from haversack.wire.orders import PlaceOrder, PlaceOrders

_IDS = 2**32


class ClientIds:
    """Numbers of 1 to 4294967295, each once. Safe to share between threads, and after a fork."""

    def __init__(self, start: int | None = None) -> None:
        self._start = start
        self._begin()

    def _begin(self) -> None:
        start = int.from_bytes(secret_bytes(4)) if self._start is None else self._start
        self._process, self._count = os.getpid(), count(start)

    def take(self) -> int:
        """The next one."""
        if os.getpid() != self._process:
            # A forked process would go on counting where its parent does.
            self._begin()
        # Zero is left out: some programs take it for none.
        return next(self._count) % _IDS or next(self._count) % _IDS


@cache
def client_ids_of_process() -> ClientIds:
    """The numbers that all clients of this process share."""
    return ClientIds()


def with_client_id(operation: Operation[Any], client_ids: ClientIds) -> Operation[Any]:
    """An order with a client id: its own, or the next one. Any other operation as it is."""
    if isinstance(operation, PlaceOrder):
        return operation if operation.client_id is not None else replace(operation, client_id=client_ids.take())
    if isinstance(operation, PlaceOrders) and isinstance(operation.orders, tuple | list):
        return replace(operation, orders=tuple([_numbered(order, client_ids) for order in operation.orders]))
    return operation


def _numbered(order: Any, client_ids: ClientIds) -> Any:
    # Something else in a batch is refused where its parameters are read, with a text that says what is wanted.
    is_without = isinstance(order, PlaceOrder) and order.client_id is None
    return replace(order, client_id=client_ids.take()) if is_without else order
