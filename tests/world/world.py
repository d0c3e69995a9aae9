"""One world: an exchange, a rival, a client's program, and a network between them that goes wrong as a seed says.

Safety is checked after everything that happens. Then the faults end: within five seconds the book must be in sync, and when the
histories have caught up, the program must know all that is so.
"""

from __future__ import annotations

import asyncio
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random

from haversack.credentials import Credentials, Secret
from haversack.errors import ConnectFailed, HaversackError
from haversack.streams.transport import Closed, FrameSocket
from world.book_check import BookCheck
from world.clock import ClientClock, WorldLoop, pause, wall_us
from world.fill_check import FillCheck
from world.intents import Intents
from world.line import Line
from world.money_check import MoneyCheck
from world.perpetual import PerpetualMarket
from world.plan import PER_FRAME, Plan
from world.rest import Ways, Wire
from world.rival import Rival
from world.silence import Silence
from world.trader import Life
from world.truth import Truth
from world.weather import Weather

SYNCED_S = 5.0
"""How long after the last fault the book must be in sync, with a Backoff whose longest wait is 2 s."""
READ_S = 30.0
"""How long after the last fault every fill must be told: the second reading after a connection was made, when the histories
have caught up."""
AUDITED_S = 85.0
"""The same where a frame was lost without a sign: a period of the account view, and the lag of the histories."""
RESOLVED_S = 60.0
"""How long after the last fault it must be known what became of everything that was sent; and as much longer as the client's
clock is ahead, because requests are good for so much longer then."""
CLOSE_S = 2.0
_COMPLAINTS_MAX = 20
_LOG_MAX = 200_000


@dataclass
class Outcome:
    """What one world came to."""

    seed: int
    violations: list[str]
    faults: Counter[str]
    counts: Counter[str]
    trace: int
    """A checksum of all that happened."""
    log: list[str] = field(repr=False)


