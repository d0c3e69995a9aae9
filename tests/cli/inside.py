"""The command in this process, on an exchange in this process: every output of a moment that never passes is the same again."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from haversack import ManualClock
from haversack.cli.here import Surroundings
from haversack.cli.main import run
from haversack.local import BlockingLocalExchange
from haversack.rest.http import HttpRequest, HttpResponse, HttpSend

NOW_US = 1_790_000_000_000_000
LIVE_SECRET = b64encode(bytes(range(32))).decode()
SETTINGS = """
[profiles.sim]
url = "http://127.0.0.1:9"
"""


class Done(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return msgspec.json.decode(self.out)


class Typed(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        """It is one."""
        return True


class Recorder:
    """A transport that remembers what went through it."""

    def __init__(self, http: HttpSend) -> None:
        self._http = http
        self.sent: list[HttpRequest] = []

    def __call__(self, request: HttpRequest, /) -> HttpResponse:
        self.sent.append(request)
        return self._http(request)

    @property
    def orders(self) -> list[HttpRequest]:
        """Those that place or cancel."""
        return [request for request in self.sent if request.method != "GET"]


class Inside:
    """A user's machine: a home folder, settings, an exchange, and the command."""

    def __init__(self, home: Path, exchange: BlockingLocalExchange, *, settings: str = SETTINGS) -> None:
        self.home = home
        self.exchange = exchange
        self.config = home / "config" / "haversack" / "config.toml"
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(settings, encoding="utf-8")
        client = exchange.client()
        self.http = Recorder(client._http)
        # What an in-process client is made with, under the name of whatever profile is asked for.
        self.transport: dict[str, Any] = {"http": self.http, "clock": client.clock, "sleep": client._sleep}

    @property
    def environ(self) -> dict[str, str]:
        """Nothing of the real user's."""
        return {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_STATE_HOME": str(self.home / "state"),
        }

    def run(self, *arguments: str, stdin: io.StringIO | None = None, environ: Mapping[str, str] | None = None) -> Done:
        """Run the command to its end."""
        out, err = io.StringIO(), io.StringIO()
        around = Surroundings({**self.environ, **(environ or {})}, stdin or io.StringIO(), out, err, transport=self.transport)
        return Done(run(list(arguments), around), out.getvalue(), err.getvalue())


def exchange(**plan: Any) -> BlockingLocalExchange:
    """A new exchange whose clock stands still."""
    return BlockingLocalExchange(seed=7, clock=ManualClock(NOW_US), **plan)
