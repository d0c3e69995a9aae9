"""What keeps the two kinds apart: a key for real money meets the real exchange alone, and a paper key never meets it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from haversack.cli.profile.config import Config, Settings
from haversack.cli.profile.keys import public_key_in
from haversack.errors import UsageError
from haversack.rest.address import REST_URL, STREAM_URL, is_loopback, rest_address, stream_address


class KeyMisplaced(UsageError):
    """Keys and the exchange that they would be sent to do not belong together. Nothing was sent."""


def refuse_strangers(settings: Settings, url: str, stream_url: str) -> None:
    """Raise unless this is where a profile of that kind may send: live to the real exchange, sim to this machine."""
    if settings.kind == "live":
        if (url, stream_url) != (REST_URL, STREAM_URL):
            raise KeyMisplaced(f"live keys go to {REST_URL} and {STREAM_URL} alone, never to {url} or {stream_url}")
    elif not (is_loopback(rest_address(url).host) and is_loopback(stream_address(stream_url).host)):
        raise KeyMisplaced(f"the profile {settings.name} is a sim profile: it talks to this machine alone, never to {url}")


def refuse_shared_keys(config: Config, settings: Settings, public_key: str) -> None:
    """Raise if a profile of the other kind has the same keys: what one of them does with play money, the other does with real."""
    for other in config.profiles.values():
        if other.kind != settings.kind and public_key_in(Path(other["key_file"])) == public_key:
            raise KeyMisplaced(
                f"the profiles {settings.name} and {other.name} have the same keys: a key is for real money or for play money, "
                f"so give {settings.name if settings.kind == 'sim' else other.name} keys of its own (haversack init)"
            )


def refuse_live_keys(config: Config, public_keys: Iterable[str]) -> None:
    """Raise if one of these keys is a live profile's: a local exchange takes none of them."""
    given = set(public_keys)
    for profile in config.profiles.values():
        if profile.kind == "live" and public_key_in(Path(profile["key_file"])) in given:
            raise KeyMisplaced(f"a key of the profile {profile.name} is for real money: a local exchange does not take it")
