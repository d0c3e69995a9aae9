"""The exchange without its doors: engine, journal, views, streams and crowd, joined. It opens no socket.

A command is applied at once and journaled before anybody outside learns of it: answers wait in `settled`, and frames leave when
the journal has what they tell.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, Protocol

import msgspec

from haversack.clock import Clock, PacedClock
from haversack.exchange.authentication import Proof, Replays, check_time
from haversack.exchange.crowd import Crowd
from haversack.exchange.engine.command import Command, Elapse, OpenAccount
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import AccountOpened, Declined, Event, LevelChanged, MarkChanged, Rejected, TradePrinted
from haversack.exchange.engine.rules import VERSION
from haversack.exchange.facilities import facilities
from haversack.exchange.faults import ConditionKind, Faults
from haversack.exchange.hub import Hub
from haversack.exchange.journal import Entry
from haversack.exchange.limits import ACCOUNTS_MAX
from haversack.exchange.listing import Listing
from haversack.exchange.messages import Refused
from haversack.exchange.publish.names import StreamVerdict, valid_stream
from haversack.exchange.publish.publisher import Publisher
from haversack.exchange.rate import RateLimit
from haversack.exchange.snapshot.content import Header, State
from haversack.exchange.views.archive import Archive
from haversack.exchange.views.histories import Histories
from haversack.exchange.views.tape import Tape

_log = logging.getLogger("haversack.exchange")

FIRST_ORDER_ID = 60_000_000_000
"""About where the real exchange's ids were in 2026-09."""
FIRST_TRADE_ID = 380_000_000
_NOTHING_DONE = (Rejected, Declined)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What may differ between one local exchange and another."""

    seed: int = 7
    has_crowd: bool = True
    speed_bump_ms: int = 0
    """How long an order that may take waits before it is matched; 100 on the real exchange (documented 2026-10)."""
    grants: Mapping[str, Decimal] | None = None
    """Paper money of a new account, by asset; what the listing says if None."""
    keys: frozenset[str] | None = None
    """Verifying keys that may trade; any valid key if None."""
    history_lag_ms: int = 0
    """How late the histories are."""
    requests_per_minute: int | None = None
    """Signed requests that one account may make, 2,000 on the real exchange (documented); no bound if None."""


class Receipt(Protocol):
    """Says when a command cannot be lost any more. Several commands may share one."""

    def done(self) -> bool:
        """Whether it is decided."""
        ...

    def cancelled(self) -> bool:
        """Whether nobody will ever know."""
        ...

    def exception(self) -> BaseException | None:
        """Why it may be lost; None if it cannot be."""
        ...

    def add_done_callback(self, told: Callable[[Any], object], /) -> None:
        """Call this when it is decided."""
        ...


class Committer(Protocol):
    """Where commands are made durable."""

    def submit(self, entry: Entry) -> Receipt:
        """Write one more command; done once it cannot be lost."""
        ...

    async def synced(self) -> None:
        """Wait until everything submitted so far is durable."""
        ...


class History(Protocol):
    """What a journal remembers at the start."""

    def replay(self, after: int = 0) -> Iterator[Entry]:
        """The commands after one, oldest first."""
        ...

    def nonces(self, now_ms: int, after: int = 0) -> list[tuple[bytes, int]]:
        """Signatures of those commands that are still good, with the millisecond until which they are."""
        ...


def genesis(listing_bytes: bytes, settings: Settings) -> bytes:
    """What a journal's commands depend on besides themselves: another listing, seed or engine would replay to another state."""
    origin = {"listing": sha256(listing_bytes).hexdigest(), "seed": settings.seed, "rules": VERSION}
    return msgspec.json.encode(origin)


def fits(described: bytes, listing_bytes: bytes) -> bool:
    """Whether commands of such an origin, of whatever seed, can be carried out with this listing."""
    try:
        origin = msgspec.json.decode(described, type=dict[str, Any])
    except msgspec.DecodeError:
        return False
    return (origin.get("listing"), origin.get("rules")) == (sha256(listing_bytes).hexdigest(), VERSION)


def granted(listing: Listing, settings: Settings) -> Mapping[str, int]:
    """What a new account gets, in each asset's smallest units; UsageError if that is not possible with this listing."""
    grants = settings.grants
    return listing.grants if grants is None else {asset: listing.amount(asset, grants[asset]) for asset in grants}


def new_engine(listing: Listing) -> Engine:
    """The engine of an exchange that has no past."""
    return Engine(
        listing.asset_rules(),
        listing.rules.values(),
        collateral=listing.collateral_rules(),
        facilities=facilities(listing),
        first_order_id=FIRST_ORDER_ID,
        first_trade_id=FIRST_TRADE_ID,
    )


