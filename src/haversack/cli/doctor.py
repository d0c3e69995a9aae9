"""`haversack doctor`: does everything work that trading needs; what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from haversack.cli.exits import Exit, exit_of
from haversack.cli.here import Here
from haversack.cli.output.table import Column, Table, column
from haversack.cli.reports import hint_of
from haversack.errors import ConnectFailed, HaversackError
from haversack.units import plain, stripped

if TYPE_CHECKING:
    from haversack.client.blocking import Client
    from haversack.credentials import Credentials

_CLOCK_US_MAX = 1_000_000
_APART = "set this machine's clock; until then a command signs by the exchange's, at the price of more requests"
_MOVED = "nothing, if you moved it (haversack exchange clock) or skewed it (a fault); a command signs by the exchange's"
_LIBRARIES = ("msgspec", "PyNaCl", "urllib3", "aiohttp", "cyclopts", "rich")


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    what: str
    state: str
    """ok, note or WRONG."""
    found: str
    todo: str = ""

    @property
    def text(self) -> str:
        """What was found, and what to do about it."""
        return f"{self.found} -> {self.todo}" if self.todo else self.found


class Unwell(HaversackError):
    """Something is wrong; `exit` says how the command ends."""

    def __init__(self, count: int, code: Exit) -> None:
        self.exit = code
        super().__init__(f"{count} of these {'is' if count == 1 else 'are'} wrong")


def doctor(*, here: Here) -> None:
    """Check what trading needs: settings, exchange, clock, keys, limits, versions.

    Each line says what was found, and what to do where something is wrong. The exit code is that of the first thing that is
    wrong. Nothing is placed and nothing changed; with a sim profile the local exchange is started.

    Example: haversack doctor -p live
    """
    examination = _Examination(here)
    findings = list(examination.findings())
    columns = (column("state"), column("what"), Column("found", lambda each: each.text))
    here.show(Table("Doctor", columns, findings))
    wrong = [finding for finding in findings if finding.state == "WRONG"]
    if wrong:
        raise Unwell(len(wrong), examination.code)


class _Examination:
    def __init__(self, here: Here) -> None:
        self._here = here
        self.code = Exit.OK

    def findings(self) -> Iterator[Finding]:
        """One after the other; what needs something that is wrong is left out."""
        config = self._here.profile.config
        yield Finding("settings", "ok", f"{config.places.config}{'' if config.exists else ' (not there: what holds without it)'}")
        keys: list[Credentials | None] = []
        yield self._tried("keys", lambda: self._keys(keys))
        try:
            client = self._here.profile.client(signed=bool(keys and keys[0]))
        except HaversackError as error:
            yield self._wrong("exchange", error)
        else:
            with closing(client):
                self._here.announce()
                reached = self._tried("exchange", lambda: self._reached(client))
                yield reached
                if reached.state != "WRONG":
                    yield self._tried("clock", lambda: self._clock(client))
                    if client.credentials is not None:
                        yield self._tried("signed read", lambda: self._signed(client))
        if self._here.profile.is_live:
            yield self._tried("limits", self._limits)
        yield Finding("versions", "ok", _versions())

    def _tried(self, what: str, look: Callable[[], Finding]) -> Finding:
        try:
            return look()
        except HaversackError as error:
            return self._wrong(what, error)

    def _wrong(self, what: str, error: HaversackError) -> Finding:
        self.code = self.code or exit_of(error)
        return Finding(what, "WRONG", " ".join(str(error).split()), self._todo(error))

    def _todo(self, error: HaversackError) -> str:
        """What to do, other than to ask the doctor."""
        profile = self._here.profile
        if isinstance(error, ConnectFailed) and not profile.is_live:
            if profile.settings["url"]:
                return "start it, or correct url in the settings"
            return f"haversack sim stop -p {profile.name}; the next command starts it again"
        return hint_of(error, profile.name).partition("haversack doctor")[0].rstrip("; ")

    def _keys(self, into: list[Credentials | None]) -> Finding:
        profile = self._here.profile
        path = Path(profile.settings["key_file"])
        keys = profile.credentials()
        into.append(keys)
        if keys is None:
            return Finding("keys", "note", "none: public data can be read", f"haversack init -p {profile.name}")
        where = str(path) if path.exists() else "the environment"
        return Finding("keys", "ok", f"public key {keys.public_key}, from {where}")

    def _reached(self, client: Client) -> Finding:
        status = client.system.status()
        url = self._here.profile.address.url
        if status.status != "Ok":
            said = f"{status.status}: {status.message}" if status.message else status.status
            return Finding("exchange", "note", f"{url} says {said}", "wait until it is up again")
        return Finding("exchange", "ok", f"{url} answers")

    def _clock(self, client: Client) -> Finding:
        offset = client.sync_clock()
        round_trip = f"a round trip takes {offset.round_trip_us / 1_000:.1f} ms"
        text = (
            f"{abs(offset.offset_us) / 1e6:.3f} s {'behind' if offset.offset_us > 0 else 'ahead of'} the exchange's; {round_trip}"
        )
        if abs(offset.offset_us) > _CLOCK_US_MAX:
            return Finding("clock", "note", text, _APART if self._here.profile.is_live else _MOVED)
        return Finding("clock", "ok", text)

    def _signed(self, client: Client) -> Finding:
        account = client.account.get()
        fees = f"spot fees {account.spot_maker_fee} and {account.spot_taker_fee} bps (maker, taker)"
        return Finding("signed read", "ok", f"the keys are accepted; {fees}, {account.limit_orders} open limit orders")

    def _limits(self) -> Finding:
        from haversack.cli.spending import Ledger

        ledger = Ledger(self._here.profile)
        return Finding(
            "limits", "ok", f"{ledger.order_max} an order; {plain(stripped(ledger.spent()))} of {ledger.day_max} are spent today"
        )


def _versions() -> str:
    import sys
    from importlib.metadata import PackageNotFoundError, version

    found = [f"Python {sys.version.split()[0]}"]
    for name in ("haversack", *_LIBRARIES):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} is missing")
    return ", ".join(found)
