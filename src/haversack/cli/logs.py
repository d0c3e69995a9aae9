"""`haversack exchange logs`: what an exchange that runs in the background has said."""

from __future__ import annotations

from pathlib import Path

from haversack.cli.operate import DATA, check_folder
from haversack.cli.output.escape import visible
from haversack.errors import UsageError

_LINES = 100


def logs(*, data: Path = DATA, lines: int = _LINES) -> None:
    """Print what the exchange of a sim profile has said, newest last. One that you serve yourself says it where it runs.

    Example: haversack exchange logs --data ~/.local/share/haversack/sim

    Parameters
    ----------
    data
        Folder of the exchange, as `haversack sim` names it.
    lines
        How many, the newest ones.
    """
    check_folder(data)
    from haversack.cli.profile.sim import LOG_NAME

    if lines < 1:
        raise UsageError(f"--lines must be 1 or more, found {lines}")
    log = data / LOG_NAME
    if not log.exists():
        raise UsageError(f"there is no log in {data}: an exchange that you serve yourself says it where it runs")
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]:
        print(visible(line))