class Venue:
    """One exchange."""

    def __init__(
        self, listing: Listing, clock: Clock, committer: Committer, *, settings: Settings, histories: Histories | None = None
    ) -> None:
        self.listing = listing
        self.clock = clock
        self.settings = settings
        self.grants = granted(listing, settings)
        self.faults = Faults(clock, knows_stream=lambda stream: valid_stream(stream, listing) is StreamVerdict.OK)
        self.hub = Hub(self.faults, clock)
        self.engine = new_engine(listing)
        self.tape = Tape(listing)
        self.archive = Archive(
            listing,
            histories=histories,
            lag_us=settings.history_lag_ms * 1_000,
            more_lag_us=lambda: self.faults.sum_us(ConditionKind.LATE_HISTORY),
        )
        marks, interest = self.engine.told_mark_price, self.engine.open_interest
        self.publisher = Publisher(listing, self.tape, open_interest=interest, mark_price=marks)
        self.replays = Replays()
        self.rate = None if settings.requests_per_minute is None else RateLimit(settings.requests_per_minute)
        self.changed_us: dict[str, int] = {}
        """When each market's book last changed."""
        self._committer = committer
        self._crowd = Crowd(listing, settings.seed) if settings.has_crowd else None
        self._awaited: Receipt | None = None
        """The newest receipt that will be told of its end."""
        self._unpublished: deque[tuple[Receipt, Sequence[Event], int]] = deque()
        self._once_told: dict[Hashable, tuple[int, Callable[[], None]]] = {}
        """What waits for a command to be told, in the order of the commands."""
        self._is_lost = False
        self.last_us = 0
        """When the newest command was carried out."""
        self.seq = 0
        """Number of the newest command."""
        self._told_seq = 0

    def start(self, history: History, snapshots: Iterable[tuple[Header, State]] = ()) -> int:
        """Take up the first snapshot that is sound and replay what was journaled after it, or begin anew.

        The answer is how many commands were replayed.
        """
        now_us = self.clock.now_us()
        nonces = self._take_up(snapshots)
        first = self.seq
        for entry in history.replay(first):
            if not self.seq:
                self._backfill(entry.now_us)
            self.seq += 1
            events = self.engine.apply(entry.command, entry.now_us)
            self._remember(events, entry.now_us)
            self.archive.record(events, now_us=entry.now_us, is_house=self.is_house, seq=self.seq)
        self._told_seq = self.seq
        self.replays = Replays([*nonces, *history.nonces(now_us // 1_000, first)])
        if not self.seq:
            self._backfill(now_us)
        if self._crowd is not None:
            self._crowd.know({command.key: self._open_account(command, now_us) for command in self._crowd.setup()})
        return self._told_seq - first

    def execute(self, command: Command, *, now_us: int, proof: Proof | None = None) -> Sequence[Event]:
        """Apply one command. What it did may be told to nobody before `settled`."""
        # The machine's clock may be set back; the exchange's time never goes back.
        now_us = max(now_us, self.last_us)
        self.archive.check()
        events = self.engine.apply(command, now_us)
        if not events or isinstance(events[0], _NOTHING_DONE):
            return events
        nonce, expires_ms = (None, None) if proof is None else (proof.nonce, proof.expires_ms)
        receipt = self._committer.submit(Entry(now_us=now_us, command=command, nonce=nonce, expires_ms=expires_ms))
        self.seq += 1
        if proof is not None:
            self.replays.keep(proof)
        self._remember(events, now_us)
        self._unpublished.append((receipt, events, now_us))
        if receipt.done():
            self._publish(receipt)
        elif receipt is not self._awaited:
            # Commands that are written together share a receipt, and are told together.
            self._awaited = receipt
            receipt.add_done_callback(self._publish)
        return events

    @property
    def unsettled(self) -> int:
        """Commands that were applied and may still be lost."""
        return len(self._unpublished)

    def once_told(self, key: Hashable, act: Callable[[], None]) -> None:
        """Do something as soon as all that was applied so far was told; what waits under the same key is not done."""
        self._once_told.pop(key, None)
        if self._unpublished:
            self._once_told[key] = self.seq, act
        else:
            act()

    async def settled(self) -> None:
        """Wait until everything that was applied so far cannot be lost."""
        if self._unpublished:
            await self._committer.synced()

    def account_for(self, key: str, *, now_us: int) -> int:
        """The account of a key, opened with paper money if it is new."""
        number = self.engine.account_of(key)
        if number is not None:
            return number
        if len(self.engine.accounts) >= ACCOUNTS_MAX:
            raise Refused.by_rule("FORBIDDEN", f"This local exchange has {ACCOUNTS_MAX} accounts and opens no more", status=403)
        grants = tuple(self.grants.items())
        return self._open_account(OpenAccount(key, self.listing.fee_tier(), grants), now_us)

    def check_key(self, key: str) -> None:
        """Refuse a key that is not registered, where only registered keys may trade; in the words for a bad signature."""
        if self.settings.keys is not None and key not in self.settings.keys:
            raise Refused.as_invalid("Invalid signature")

    def is_house(self, account: int) -> bool:
        """Whether the account is one of the exchange's own: the crowd's, or the backstop's."""
        return self.engine.is_house(account)

    def move_crowd(self, symbol: str, price: Decimal) -> bool:
        """Let the crowd think that a market is worth this from now on; False if nobody there trades it."""
        return self._crowd is not None and self._crowd.believe(symbol, price, self.clock.now_us(), self.engine)

    def told_us(self) -> int:
        """The time that the exchange tells: its clock's, unless a fault says otherwise."""
        return self.clock.now_us() + self.faults.sum_us(ConditionKind.SKEWED_CLOCK)

    def check_fresh(self, proof: Proof) -> int:
        """Refuse what is not of now; the millisecond from which on older signatures may be forgotten.

        While the exchange's time runs apart from the machine's, a signature may be of either: otherwise nobody could sign
        at sixty times the speed. A fault of the clock has no such mercy.
        """
        told_ms = self.told_us() // 1_000
        times_ms = [told_ms]
        if isinstance(self.clock, PacedClock) and self.clock.is_apart and not self.faults.holds(ConditionKind.SKEWED_CLOCK):
            times_ms.append(self.clock.source_us() // 1_000)
        check_time(proof, min(times_ms, key=lambda time_ms: abs(time_ms - proof.timestamp_ms)))
        return min(times_ms)

    def tick(self, now_us: int) -> int:
        """Let the crowd act and send what is due; the time of the next tick."""
        self.faults.pass_time()
        self.hub.deliver_late(now_us)
        if self._crowd is not None and now_us >= self._crowd.next_us:
            for command in self._crowd.step(now_us, self.engine):
                self.execute(command, now_us=now_us)
        passes_us = self._pass_time(now_us)
        for outgoing in self.publisher.due(now_us, wanted=self.hub.wanted):
            self.hub.publish(outgoing.stream, outgoing.account, outgoing.frame)
        nexts_us = [passes_us, self.publisher.next_due_us(now_us), self.hub.next_us(), self.faults.next_us()]
        if self._crowd is not None:
            nexts_us.append(self._crowd.next_us)
        return min(next_us for next_us in nexts_us if next_us is not None)

    def _pass_time(self, now_us: int) -> int | None:
        """Let happen what the time alone asks for; when to do so again. A crowd that tells prices does the most of it."""
        prices_are_told = self._crowd is not None and self._crowd.tells_prices
        next_due_us = self.engine.facilities_due_us if prices_are_told else self.engine.next_due_us
        due_us = next_due_us()
        if due_us is not None and due_us <= now_us:
            self.execute(Elapse(), now_us=now_us)
            due_us = next_due_us()
        return due_us

    def dump(self) -> State:
        """All state as it is now, including what was applied and may still be lost."""
        return State(
            seq=self.seq,
            last_us=self.last_us,
            engine=self.engine.dump(),
            tape=self.tape.dump(),
            changed_us=list(self.changed_us.items()),
            nonces=self.replays.kept(),
        )

    def _take_up(self, snapshots: Iterable[tuple[Header, State]]) -> Sequence[tuple[bytes, int]]:
        """Go on from the first snapshot whose state is what it says; the signatures that it knows."""
        for header, state in snapshots:
            tried = new_engine(self.listing)
            tried.load(state.engine)
            if tried.state_hash() != header.hash:
                _log.warning("a snapshot at command %d holds another state than it says; it is passed over", header.seq)
                continue
            self.engine.load(state.engine)
            self.tape.load(state.tape, now_us=state.last_us)
            self.changed_us.update(state.changed_us)
            self.seq, self.last_us = state.seq, state.last_us
            return state.nonces
        return ()

    def _open_account(self, command: OpenAccount, now_us: int) -> int:
        number = self.engine.account_of(command.key)
        if number is None:
            opened = self.execute(command, now_us=now_us)[0]
            assert isinstance(opened, AccountOpened), f"opening an account said {opened}"
            number = opened.account
        return number

    def _backfill(self, start_us: int) -> None:
        if self._crowd is not None:
            for symbol, bars in self._crowd.backfill(start_us).items():
                self.tape.backfill(symbol, bars)

    def _remember(self, events: Sequence[Event], now_us: int) -> None:
        self.last_us = now_us
        for event in events:
            if isinstance(event, LevelChanged):
                self.changed_us[event.symbol] = now_us
            elif isinstance(event, TradePrinted):
                self.tape.record(event, now_us=now_us)
            elif isinstance(event, MarkChanged):
                self.tape.record_mark(event, now_us=now_us)

    def _publish(self, done: Receipt) -> None:
        # What was not journaled did not happen as far as anybody outside may know, and neither did what came after it.
        self._is_lost |= done.cancelled() or done.exception() is not None
        while not self._is_lost and self._unpublished and self._unpublished[0][0].done():
            _, events, engine_us = self._unpublished.popleft()
            self._told_seq += 1
            self.archive.record(events, now_us=engine_us, is_house=self.is_house, seq=self._told_seq)
            if self.hub.is_quiet:
                self.publisher.pass_over(events)
            else:
                emit_us = max(self.clock.now_us(), engine_us)
                frames = self.publisher.frames(events, engine_us=engine_us, emit_us=emit_us, wanted=self.hub.wanted)
                for outgoing in frames:
                    self.hub.publish(outgoing.stream, outgoing.account, outgoing.frame)
            while self._once_told and next(iter(self._once_told.values()))[0] <= self._told_seq:
                key = next(iter(self._once_told))
                _, act = self._once_told.pop(key)
                act()
