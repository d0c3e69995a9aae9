"""The caller's side of the control plane: asks the exchange that runs on a folder."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from haversack.errors import OutcomeUnknown, TransportError, UsageError
from haversack.exchange.control.place import SOCKET_NAME, TOKEN_NAME, Password
from haversack.exchange.control.words import (
    Answer,
    AnyAnswer,
    Ask,
    Envelope,
    ListFaults,
    ReadClock,
    ReadState,
    Refusal,
    SaveScenario,
)

ANSWER_S_MAX = 3_600
"""Moving the time by a day takes its computing."""

A = TypeVar("A", bound=Answer)

_answers = msgspec.json.Decoder(AnyAnswer)


class NoExchange(TransportError):
    """No exchange runs on this folder, or the one that does said nothing to a question that changes nothing."""


_QUESTIONS = (ListFaults, ReadClock, ReadState, SaveScenario)
"""What changes nothing at the exchange."""


def call(folder: Path, ask: Ask[A]) -> A:
    """The answer to what is asked.

    Errors: UsageError with the exchange's reason if it is refused; NoExchange; OutcomeUnknown if a change got no answer.
    """
    connection, token = _connect(folder)
    with closing(connection):
        connection.settimeout(ANSWER_S_MAX)
        try:
            connection.sendall(msgspec.json.encode(Envelope(ask=cast("Any", ask), token=token)) + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
            answer = _answers.decode(line)
        except (OSError, msgspec.DecodeError) as error:
            silence = NoExchange(f"the exchange on {folder} did not answer: {error}")
            raise silence if isinstance(ask, _QUESTIONS) else OutcomeUnknown(ask, silence, sent_ms=None) from None
    if isinstance(answer, Refusal):
        raise UsageError(answer.text)
    return cast("A", answer)


def _connect(folder: Path) -> tuple[socket.socket, str | None]:
    try:
        path = folder / SOCKET_NAME
        if hasattr(socket, "AF_UNIX") and path.exists():
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(path))
            except BaseException:
                connection.close()
                raise
            return connection, None
        password = msgspec.json.decode((folder / TOKEN_NAME).read_bytes(), type=Password)
        return socket.create_connection(("127.0.0.1", password.port)), password.token
    except (OSError, ValueError):
        raise NoExchange(f"no exchange runs on the folder {folder}: start one with haversack exchange --data {folder}") from None
