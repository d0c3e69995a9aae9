"""`haversack init` and `haversack config show`: keys, and settings with where they come from."""

from __future__ import annotations

import os
from pathlib import Path

from haversack.cli.here import Here
from haversack.cli.output.table import Column, Table, column, facts
from haversack.cli.profile.config import Setting
from haversack.cli.space import trouble
from haversack.credentials import Credentials, Secret
from haversack.errors import MissingCredentials, UsageError

_SECRET_CHARACTERS_MAX = 1_000
_TEMPLATE = """\
# Settings of the command haversack. Everything may be left out; what stands here is what holds without it.

# profile = "sim"
# output = "table"

# [profiles.sim]
# seed = 7
# idle = "15m"

# [profiles.live]
# order_notional_max = "1000"
# day_notional_max = "5000"
"""


def init(*, file: str | None = None, stdin: bool = False, replace: bool = False, here: Here) -> None:
    """Make or import the keys of a profile.

    A sim profile gets new keys: an account with play money. The keys of a live profile are those that the exchange gave you: they
    are taken from BACKPACK_API_KEY and BACKPACK_API_SECRET of the environment or of a file, or the secret alone is read from
    standard input or asked for. They are stored in a file that nobody else can read, never shown, and sent to the real exchange
    alone.

    Example: haversack init
    Example: haversack init -p live --file .env

    Parameters
    ----------
    file
        Take the keys from lines NAME=value of this file.
    stdin
        Take the secret from standard input.
    replace
        Put keys that are there aside, and store the new ones.
    """
    if file is not None and stdin:
        raise UsageError("give --file or --stdin, not both")
    profile = here.profile
    path = Path(profile.settings["key_file"])
    if path.exists() and not replace:
        raise UsageError(f"{path} is there already: --replace puts it aside as {path.name}.old")
    from haversack.cli.profile.keys import store_keys
    from haversack.cli.profile.separation import refuse_shared_keys

    secret = _secret(here, file, from_stdin=stdin)
    refuse_shared_keys(profile.config, profile.settings, Credentials.from_secret(secret).public_key)
    keys = store_keys(path, secret, profile.settings.kind, replace=replace)
    is_new = _begin_settings(profile.config.places.config)
    pairs = [
        ("profile", profile.name),
        ("kind", profile.settings.kind),
        ("public key", keys.public_key),
        ("key file", str(path)),
        ("settings", f"{profile.config.places.config}{' (new)' if is_new else ''}"),
    ]
    here.show(facts("Keys", pairs))


def config_show(*, origin: bool = False, here: Here) -> None:
    """Show the settings, and where each value comes from.

    Example: haversack config show --origin

    Parameters
    ----------
    origin
        Also where each value comes from.
    """
    config = here.profile.config
    rows = [Setting("file", str(config.places.config), config.places.config_origin), config.profile, config.output]
    for settings in config.profiles.values():
        rows += [Setting(f"profiles.{settings.name}.{each.name}", each.value, each.origin) for each in settings.values.values()]
    columns: tuple[Column, ...] = (column("setting", "name"), column("value"))
    if origin:
        columns += (column("origin"),)
    here.show(Table("Settings" if config.exists else "Settings (there is no file yet)", columns, rows))


def _secret(here: Here, file: str | None, *, from_stdin: bool) -> Secret:
    from haversack.cli.profile.keys import new_secret, secret_from, secret_in_file

    if file is not None:
        return secret_in_file(Path(file))
    if from_stdin:
        return Secret(here.around.stdin.readline(_SECRET_CHARACTERS_MAX).strip())
    if not here.profile.is_live:
        return new_secret()
    found = secret_from(here.around.environ)
    if found is None and here.around.stdin.isatty():
        from getpass import getpass

        found = Secret(getpass("The secret key, base64 (it is not shown): ").strip())
    if found is None:
        raise MissingCredentials(
            "a live profile gets the keys that the exchange gave you: set BACKPACK_API_KEY and BACKPACK_API_SECRET, or give "
            "--file or --stdin"
        )
    return found


def _begin_settings(path: Path) -> bool:
    """Write a file of settings that says what there is, if there is none; whether it was written."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(_TEMPLATE)
    except FileExistsError:
        return False
    except OSError as error:
        raise trouble(f"settings cannot be written to {path}", path, error) from None
    return True
