"""How far long work is, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress(stream: TextIO) -> Generator[Callable[[Iterable[Any]], Iterable[Any]]]:
    """A bar that moves as rows come; how many there will be is not known before the last."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def counted(rows: Iterable[Any]) -> Iterator[Any]:
            for row in rows:
                bar.advance(task)
                yield row

        yield counted


@contextmanager
def waiting(stream: TextIO, text: str) -> Generator[None]:
    """A bar that says that something goes on, and for how long already."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        bar.add_task(text, total=None)
        yield
