"""`haversack sim`: the local exchange of a profile, which other commands start when they need it."""

from __future__ import annotations

from pathlib import Path

from haversack.cli.here import Here
from haversack.cli.output.table import facts
from haversack.errors import UsageError


def status(*, here: Here) -> None:
    """Say whether the local exchange of a profile runs, and where.

    Its folder is what `haversack exchange` commands want to know: `haversack exchange clock --data FOLDER`.

    Example: haversack sim
    """
    from haversack.exchange.control.place import find

    folder = _folder(here)
    found = find(folder)
    pairs = [
        ("running", found is not None),
        ("url", found.url if found else None),
        ("stream url", found.stream_url if found else None),
        ("process", found.pid if found else None),
        ("folder", str(folder)),
        ("stops when idle for", here.profile.settings["idle"]),
    ]
    here.show(facts(f"Local exchange of {here.profile.name}", pairs))


def start(*, here: Here) -> None:
    """Start the local exchange of a profile, if it does not run.

    Example: haversack sim start
    """
    _folder(here)
    here.announce()
    status(here=here)


def stop(*, here: Here) -> None:
    """Stop the local exchange of a profile. Started again, it continues where it stopped.

    Example: haversack sim stop
    """
    from haversack.cli.profile.sim import stop as end

    folder = _folder(here)
    was_running = end(folder)
    here.note(f"[{here.profile.name}] {'stopped' if was_running else 'it did not run'}: {folder}")


def _folder(here: Here) -> Path:
    settings = here.profile.settings
    if settings.kind == "live":
        raise UsageError(f"{settings.name} is a live profile: the real exchange is neither started nor stopped from here")
    if settings["url"]:
        raise UsageError(f"{settings.name} uses an exchange that you run yourself, at {settings['url']}")
    return Path(settings["data"])
