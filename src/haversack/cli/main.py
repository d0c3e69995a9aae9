"""Entry point of the command: finds the subcommand, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys

from haversack.errors import HaversackError, UsageError

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line of this process."""
    try:
        import cyclopts  # noqa: F401  # only to tell whether the extra is there
    except ImportError:
        sys.exit('the command needs two more libraries: pip install "haversack[cli]"')
    from haversack.cli.app import app

    try:
        app()
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
