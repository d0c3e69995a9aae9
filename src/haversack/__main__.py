"""`python -m haversack` is the command `haversack`."""

import sys


def main() -> None:
    """Run the command line of this process; Ctrl-C ends it without a traceback even while the command is being loaded."""
    try:
        from haversack.cli.main import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
