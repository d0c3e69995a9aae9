"""What a command is given: the profile it works on, the form of its output, and the terminal that it runs in."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, cast

import msgspec

from haversack.cli.output.printing import Form, Style, lines_of, write
from haversack.cli.output.table import Table
from haversack.cli.profile.opening import Profile, open_profile
from haversack.errors import ConnectFailed, UsageError

if TYPE_CHECKING:
    from haversack.client.blocking import Client


class Surroundings(msgspec.Struct, frozen=True):
    """What is around the command: a process, or a test."""

    environ: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    transport: Mapping[str, Any] = {}
    """What clients are made with besides, such as an `http` of a test's own."""

    @staticmethod
    def of_process() -> Surroundings:
        """Those of this process."""
        return Surroundings(os.environ, sys.stdin, sys.stdout, sys.stderr)

    def style_of(self, stream: TextIO) -> Style:
        """How to write to one of the streams: in colour on a terminal, unless NO_COLOR is set."""
        if not stream.isatty():
            return Style()
        from shutil import get_terminal_size

        has_colour = not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"
        return Style(has_colour, get_terminal_size().columns)


class Here:
    """Where a command runs."""

    def __init__(self, around: Surroundings, *, profile: str | None = None, form: str | None = None) -> None:
        self.around = around
        self._asked_profile, self._asked_form = profile, form
        self._profile: Profile | None = None
        self._is_announced = False

    @property
    def profile(self) -> Profile:
        """The profile that was asked for."""
        if self._profile is None:
            around = self.around
            self._profile = open_profile(self._asked_profile, environ=around.environ, transport=around.transport)
        return self._profile

    @property
    def form(self) -> Form:
        """The form that was asked for; else that of the settings."""
        return cast("Form", self._asked_form or self.profile.config.output.value)

    @property
    def asked_form(self) -> str | None:
        """The form that the call itself asked for."""
        return self._asked_form

    def take_form(self, form: Form) -> None:
        """Another form, which the command's own option asks for."""
        if self._asked_form not in (None, form):
            raise UsageError(f"give --{form} or -o {self._asked_form}, not both")
        self._asked_form = form

    @contextmanager
    def client(self, *, signed: bool = True) -> Generator[Client]:
        """A client of the profile's exchange, closed afterwards."""
        client = self.profile.client(signed=signed)
        self.announce()
        try:
            yield client
        except ConnectFailed as error:
            raise self.profile.end_of_exchange() or error from None
        finally:
            client.close()

    def announce(self) -> None:
        """Say once, where it cannot be mistaken for data, whose data follow."""
        if not self._is_announced:
            self._is_announced = True
            what = "the real exchange, real money" if self.profile.is_live else "a local exchange, invented prices"
            self.note(f"[{self.profile.name}] {what}: {self.profile.address.url}")

    def note(self, text: str) -> None:
        """Say something that is no data."""
        style = self.around.style_of(self.around.stderr)
        self.around.stderr.write(style.dim(text) + "\n")
        self.around.stderr.flush()

    def show(self, table: Table) -> None:
        """Print what was asked for."""
        stdout = self.around.stdout
        write(lines_of(table, self.form, self.profile.name, self.around.style_of(stdout)), stdout)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask the user; a UsageError unless the answer is yes, and where there is nobody to ask."""
        if yes:
            return
        if not self.around.stdin.isatty():
            raise UsageError("nobody can be asked here: --yes confirms it, and nothing was sent")
        self.around.stderr.write(f"{question} [y/N] ")
        self.around.stderr.flush()
        if self.around.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UsageError("not confirmed, and nothing was sent")


def check_limit(limit: int, most: int = 1_000) -> None:
    """Refuse how many rows were asked for, if nobody gives so many; no exchange is started for that."""
    if not 1 <= limit <= most:
        raise UsageError(f"--limit must be 1 to {most}, found {limit}")
