"""`haversack exchange fault`: let something go wrong at an exchange that runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from haversack.cli.catalogue import operation_named
from haversack.cli.operate import DATA, ask
from haversack.cli.spans import span_s
from haversack.errors import UsageError
from haversack.exchange.control.words import AddFault, ClearFaults, ListFaults
from haversack.exchange.faults import (
    AnswerAction,
    AnswerFault,
    Condition,
    ConditionKind,
    ConnectionAction,
    ConnectionFault,
    Fault,
    FrameAction,
    FrameFault,
    WaitingFault,
)

STOP = "stop"
KINDS = (
    *(action.value for action in ConnectionAction),
    *(action.value for action in AnswerAction),
    STOP,
    *(action.value for action in FrameAction),
    *(kind.value for kind in ConditionKind),
)
_HELP = f"""Let something go wrong, so that a bot can be tried against it.

    What a client sees changes, what the engine does doesn't.

    Kinds: {", ".join(KINDS)}.

    Example: haversack exchange fault disconnect --after 5s

    Example: haversack exchange fault lose-answer --operation PlaceOrder --times 2

    Example: haversack exchange fault stop --stream trade.SOL_USDC
    """

fault = App(name="fault", help=_HELP)


@fault.default
def add(
    kind: Annotated[str, Parameter(help="What goes wrong.")],
    /,
    *,
    data: Annotated[Path, Parameter(help="Folder of the exchange.")] = DATA,
    after: Annotated[str | None, Parameter(help="When it begins, from now, such as 5s; at once without it.")] = None,
    operation: Annotated[
        str | None, Parameter(help="Kind of request that it happens to, such as PlaceOrder; any without it.")
    ] = None,
    stream: Annotated[str | None, Parameter(help="Stream that it happens to, such as depth.SOL_USDC; any without it.")] = None,
    times: Annotated[int | None, Parameter(help="How often it happens; once without it.")] = None,
    always: Annotated[bool, Parameter(help="Let it happen until it is cleared.", negative="")] = False,
    skip: Annotated[int | None, Parameter(help="So many requests or frames pass first.")] = None,
    delay: Annotated[str | None, Parameter(help="How long something is held back, such as 2s.")] = None,
    by: Annotated[
        str | None,
        Parameter(help="How late a history is, or how far a clock is off, such as 30s or -30s.", allow_leading_hyphen=True),
    ] = None,
    lasting: Annotated[
        str | None, Parameter(help="How long a condition holds, such as 10s; until it is cleared without it.")
    ] = None,
    retry_after: Annotated[int | None, Parameter(help="Seconds that a refusal asks to wait.")] = None,
) -> None:
    """Let something go wrong."""
    said: dict[str, Any] = {
        "after_s": span_s(after, "--after"),
        "operation": None if operation is None else operation_named(operation).__name__,
        "stream": stream,
        "times": times,
        "after": skip,
        "delay_s": span_s(delay, "--delay"),
        "by_s": span_s(by, "--by"),
        "lasts_s": span_s(lasting, "--lasting"),
        "retry_after_s": retry_after,
    }
    options = {name: value for name, value in said.items() if value is not None}
    if always:
        if times is not None:
            raise UsageError("--times and --always contradict each other")
        options["times"] = None
    added = ask(data, AddFault(fault=_made(kind, options)))
    print(f"fault {added.number} waits")


@fault.command(name="list")
def show(*, data: Path = DATA) -> None:
    """Show what waits to go wrong, and what is wrong now.

    Example: haversack exchange fault list

    Parameters
    ----------
    data
        Folder of the exchange.
    """
    waiting = ask(data, ListFaults()).faults
    for each in waiting:
        print(_line(each))
    if not waiting:
        print("all is well")


@fault.command
def clear(number: int | None = None, /, *, data: Path = DATA) -> None:
    """Let everything be well again, or take one fault away.

    Example: haversack exchange fault clear

    Parameters
    ----------
    number
        As the list shows it; all without it.
    data
        Folder of the exchange.
    """
    print(f"{ask(data, ClearFaults(number=number)).count} taken away")


_STRUCTS: tuple[tuple[Any, type[Fault]], ...] = (
    (AnswerAction, AnswerFault),
    (FrameAction, FrameFault),
    (ConnectionAction, ConnectionFault),
    (ConditionKind, Condition),
)
_OPTION_NAMES: Mapping[str, str] = {
    "after_s": "--after",
    "times": "--times and --always",
    "after": "--skip",
    "lasts_s": "--lasting",
    "delay_s": "--delay",
    "by_s": "--by",
    "retry_after_s": "--retry-after",
}


_NEEDED: Mapping[str, str] = {
    AnswerAction.DELAY.value: "delay_s",
    FrameAction.DELAY.value: "delay_s",
    ConditionKind.LATE_HISTORY.value: "by_s",
    ConditionKind.SKEWED_CLOCK.value: "by_s",
}


def _made(kind: str, options: dict[str, Any]) -> Fault:
    word = kind
    if kind == STOP:
        if "stream" not in options:
            raise UsageError("stop needs --stream: which stream falls silent")
        word, options = FrameAction.DROP.value, {"times": None, **options}
    for words, struct in _STRUCTS:
        if word in {member.value for member in words}:
            strangers = sorted(set(options) - set(struct.__struct_fields__))
            if strangers:
                name = _OPTION_NAMES.get(strangers[0], f"--{strangers[0]}")
                raise UsageError(f"{name} means nothing to {kind}")
            needed = _NEEDED.get(word)
            if needed is not None and needed not in options:
                raise UsageError(f"{kind} needs {_OPTION_NAMES[needed]}, such as {_OPTION_NAMES[needed]} 2s")
            named = "kind" if struct is Condition else "action"
            return struct(**{named: words(word)}, **options)
    raise UsageError(f"a fault is one of {', '.join(KINDS)}; found {kind!r}")


def _line(waiting: WaitingFault) -> str:
    fault = waiting.fault
    word = (fault.kind if isinstance(fault, Condition) else fault.action).value
    is_stop = isinstance(fault, FrameFault) and fault.action is FrameAction.DROP and fault.stream and fault.times is None
    parts = [str(waiting.number), STOP if is_stop else word]
    if isinstance(fault, AnswerFault) and fault.operation:
        parts.append(fault.operation)
    if isinstance(fault, FrameFault) and fault.stream:
        parts.append(fault.stream)
    if isinstance(fault, Condition) and fault.by_s:
        parts.append(f"by {fault.by_s:g} s")
    if isinstance(fault, AnswerFault | FrameFault) and not is_stop:
        parts.append("always" if waiting.left is None else "once" if waiting.left == 1 else f"{waiting.left} times")
    parts.append("now" if not waiting.begins_in_s else f"in {waiting.begins_in_s:.1f} s")
    return " ".join(parts)