class World:
    """Everything of one seed."""

    def __init__(self, seed: int, loop: WorldLoop, folder: str, *, is_logged: bool) -> None:
        self.plan = Plan.of(seed)
        self._loop = loop
        self._folder = folder
        self._is_logged = is_logged
        self.log: list[str] = []
        self._trace = 0
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        self.weather = Weather(self.plan, loop)
        self.truth = Truth(self.plan, self.note)
        self.rival = Rival(self.truth, seed, lulls_end_s=self.weather.calm_s)
        self.ways = Ways(self.truth, self.weather, self.note)
        self.lines: list[Line] = []
        self.clock = ClientClock(self.plan.client_off_us, wall_us(self.plan.perpetuals.hour_s if self.plan.perpetuals else None))
        self._ahead_us_max = self.plan.client_off_us
        self.intents = Intents(self.truth, self.complain)
        self.book = BookCheck(self.truth, self.complain)
        self.silence = Silence(self.complain)
        self._credentials = Credentials.from_secret(Secret(b64encode(sha256(f"{seed}".encode()).digest()).decode()))
        self.account = self.truth.account_for(self._credentials.public_key, now_us=self.truth.clock.now_us())
        self.rival.victim = self.account
        self.fills = FillCheck(self.truth, self.account, self.complain)
        self.money = MoneyCheck(self.truth, self.account, self.complain)
        self.perpetual = self._perpetual()
        self.life: Life | None = None
        self._running: asyncio.Task[None] | None = None
        self._is_over = False

    def _perpetual(self) -> PerpetualMarket | None:
        plan, weather = self.plan.perpetuals, self.weather
        if plan is None:
            return None
        market = PerpetualMarket(self.truth, self.plan.seed, plan, start_s=weather.start_s, calm_s=weather.calm_s)
        market.victim = self.account
        market.is_known = lambda: self.life is not None and self.life.is_synced and self.fills.has_begun
        market.let_borrow(self.account)
        return market

    def perpetuals(self) -> tuple[float, int, int]:
        """For the program: which share of its orders is for the perpetual, its price in ticks, and how large they are."""
        if self.perpetual is None or self.plan.perpetuals is None:
            return 0.0, 0, 0
        return self.plan.perpetuals.share, self.perpetual.fair, self.plan.perpetuals.size

    # What happened

    def note(self, what: str) -> None:
        """One event, for the trace and, if wanted, for the log."""
        line = f"{self._loop.time():.6f} {what}"
        self._trace = zlib.crc32(line.encode(), self._trace)
        if self._is_logged and len(self.log) < _LOG_MAX:
            self.log.append(line)

    def complain(self, what: str) -> None:
        """A promise was broken."""
        self.note(f"VIOLATION {what}")
        if len(self.violations) < _COMPLAINTS_MAX:
            self.violations.append(f"{self._loop.time() - self.weather.start_s:.3f} s: {what}")

    def look(self) -> None:
        """After everything that happens."""
        life = self.life
        if life is not None and life.is_alive and life.book is not None:
            self.book.look(life.book)

    # The client's machine

    async def connect(self, _url: str) -> FrameSocket:
        """A stream connection, if the handshake works."""
        weather = self.weather
        self.counts["attempts to connect"] += 1
        if weather.chance("slow handshake"):
            await pause(weather.until(15.0) - self._loop.time())
        if weather.chance("failed handshake"):
            raise ConnectFailed("the handshake was refused") if weather.dice.random() < 0.5 else OSError("refused")
        await pause(weather.arrival_s() - self._loop.time())
        line = Line(self.truth, weather, self.note)
        self.note(f"line {len(self.lines)} of life {self.life and self.life.number}")
        self.lines.append(line)
        self.counts["connections"] += 1
        return line

    async def run_program(self) -> None:
        """Keep the program running: it is started again whenever it ends."""
        number = 0
        while True:
            number += 1
            dice = Random(f"{self.plan.seed} life {number}")
            money, perpetuals = self.money, self.perpetuals
            self.life = Life(number, self._credentials, self.intents, self.fills, money=money, perpetuals=perpetuals, dice=dice)
            self.life.trades_until_s = self.weather.calm_s - self.plan.idle_s
            self.fills.start(self._folder, number)
            self.money.start()
            wire = Wire(self.ways, self.complain)
            self._running = asyncio.create_task(self._live(self.life, wire), name="program")
            await asyncio.wait({self._running})
            self._check_closings(self.life)
            self.life.is_alive = False
            if self._is_over:
                return
            self.counts["restarts"] += 1
            await pause(self.weather.until(1.5) - self._loop.time() + 0.05)

    def _check_closings(self, life: Life) -> None:
        """Each thing that a program closes is closed in time, whatever goes wrong meanwhile; a crash closes nothing."""
        for name, took_s in life.closings if life.is_alive else []:
            self.counts["closings"] += 1
            if took_s > CLOSE_S:
                self.complain(f"P11 closing {name} took {took_s:.3f} s")

    async def _live(self, life: Life, wire: Wire) -> None:
        try:
            await life.run(clock=self.clock, http=wire, connect=self.connect, path=self.fills.path, is_shared=self.plan.is_shared)
        except HaversackError as error:
            self.note(f"the program ended: {type(error).__name__}")
            self.counts["programs that could not start"] += 1

    def crash(self) -> None:
        """The program is gone from one moment to the next. What its tasks do while they end counts for nothing."""
        life, running = self.life, self._running
        if life is None or running is None or running.done() or not life.is_alive:
            return
        life.is_alive = False
        self.fills.freeze()
        running.cancel()
        self.weather.faults["crash"] += 1
        self.counts["crashes"] += 1
        for line in self.lines:
            if line.is_up:
                line.cut()

    # What goes wrong

    def schedule(self) -> None:
        """The plan's events, and the end of all faults."""
        for at_s, kind in self.plan.events:
            self._loop.call_at(self.weather.start_s + at_s, self._happen, kind)
        self._loop.call_at(self.weather.calm_s, self._heal)

    def _happen(self, kind: str) -> None:
        self.note(f"FAULT {kind}")
        if not kind.startswith("crash"):
            self.weather.faults[kind] += 1
        up = [line for line in self.lines if line.is_up and not line.is_closed]
        dice = self.weather.dice
        if kind == "crash":
            self.crash()
        elif kind == "crash at write":
            self.fills.crash_soon(dice, self.crash)
        elif kind == "clean restart":
            if self.life is not None and self.life.account is not None:
                self.life.stop()
        elif kind == "clock step":
            self.clock.off_us += dice.choice((-60, -3, 1, 30, 120)) * 1_000_000
            self._ahead_us_max = max(self._ahead_us_max, self.clock.off_us)
        elif kind == "partition":
            self.weather.partition(12.0)
        else:
            # What happens to a connection may come from the way that all of them take.
            struck = up if up and dice.random() < 0.5 else up and [dice.choice(up)]
            for line in struck:
                self._strike(kind, line, dice)

    def _strike(self, kind: str, line: Line, dice: Random) -> None:
        if kind == "reset":
            line.cut()
        elif kind == "half-close":
            line.go_mute()
        elif kind in ("going away", "restarting"):
            line.end(Closed(1001 if kind == "going away" else 1012, kind))
        elif kind == "stall":
            streams = sorted(stream for stream in line.heard_s if stream)
            if len(streams) > 1 and streams[-1].startswith("depth") and dice.random() < 0.7:
                streams = streams[-1:]
            if streams:
                line.stall(dice.choice(streams), is_of_subscription=dice.random() < 0.5)

    def _heal(self) -> None:
        self.note("CALM")
        for line in self.lines:
            line.heal()
        self.ways.heal()
        self.fills.heal()

    # From the beginning to the end

    async def live(self) -> None:
        """The whole life of a world."""
        self._loop.after_step = self.look
        self.schedule()
        self._loop.disk = self.fills.at_disk
        program = asyncio.create_task(self.run_program(), name="machine")
        while not self.weather.is_calm:
            await pause(0.5)
            self.silence.look(self.lines, self.life, self._loop.time())
            self.intents.check_at_most_once()
        await self._sync_in_time()
        await self._settle()
        await self._end(program)

    async def _sync_in_time(self) -> None:
        """The rival goes on for a while, so that there is something to be in sync with."""
        await pause(self.weather.calm_s + SYNCED_S - self._loop.time())
        life = self.life
        assert life is not None
        if life.held_until_s() > self.weather.calm_s:
            # The exchange asked for a pause: the fault lasts until that is over.
            await pause(life.held_until_s() + SYNCED_S - self._loop.time())
        book = life.synced_book()
        if book is None:
            self.complain(f"P11 the book is not in sync {SYNCED_S} s after the last fault: {life.book!r}")
            return
        await pause(1.0)
        self.rival.is_busy = False
        if self.perpetual is not None:
            self.perpetual.is_busy = False
        await pause(1.0)
        if not book.is_synced or book.update_id != self.truth.update_id:
            self.complain(f"P11 the book lost sync without a fault, or is behind: {book!r}")

    async def _settle(self) -> None:
        """Wait until everything must be known, or is."""
        life = self.life
        assert life is not None
        calm_s, spoilt = self.weather.calm_s, any(self.weather.faults[kind] for kind in (*PER_FRAME, "stall"))
        await self._wait_until(calm_s + (AUDITED_S if spoilt else READ_S), lambda: life.is_synced and not self.fills.missing())
        self.counts["seconds until all fills were told"] += round(self._loop.time() - calm_s)
        self.fills.check_told()
        if not life.is_synced:
            self.complain(f"P11 the account is not in sync: {life.account!r}")
        ahead_s = max(0, self._ahead_us_max) / 1_000_000
        await self._wait_until(calm_s + RESOLVED_S + ahead_s, lambda: self._is_clear(life))
        self.intents.check_at_end(life.number)
        self.fills.check_live(life.open_orders())
        if life.account is not None:
            self.fills.check_orders(life.account.orders(), self.intents.order_ids(life.number))
            self.money.check(life.account)
            await self.money.check_equity(life.account)

    def _is_clear(self, life: Life) -> bool:
        account = life.account
        if account is None or self.intents.open(life.number):
            return False
        return self.fills.is_settled(account.orders()) and self.money.is_settled(account)

    async def _wait_until(self, latest_s: float, is_so: Callable[[], bool]) -> None:
        while not is_so() and self._loop.time() < latest_s:
            await pause(1.0)

    async def _end(self, program: asyncio.Task[None]) -> None:
        """Everything is closed in time, and nothing is left behind."""
        assert self.life is not None
        self._is_over = True
        self.life.stop()
        await asyncio.wait({program}, timeout=4 * CLOSE_S)
        if not program.done():
            self.complain("P11 the program did not end")
        for task in (program, self._running):
            if task is not None and not task.done():
                task.cancel()
        await pause(2.5)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if left:
            self.complain(f"P14 tasks are left: {sorted(task.get_name() for task in left)}")
        left_open = [number for number, line in enumerate(self.lines) if not line.is_closed or line.is_up]
        if left_open:
            self.complain(f"P14 connections were never closed: {left_open} of {len(self.lines)}")

    def outcome(self) -> Outcome:
        """What it came to."""
        self.counts["reconnects of the account"] = max(0, sum(line.is_private for line in self.lines) - 1)
        self.counts["stalled streams asked for again"] = sum(line.asked_again for line in self.lines)
        self.counts["fills"] = len(self.truth.fill_ids(self.account))
        self.counts["orders"] = self.truth.accepted[self.account]
        self.counts["intents"] = len(self.intents.orders)
        self.counts["answers lost"] = self.intents.unknown
        self.counts["updates of the book"] = len(self.truth.books) - 1
        self.counts["books compared"] = self.book.compared
        self.counts["books that went back"] = self.book.went_back
        self.counts["requests"] = self.ways.requests
        self.counts["frames"] = sum(line.frames for line in self.lines)
        self.counts["positions told"] = self.money.positions_told
        self.counts["worlds with perpetuals"] = self.perpetual is not None
        self.counts += self.truth.happened.get(self.account, Counter())
        self.counts += self.fills.counts
        return Outcome(self.plan.seed, self.violations, self.weather.faults, self.counts, self._trace, self.log)
