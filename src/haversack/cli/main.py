"""Entry point of the command: runs it, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from io import TextIOWrapper
from typing import TYPE_CHECKING

from haversack.errors import HaversackError, outcome_of

if TYPE_CHECKING:
    from haversack.cli.here import Surroundings


def main() -> None:
    """Run the command line of this process."""
    open_what_is_closed()
    if find_spec("cyclopts") is None or find_spec("rich") is None:
        print('haversack: the command needs two more libraries: pip install "haversack[cli]"', file=sys.stderr)
        sys.exit(2)
    try:
        from haversack.cli.here import Surroundings

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # A terminal that cannot show a character gets it written out.
                stream.reconfigure(errors="backslashreplace")
        code = run(sys.argv[1:], Surroundings.of_process())
    except KeyboardInterrupt:
        # Before there was anything to be ended.
        code = 130
    except BrokenPipeError:
        say_nothing_more()
        code = 1
    except OSError as error:
        print(f"haversack: {error.strerror}", file=sys.stderr)
        say_nothing_more()
        code = 1
    sys.exit(code)


def run(arguments: list[str], around: Surroundings) -> int:
    """Carry out one command; its exit code."""
    from haversack.cli.asked import Asked
    from haversack.cli.exits import Exit
    from haversack.cli.reports import report

    asked = Asked([], {})

    def tell(error: HaversackError) -> int:
        lines, code = report(error, asked.form_of_errors(around), asked.profile_of_errors(around))
        around.stderr.writelines(line + "\n" for line in lines)
        return code

    try:
        asked = Asked.of(arguments)
        asked.carry_out(around)
        around.stdout.flush()
    except HaversackError as error:
        return tell(error)
    except (KeyboardInterrupt, RuntimeError) as interruption:
        if not is_ctrl_c(interruption):
            raise
        # An order may have been on its way: what is known of it is more than that Ctrl-C was pressed.
        unknown = outcome_of(interruption)
        return Exit.INTERRUPTED if unknown is None else tell(unknown)
    except BrokenPipeError:
        say_nothing_more()
        return Exit.ERROR
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        code = tell(HaversackError(f"{error.strerror or error}{place}"))
        if around.stdout is sys.stdout:
            # If it was our output that cannot be written, it could not be at the end either.
            say_nothing_more()
        return code
    return Exit.OK


def is_ctrl_c(error: BaseException) -> bool:
    """Whether Ctrl-C was pressed; a Python before 3.12 wraps that in a RuntimeError, if a class was just being made."""
    return isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt)


def open_what_is_closed() -> None:
    """Give this process the standard streams that it was started without, as in `haversack ticker >&-`: empty, and going nowhere.

    Left closed, their numbers would go to the next files that are opened, and what is printed would land in them.
    """
    for name, how in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), how))


def say_nothing_more() -> None:
    """Whoever read our output has gone, or it cannot be written: say nothing more to it, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
