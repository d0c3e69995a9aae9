"""Where this machine's user keeps settings, data and what is remembered between two commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

CONFIG_VARIABLE = "HAVERSACK_CONFIG"
_OF_WINDOWS = {"config": "APPDATA", "data": "LOCALAPPDATA", "state": "LOCALAPPDATA"}
_BELOW_HOME = {"config": ".config", "data": ".local/share", "state": ".local/state"}


class Places(msgspec.Struct, frozen=True):
    """Files and folders. None of them need exist."""

    config: Path
    """The file of settings."""
    config_origin: str
    """Why it is that one."""
    data: Path
    """Folder of what local exchanges hold."""
    state: Path
    """Folder of what can be lost without harm, and of what was spent today."""

    @property
    def keys(self) -> Path:
        """Folder of key files."""
        return self.config.parent / "keys"


def places(environ: Mapping[str, str] | None = None) -> Places:
    """The places that an environment names; those of the platform where it names none."""
    names = os.environ if environ is None else environ
    named = names.get(CONFIG_VARIABLE)
    config = Path(named).expanduser().absolute() if named else _folder("config", names) / "config.toml"
    origin = f"the environment's {CONFIG_VARIABLE}" if named else "the platform's folder for settings"
    return Places(config, origin, _folder("data", names), _folder("state", names))


def _folder(what: str, environ: Mapping[str, str]) -> Path:
    named = environ.get(f"XDG_{what.upper()}_HOME", "")
    # A relative path there is to be ignored, says the XDG specification.
    if os.path.isabs(named):
        return Path(named) / "haversack"
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    if sys.platform == "win32":
        return Path(environ.get(_OF_WINDOWS[what]) or home) / "haversack"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "haversack"
    return home / _BELOW_HOME[what] / "haversack"
