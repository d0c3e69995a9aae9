"""`haversack exchange verify`: is what an exchange left in its folder sound?"""

from __future__ import annotations

import sys
from pathlib import Path

from haversack.cli.operate import DATA, check_folder
from haversack.errors import UsageError


def verify(folder: Path | None = None, /, *, data: Path | None = None, listing: Path | None = None) -> None:
    """Check an exchange's folder: the journal, and the snapshots and histories against it. The exchange must be stopped.

    It prints what was checked, what could not be and what is wrong, changes nothing, and ends with 1 if anything is wrong.

    Example: haversack exchange verify --data ./exchange

    Parameters
    ----------
    folder
        The folder once more, as it may be given without --data.
    data
        Folder of the exchange; haversack-data if none is given.
    listing
        File of markets and assets that the exchange was started with, if it was not the package's own.
    """
    from haversack.exchange.launch import listing_bytes
    from haversack.exchange.listing import Listing
    from haversack.exchange.verify import verify as check

    if folder is not None and data is not None:
        raise UsageError(f"give the folder once: as {folder}, or by --data {data}")
    place = folder or data or DATA
    check_folder(place)
    report = check(place, Listing.load(listing), listing_bytes(listing))
    for word, texts in (("checked", report.sound), ("not checked", report.unchecked), ("WRONG", report.wrong)):
        for text in texts:
            print(f"{word}: {text}")
    if report.wrong:
        sys.exit(1)
    print("everything that was checked is sound")
