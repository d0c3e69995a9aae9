"""`haversack exchange stop`: end the exchange that runs on a folder."""

from __future__ import annotations

from pathlib import Path

from haversack.cli.operate import DATA, check_folder


def stop(*, data: Path = DATA) -> None:
    """End the exchange that runs on a folder. Started again there, it continues where it stopped.

    Example: haversack exchange stop --data ./exchange

    Parameters
    ----------
    data
        Folder of the exchange.
    """
    check_folder(data)
    from haversack.cli.profile.sim import stop as end

    print(f"the exchange on {data} was stopped" if end(data) else f"no exchange runs on {data}")
