"""An event loop in a thread of its own, for callers that are not async or that live in another loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock, Thread
from typing import Any, TypeAlias, TypeVar

from haversack.errors import StreamClosed, UsageError

ELSEWHERE = "it was opened in another process, from which this one was forked: open it anew in this one"

T = TypeVar("T")
Work: TypeAlias = Callable[[], Coroutine[Any, Any, T]]


class LoopThread:
    """Runs `main` until it ends or is stopped, and other work beside it for as long."""

    def __init__(self, name: str, main: Work[None]) -> None:
        self._main = main
        self._loop = asyncio.new_event_loop()
        # A daemon, so that a program that forgets to stop it can end all the same.
        self._thread = Thread(target=self._live, name=name, daemon=True)
        self._lock = Lock()
        self._answers: dict[Future[Any], asyncio.Task[None] | None] = {}
        self._is_over = self._was_started = False
        self.is_stopping = False
        """Whether it was told to stop."""
        self._main_task: asyncio.Task[Any] | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether it goes on in another process only, from which this one was forked: a fork takes no thread along."""
        # Looked at in this order: a thread that ends says so before.
        return self._was_started and not self._thread.is_alive() and not self._is_over

    @property
    def waiting(self) -> int:
        """Calls whose answer is still to come."""
        with self._lock:
            return len(self._answers)

    def start(self) -> None:
        """Begin."""
        try:
            self._thread.start()
            self._was_started = True
        except BaseException:
            self._loop.close()
            raise

    def stop(self, wait_s: float) -> None:
        """Cancel `main`, and wait for the thread to end. Stopping twice is fine; a forked process leaves it to the other."""
        if self.is_elsewhere:
            return
        with self._lock:
            if not self._is_over:
                self._loop.call_soon_threadsafe(self._cancel_main)
        self._thread.join(wait_s)

    def call(self, work: Work[T], *, timeout_s: float | None = None) -> T:
        """What the work answers. A TimeoutError, and the work is cancelled, if it takes longer; StreamClosed if it cannot end."""
        answer: Future[T] = Future()
        if self.is_elsewhere:
            raise UsageError(ELSEWHERE)
        with self._lock:
            if self._is_over:
                raise _over()
            self._answers[answer] = None
            self._loop.call_soon_threadsafe(self._begin, work, answer)
        try:
            return answer.result(timeout_s)
        except TimeoutError:
            if answer.done():  # The work ran into a limit of its own, and says which.
                raise
            raise TimeoutError(f"nothing came within {timeout_s:g} s") from None
        finally:
            with self._lock:
                task = self._answers.pop(answer, None)
                if task is not None and not self._is_over:
                    self._loop.call_soon_threadsafe(task.cancel)

    def _begin(self, work: Work[Any], answer: Future[Any]) -> None:
        with self._lock:
            if answer in self._answers:  # or its caller has given up
                self._answers[answer] = self._loop.create_task(self._carry_out(work, answer))

    async def _carry_out(self, work: Work[Any], answer: Future[Any]) -> None:
        try:
            result = await work()
        except asyncio.CancelledError:
            _settle(answer, _over())
        except BaseException as error:  # noqa: BLE001  # Whatever it is, it belongs to the caller in the other thread.
            _settle(answer, error)
        else:
            _settle(answer, None, result)

    def _cancel_main(self) -> None:
        if not self.is_stopping:
            self.is_stopping = True
            if self._main_task is not None:
                self._main_task.cancel()

    async def _run_main(self) -> None:
        self._main_task = asyncio.current_task()
        try:
            if not self.is_stopping:
                with suppress(asyncio.CancelledError):
                    await self._main()
        finally:
            # From here on nobody may call into the loop: it will be closed.
            with self._lock:
                self._is_over = True

    def _live(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._run_main())
        finally:
            with self._lock:
                self._is_over = True
                for answer in self._answers:
                    _settle(answer, _over())


def _settle(answer: Future[Any], error: BaseException | None, result: Any = None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


def _over() -> StreamClosed:
    return StreamClosed(None, "closed by this side")
