"""The exchange's promises: matching, conservation, the journal, signatures, and that all of it repeats."""

from __future__ import annotations

import base64
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from exchange import journal_writer
from exchange.durability.lab import cut
from exchange.engine.test_all_facilities import run as together
from exchange.engine.test_engine_properties import Pair
from exchange.engine.traffic import OPENINGS, Traffic, new_engine
from haversack.clock import ManualClock, seeded_random
from haversack.credentials import Credentials
from haversack.exchange.authentication import Proof, Replays, check_signature, check_time
from haversack.exchange.journal import Entry, Journal
from haversack.exchange.messages import Refused
from haversack.signing import Signer, signing_text
from prove.found import Found, each

TESTS = Path(__file__).resolve().parents[1]
COMMANDS = 5_000
REPLAYED = 1_000
TOGETHER = 2_000
HASH_SEEDS = 10
FORGED, GOOD = 1_000, 100
NOW_MS = 1_788_285_151_000
WINDOWS_MS = (1, 5_000, 60_000)


def engine(seeds: range) -> Found:
    """The engine beside the slow one: the same events, and after every command nothing lost, made or locked for nothing."""

    def attempt(seed: int) -> int:
        pair, commands = Pair(), Traffic(seed)
        for _ in range(COMMANDS):
            command = commands.command()
            commands.learn(pair.apply(command, now_us=commands.now_us))
        pair.debts_are_covered()
        return COMMANDS

    return each(seeds, attempt)


def replay(seeds: range) -> Found:
    """A journal on disk, replayed: the state of the engine that wrote it."""

    def attempt(seed: int) -> int:
        live, again, traffic = new_engine(), new_engine(), Traffic(seed)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "exchange"
            with Journal.open(folder, b"proof") as journal:
                for number in range(REPLAYED):
                    command = OPENINGS[number] if number < len(OPENINGS) else traffic.command()
                    traffic.learn(live.apply(command, traffic.now_us))
                    journal.append([Entry(traffic.now_us, command)])
            with Journal.open(folder, b"proof") as journal:
                for kept in journal.replay():
                    again.apply(kept.command, kept.now_us)
        assert again.state_hash() == live.state_hash(), "the replayed state is another one"
        return REPLAYED

    return each(seeds, attempt)


def facilities(seeds: range) -> Found:
    """Everything that the exchange does, at once: nothing lost or made, and who takes over or begins anew does the same."""

    def attempt(seed: int) -> int:
        try:
            together(seed, TOGETHER)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise AssertionError(repr(error)) from error
        return TOGETHER

    return each(seeds, attempt)


def power(seeds: range) -> Found:
    """The power fails while a journal is written, at twenty moments for each seed: what was acknowledged is there."""
    return each(seeds, cut)


def kill(seeds: range) -> Found:
    """A process that writes a journal is killed: whatever it acknowledged is there."""

    def attempt(seed: int) -> int:
        dice = seeded_random(seed)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "exchange"
            command = [sys.executable, journal_writer.__file__, str(folder)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
                assert writer.stdout is not None
                acknowledged = [int(writer.stdout.readline()) for _ in range(dice.randrange(1, 200))]
                writer.send_signal(signal.SIGKILL)
                acknowledged += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
            with Journal.open(folder, journal_writer.GENESIS) as journal:
                kept = [entry.now_us - journal_writer.START_US for entry in journal.replay()]
        assert kept[: acknowledged[-1]] == list(range(1, acknowledged[-1] + 1)), "what was acknowledged is not there"
        return 1

    return each(seeds, attempt)


def trace(seeds: range) -> Found:
    """The same seed in other processes, each with another hash seed: the same events and the same state."""
    code = "import sys; from exchange.engine.traffic import trace\nfor s in map(int, sys.argv[1:]): print(trace(s, 1000))"
    command = [sys.executable, "-c", code, *map(str, seeds)]
    told = [
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": str(number)}, cwd=TESTS, check=True, capture_output=True, text=True
        ).stdout.splitlines()
        for number in range(HASH_SEEDS)
    ]

    def attempt(seed: int) -> int:
        lines = {lines[seeds.index(seed)] for lines in told}
        assert len(lines) == 1, "two processes told different things"
        return HASH_SEEDS

    return each(seeds, attempt)


def authentication(seeds: range) -> Found:
    """Requests that are not as their key signed them, now and once: refused. Those that are: taken."""

    def attempt(seed: int) -> int:
        dice, replays = seeded_random(seed), Replays()
        for _ in range(GOOD):
            proof, instruction, texts = _signed(dice, NOW_MS)
            assert _is_taken(proof, instruction, texts, replays=replays), f"refused though it is good: {proof}"
            assert not _is_taken(proof, instruction, texts, replays=replays), f"taken twice: {proof}"
        for _ in range(FORGED):
            proof, instruction, texts = _forged(dice)
            assert not _is_taken(proof, instruction, texts, replays=Replays()), f"taken: {proof} {instruction} {texts}"
        return GOOD + FORGED

    return each(seeds, attempt)


_KEYS = [Credentials.generate() for _ in range(4)]
_INSTRUCTIONS = ("orderExecute", "orderCancel", "balanceQuery", "withdraw")
_Request = tuple[Proof, str, list[tuple[str, str]]]


def _signed(dice: random.Random, timestamp_ms: int, window_ms: int | None = None) -> _Request:
    instruction = dice.choice(_INSTRUCTIONS)
    texts = [(f"p{number}", str(dice.getrandbits(40))) for number in range(dice.randrange(1, 5))]
    signer = Signer(dice.choice(_KEYS), ManualClock(timestamp_ms * 1_000), window_ms=window_ms or dice.choice(WINDOWS_MS))
    signed = signer.sign(signing_text(instruction, texts), changes_state=True)
    return Proof(signed.public_key, signed.signature, signed.timestamp_ms, signed.window_ms), instruction, texts


def _forged(dice: random.Random) -> _Request:
    proof, instruction, texts = _signed(dice, NOW_MS)
    match dice.randrange(10):
        case 0:
            proof = proof._replace(signature=_flipped(proof.signature, dice))
        case 1:
            proof = proof._replace(key=_flipped(proof.key, dice))
        case 2:
            proof = proof._replace(key=dice.choice([keys.public_key for keys in _KEYS if keys.public_key != proof.key]))
        case 3:
            instruction = dice.choice([other for other in _INSTRUCTIONS if other != instruction])
        case 4:
            proof, instruction, texts = _signed(dice, NOW_MS - 60_001 - dice.randrange(10**9))
        case 5:
            proof, instruction, texts = _signed(dice, NOW_MS + 600_001 + dice.randrange(10**9))
        case 6:
            proof = proof._replace(window_ms=dice.choice((0, -1, 60_001, 10**12)))
        case 7:
            name, value = texts[0]
            texts = [(name, value + "0"), *texts[1:]]
        case 8:
            texts = dice.choice(([*texts, ("q", "1")], texts[1:]))
        case _:
            shift_ms = dice.choice((-1, 1))
            proof = proof._replace(timestamp_ms=proof.timestamp_ms + shift_ms)
    return proof, instruction, texts


def _flipped(text: str, dice: random.Random) -> str:
    changed = bytearray(base64.b64decode(text))
    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return base64.b64encode(bytes(changed)).decode()


def _is_taken(proof: Proof, instruction: str, texts: list[tuple[str, str]], *, replays: Replays) -> bool:
    try:
        check_time(proof, NOW_MS)
        check_signature(proof, instruction, texts)
        replays.check(proof, NOW_MS)
    except Refused:
        return False
    return True
