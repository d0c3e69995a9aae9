"""Commands that write whole histories, row after row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from haversack.cli.account import FILL_COLUMNS, ORDER_COLUMNS
from haversack.cli.here import Here
from haversack.cli.output.printing import lines_of, write
from haversack.cli.output.table import Column, Table, column, number
from haversack.cli.space import refuse_missing_folder, trouble
from haversack.clock import secret_bytes
from haversack.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from haversack.client.blocking import Client

Row = TypeVar("Row")
_PAGE = 1_000
_FUNDING_COLUMNS = (
    column("interval end", "interval_end"),
    column("symbol"),
    number("paid or received", "quantity"),
    number("rate", "funding_rate"),
)


def fills(
    symbol: str | None = None, /, *, since: str | None = None, csv: bool = False, file: str | None = None, here: Here
) -> None:
    """Write every fill of the account, newest first.

    Example: haversack export fills --csv --file fills.csv

    Parameters
    ----------
    since
        Only what happened then or later: 2026-11-01, or 2026-11-01T16:00:00, UTC.
    """
    first = _moment(since)

    def rows(client: Client) -> Iterable[Any]:
        return client.history.each_fill(symbol=symbol, limit=_PAGE, from_ms=first)

    _export("Fills", (FILL_COLUMNS, rows), here, csv=csv, file=file)


def orders(
    symbol: str | None = None, /, *, since: str | None = None, csv: bool = False, file: str | None = None, here: Here
) -> None:
    """Write every order of the account, newest first.

    Example: haversack export orders SOL_USDC --csv

    Parameters
    ----------
    since
        Only what was placed then or later: 2026-11-01, or 2026-11-01T16:00:00, UTC.
    """
    first = _moment(since)

    def rows(client: Client) -> Iterable[Any]:
        return _since(client.history.each_order(symbol=symbol, limit=_PAGE), first, lambda row: row.created_at)

    _export("Orders", (ORDER_COLUMNS, rows), here, csv=csv, file=file)


def funding(
    symbol: str | None = None, /, *, since: str | None = None, csv: bool = False, file: str | None = None, here: Here
) -> None:
    """Write every funding payment of the account, newest first: positive was received, negative was paid.

    Example: haversack export funding --csv

    Parameters
    ----------
    symbol
        Such as SOL_USDC_PERP; those of all markets if not given.
    since
        Only of intervals that ended then or later: 2026-11-01, or 2026-11-01T16:00:00, UTC.
    """
    first = _moment(since)

    def rows(client: Client) -> Iterable[Any]:
        return _since(client.history.each_funding_payment(symbol=symbol, limit=_PAGE), first, lambda row: row.interval_end)

    _export("Funding", (_FUNDING_COLUMNS, rows), here, csv=csv, file=file)


def _export(
    title: str,
    what: tuple[tuple[Column, ...], Callable[[Client], Iterable[Any]]],
    here: Here,
    *,
    csv: bool,
    file: str | None,
) -> None:
    columns, rows = what
    if csv:
        here.take_form("csv")
    path = None if file is None else _new_file(Path(file))
    with here.client() as client, _counted(here) as count:
        table = Table(title, columns, _begun(count(rows(client))))
        if path is None:
            here.show(table)
            return
        _write_file(path, table, here)


def _begun(rows: Iterable[Any]) -> Iterable[Any]:
    """The same rows, the first of them read already: what goes wrong at once is told before anything is printed."""
    reading = iter(rows)
    return chain(list(islice(reading, 1)), reading)


def _new_file(path: Path) -> Path:
    """The path, if a file may be made there, so that a slip is noticed before anything is read."""
    if path.exists():
        raise UsageError(f"{path} is there already: choose another name, or remove it")
    return refuse_missing_folder(path)


def _write_file(path: Path, table: Table, here: Here) -> None:
    """The rows in a file that is there as a whole or not at all. Two that write it at once have each a part of their own."""
    part = path.with_name(f".{path.name}.{secret_bytes(8).hex()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="") as stream:
            write(lines_of(table, here.form, here.profile.name, here.around.style_of(stream)), stream)
        _name(part, path)
    except FileExistsError:
        _new_file(path)
        raise
    except OSError as error:
        raise trouble(f"{path} cannot be written", path, error) from None
    finally:
        part.unlink(missing_ok=True)
    here.note(f"[{here.profile.name}] written to {path}")


def _name(part: Path, path: Path) -> None:
    """Give the file its name. A rename would silently replace what another command wrote just now; a link does not."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        # This file system has no links.
        os.rename(part, path)


def _counted(here: Here) -> AbstractContextManager[Callable[[Iterable[Any]], Iterable[Any]]]:
    """Counts rows as they come, where somebody is watching."""
    if not here.around.stderr.isatty():
        return nullcontext(lambda rows: rows)
    from haversack.cli.progress import progress

    return progress(here.around.stderr)


def _since(rows: Iterable[Row], first: datetime | None, time_of: Callable[[Row], datetime]) -> Iterator[Row]:
    # Newest first, so that nothing is asked for that would only be thrown away.
    return iter(rows) if first is None else takewhile(lambda row: time_of(row) >= first, rows)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since must be a time such as 2026-11-01 or 2026-11-01T16:00:00, found {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
