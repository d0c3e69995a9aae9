"""Entry point of the command: finds the subcommand, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from haversack.errors import HaversackError, UsageError

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line of this process."""
    if find_spec("cyclopts") is None or find_spec("rich") is None:
        sys.exit('the command needs two more libraries: pip install "haversack[cli]"')
    from cyclopts import CycloptsError

    from haversack.cli.app import app

    try:
        app(exit_on_error=False, print_error=False)
    except CycloptsError as error:
        sys.exit(_said(UsageError(f"{error} (haversack --help shows what there is)"), EXIT_USAGE))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone; say nothing more to it, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_ERROR)
    except UsageError as error:
        sys.exit(_said(error, EXIT_USAGE))
    except HaversackError as error:
        sys.exit(_said(error, EXIT_ERROR))


def _said(error: HaversackError, code: int) -> int:
    print(f"haversack: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
