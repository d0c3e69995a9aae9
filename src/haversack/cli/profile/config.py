"""The file of settings: one TOML file, in which everything is optional, and where each value comes from.

    profile = "sim"
    output = "table"

    [profiles.sim]
    seed = 7

    [profiles.live]
    order_notional_max = "250"

A name that is not known is refused: a limit with a slip of the pen in its name must not be as good as none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import msgspec

from haversack.cli.profile.places import Places
from haversack.cli.spans import span_us
from haversack.errors import UsageError
from haversack.rest.address import is_loopback, rest_address
from haversack.units import to_decimal

Kind: TypeAlias = Literal["sim", "live"]
KINDS: tuple[Kind, ...] = ("sim", "live")
FORMATS = ("table", "json", "ndjson", "csv")

_is_name = re.compile(r"[a-z][a-z0-9_-]{0,31}").fullmatch
_DEFAULT = "default"
_COMMON: Mapping[str, Any] = {"key_file": "", "timeout_s": 10}
_DEFAULTS: Mapping[Kind, Mapping[str, Any]] = {
    "sim": {**_COMMON, "url": "", "data": "", "seed": 7, "idle": "15m"},
    "live": {**_COMMON, "order_notional_max": "1000", "day_notional_max": "5000", "allow_uncounted": False, "top_orders": False},
}
_VARIABLES = {"profile": "HAVERSACK_PROFILE", "output": "HAVERSACK_OUTPUT"}


class Setting(msgspec.Struct, frozen=True):
    """One value, and where it comes from."""

    name: str
    value: Any
    origin: str


class Settings(msgspec.Struct, frozen=True):
    """Those of one profile."""

    name: str
    kind: Kind
    values: dict[str, Setting]

    def __getitem__(self, name: str) -> Any:
        return self.values[name].value


class Config(msgspec.Struct, frozen=True):
    """What the file says, completed by what holds without it."""

    places: Places
    exists: bool
    profile: Setting
    """Name of the profile that is used if none is named."""
    output: Setting
    profiles: dict[str, Settings]

    def of(self, name: str | None) -> Settings:
        """The settings of a profile; of the chosen one if no name is given."""
        wanted = self.profile.value if name is None else name
        found = self.profiles.get(wanted)
        if found is None:
            raise UsageError(f"there is no profile {wanted!r}: there are {', '.join(self.profiles)}")
        return found


def read_config(places: Places, environ: Mapping[str, str]) -> Config:
    """The settings that hold now; a UsageError says what is wrong with the file, in one line."""
    said = _read(places.config)
    where = str(places.config)
    _only_known(said, ("profile", "output", "profiles"), where)
    tables = _table(said.get("profiles", {}), f"profiles in {where}")
    names = dict.fromkeys([*KINDS, *tables])
    profiles = {name: _settings(name, _table(tables.get(name, {}), f"[profiles.{name}] in {where}"), places) for name in names}
    return Config(
        places=places,
        exists=places.config.exists(),
        profile=_top("profile", "sim", tuple(profiles), said=said, where=(environ, where)),
        output=_top("output", "table", FORMATS, said=said, where=(environ, where)),
        profiles=profiles,
    )


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"the settings in {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the settings in {path} are no TOML: {error}") from None


def _top(
    name: str, default: str, allowed: tuple[str, ...], *, said: Mapping[str, Any], where: tuple[Mapping[str, str], str]
) -> Setting:
    environ, path = where
    setting = Setting(name, default, _DEFAULT)
    if name in said:
        setting = Setting(name, said[name], path)
    if environ.get(_VARIABLES[name]):
        setting = Setting(name, environ[_VARIABLES[name]], f"the environment's {_VARIABLES[name]}")
    if setting.value not in allowed:
        raise UsageError(f"{name} must be one of {', '.join(allowed)}, found {setting.value!r} in {setting.origin}")
    return setting


def _settings(name: str, table: Mapping[str, Any], places: Places) -> Settings:
    where = f"[profiles.{name}] in {places.config}"
    if not _is_name(name):
        raise UsageError(f"a profile's name is small letters, digits, - and _, found {name!r} in {places.config}")
    kind = table.get("kind", name if name in KINDS else None)
    if kind not in KINDS or (name in KINDS and kind != name):
        raise UsageError(f'kind must be "sim" or "live", and that of sim and live is their own, found {kind!r} ({where})')
    defaults = {**_DEFAULTS[kind]}
    defaults["key_file"] = str(places.keys / f"{name}.key")
    if "data" in defaults:
        defaults["data"] = str(places.data / name)
    _only_known(table, ("kind", *defaults), where)
    values = {"kind": Setting("kind", kind, str(places.config) if "kind" in table else _DEFAULT)}
    for key, default in defaults.items():
        values[key] = (
            Setting(key, _checked(key, table[key], where), str(places.config))
            if key in table
            else Setting(key, default, _DEFAULT)
        )
    return Settings(name, kind, values)


def _checked(key: str, value: Any, where: str) -> Any:
    """The value, if it is one that the setting can have."""
    wanted = _WANTED.get(key, str)
    if type(value) is not wanted:
        quoted = " in quotation marks" if wanted is str else ""
        raise UsageError(f"{key} must be a {_SAID[wanted]}{quoted}, found {value!r} ({where})")
    check = _CHECKS.get(key)
    try:
        complaint = check(value) if check is not None else ""
    except UsageError as error:
        raise UsageError(f"{key} = {value!r}: {error} ({where})") from None
    if complaint:
        raise UsageError(f"{key} must be {complaint}, found {value!r} ({where})")
    return str(Path(str(value)).expanduser().absolute()) if key in ("data", "key_file") else value


def _notional(value: str) -> str:
    return "" if to_decimal(value, "the limit") > 0 else "above 0"


def _wait(value: int) -> str:
    return "" if 0 < value <= 600 else "1 to 600"


def _idle(value: str) -> str:
    return "" if span_us(value, "idle") > 0 else "a time such as 15m"


def _url(value: str) -> str:
    return "" if is_loopback(rest_address(value).host) else "on this machine"


_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "order_notional_max": _notional,
    "day_notional_max": _notional,
    "timeout_s": _wait,
    "idle": _idle,
    "url": _url,
}
_WANTED: Mapping[str, type] = {"seed": int, "timeout_s": int, "allow_uncounted": bool, "top_orders": bool}
_SAID: Mapping[type, str] = {int: "whole number", bool: "true or false", str: "text"}


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{where} must be a table, found {value!r}")
    return cast("Mapping[str, Any]", value)


def _only_known(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    strangers = [name for name in table if name not in known]
    if strangers:
        raise UsageError(f"{strangers[0]!r} is no setting of {where}: there are {', '.join(known)}")
