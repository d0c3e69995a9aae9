"""What goes wrong in one world: a seed chooses some of the groups of faults, some kinds of each, and how often each happens.

Not every world has every fault, because some of them hide others: a connection that is reset every second never lives long
enough for a stream to stall on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

PER_FRAME = ("drop", "duplicate", "swap", "truncate", "garbage", "late", "unknown")
PER_REQUEST = (
    "answer lost",
    "request lost",
    "request late",
    "delivered twice",
    "pending",
    "too many",
    "unavailable",
    "stale depth",
)
PER_CONNECT = ("slow handshake", "failed handshake")
EVENTS = (
    *("stall", "reset", "half-close", "going away", "restarting"),
    *("crash", "crash at write", "clean restart", "clock step", "partition"),
)
GROUPS = {
    "exchange": (*PER_FRAME, "stall"),
    "connection": ("reset", "half-close", "going away", "restarting", *PER_CONNECT),
    "host": ("crash", "crash at write", "clean restart", "clock step", "drift"),
    "network": ("jitter", "partition"),
    "api": (*PER_REQUEST, "late history"),
}
_PER_CHANGE = ("answer lost", "request late", "delivered twice", "pending")
_PERPETUALS_SHARE = 0.6
_RATES = {"frame": (0.003, 0.08), "request": (0.05, 0.4), "change": (0.1, 0.6), "connect": (0.05, 0.3)}


TURNED_ON = ("", "", "", "", "program", "gambler")
"""Who takes as large a position as it may, with the price turning against it until it is liquidated; mostly nobody."""


@dataclass(frozen=True)
class Perpetuals:
    """How a world trades perpetuals."""

    share: float
    """Of the program's orders."""
    size: int
    """How many times as large as those of spot the orders are."""
    turned_on: str
    turn_s: float
    """When that begins, in seconds after the start."""
    hour_s: float
    """When an hour ends, and funding is paid; seconds after the start."""

    @classmethod
    def of(cls, seed: int, faults_s: float) -> Perpetuals | None:
        """Those of a seed. It has dice of its own, so that the faults of a seed do not depend on them."""
        dice = Random(f"{seed} perpetuals")
        if dice.random() >= _PERPETUALS_SHARE:
            return None
        turned_on = dice.choice(TURNED_ON)
        return cls(
            share=dice.choice((0.3, 0.6, 0.9)),
            size=dice.choice((1, 1, 5, 100)),
            turned_on=turned_on,
            turn_s=dice.uniform(0.2, 0.7) * faults_s,
            hour_s=dice.uniform(0.2, 1.1) * faults_s,
        )


@dataclass(frozen=True)
class Plan:
    """One world's weather."""

    seed: int
    groups: tuple[str, ...]
    rates: dict[str, float]
    """How likely a fault is, for each frame, request or attempt to connect."""
    events: tuple[tuple[float, str], ...]
    """Seconds after the start, and what happens then."""
    idle_s: float
    """How long before the end of the faults the program stops to trade, while its orders are still filled: then no answer and
    no refusal makes it look again at what it may have missed. Negative: it goes on for so long after."""
    is_shared: bool
    """Whether book and account come by one connection."""
    faults_s: float
    """For how long faults go on."""
    latency_s: float
    jitter_s: float
    history_lag_ms: int
    client_off_us: int
    """How far the client's clock is off at the start."""
    drift_ppm: int
    """How much faster the exchange's clock runs than the client's."""
    perpetuals: Perpetuals | None
    """None: only spot is traded."""

    @classmethod
    def of(cls, seed: int) -> Plan:
        """The plan of a seed."""
        dice = Random(f"{seed} plan")
        groups = tuple([group for group in GROUPS if dice.random() < (0.65 if group == "connection" else 0.5)]) or (
            dice.choice(list(GROUPS)),
        )
        # Some faults hide others: after a frame that nobody can read, all is read anew, and a dropped one is found with it.
        share = dice.choice((0.2, 0.4, 0.7))
        kinds = [kind for group in groups for kind in GROUPS[group] if dice.random() < share]
        faults_s = dice.uniform(12.0, 22.0)
        if "stall" in kinds and dice.random() < 0.7:
            # A stall is noticed after ten seconds at the earliest, if the connection lives as long as that.
            faults_s = dice.uniform(22.0, 28.0)
            kinds = [kind for kind in kinds if kind not in GROUPS["connection"]]
        return cls(
            seed=seed,
            groups=groups,
            rates={kind: _rate(kind, dice) for kind in kinds if kind in (*PER_FRAME, *PER_REQUEST, *PER_CONNECT)},
            events=_events([kind for kind in kinds if kind in EVENTS], faults_s, dice),
            idle_s=dice.choice((-5.0, -5.0, 7.0)),
            is_shared=dice.random() < 0.5,
            faults_s=faults_s,
            latency_s=dice.choice((0.001, 0.02, 0.1)),
            jitter_s=dice.choice((0.05, 0.4)) if "jitter" in kinds else 0.001,
            history_lag_ms=dice.choice((500, 3_000, 12_000)) if "late history" in kinds else 0,
            client_off_us=dice.choice((-90_000_000, -2_000_000, 700_000, 90_000_000)) if "clock step" in kinds else 0,
            drift_ppm=dice.choice((-500, 500)) if "drift" in kinds else 0,
            perpetuals=Perpetuals.of(seed, faults_s),
        )


def _rate(kind: str, dice: Random) -> float:
    where = "frame" if kind in PER_FRAME else "change" if kind in _PER_CHANGE else "request" if kind in PER_REQUEST else "connect"
    least, most = _RATES[where]
    rate: float = least * (most / least) ** dice.random()
    return rate


def _events(kinds: list[str], faults_s: float, dice: Random) -> tuple[tuple[float, str], ...]:
    found = [(dice.uniform(1.0, faults_s), kind) for kind in kinds for _ in range(_times(kind, dice))]
    return tuple(sorted(found))


def _times(kind: str, dice: Random) -> int:
    if kind in ("reset", "going away", "restarting"):
        return dice.randint(8, 20)
    return dice.randint(1, 2 if kind in ("partition", "stall", "half-close") else 3)
