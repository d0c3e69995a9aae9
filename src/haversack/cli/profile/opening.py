"""A profile by its name, and its clients."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from haversack.cli.profile.config import Config, Settings, read_config
from haversack.cli.profile.places import places
from haversack.cli.profile.separation import refuse_shared_keys, refuse_strangers
from haversack.errors import HaversackError, UsageError
from haversack.rest.address import REST_URL, STREAM_URL

if TYPE_CHECKING:
    from haversack.client.aio import AsyncClient
    from haversack.client.blocking import Client
    from haversack.credentials import Credentials


class Address(NamedTuple):
    """Where an exchange answers."""

    url: str
    stream_url: str


def open_profile(
    name: str | None = None, *, environ: Mapping[str, str] | None = None, transport: Mapping[str, Any] | None = None
) -> Profile:
    """The profile of that name; without one, the profile that the user has chosen: `sim`, unless the settings say otherwise.

    Nothing is started and nothing sent before a client is asked for. Errors: UsageError for a name that is not known, and for
    settings that cannot be read. `transport`: what clients are made with besides, such as an `http` of a test's own.
    """
    environ = os.environ if environ is None else environ
    config = read_config(places(environ), environ)
    return Profile(config, config.of(name), environ, transport=transport)


class Profile:
    """One exchange with one user's keys."""

    def __init__(
        self,
        config: Config,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        transport: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = config
        self.settings = settings
        self._environ = environ
        self._transport: Mapping[str, Any] = transport or {}
        self._address: Address | None = None

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.settings.name

    @property
    def is_live(self) -> bool:
        """Whether this is the real exchange, with real money."""
        return self.settings.kind == "live"

    @property
    def address(self) -> Address:
        """Where its exchange answers; the local one is started if it does not run."""
        if self._address is None:
            self._address = Address(REST_URL, STREAM_URL) if self.is_live else self._local_address()
        return self._address

    def credentials(self) -> Credentials | None:
        """Its keys. A sim profile without any gets some; a live profile without any has None, and reads public data.

        A live profile without a key file takes what the environment has; a sim profile never looks there.
        """
        from haversack.cli.profile.keys import keys_of_environment, load_keys, new_secret, store_keys

        keys = load_keys(self.settings)
        if keys is None and self.is_live:
            keys = keys_of_environment(self._environ)
        elif keys is None:
            try:
                keys = store_keys(Path(self.settings["key_file"]), new_secret(), self.settings.kind)
            except UsageError:
                # Another command made some just now.
                keys = load_keys(self.settings)
                if keys is None:
                    raise
        if keys is not None:
            refuse_shared_keys(self.config, self.settings, keys.public_key)
        return keys

    def client(self, *, signed: bool = True) -> Client:
        """A blocking client of its exchange; not `signed` leaves the keys out, which public data need not."""
        from haversack.client.blocking import Client

        return Client(**self._arguments(signed=signed))

    def async_client(self, *, signed: bool = True) -> AsyncClient:
        """An async client of its exchange."""
        from haversack.client.aio import AsyncClient

        return AsyncClient(**self._arguments(signed=signed))

    def end_of_exchange(self) -> HaversackError | None:
        """Why the local exchange that it started is gone, if that is known."""
        if self.is_live or self.settings["url"]:
            return None
        from haversack.cli.profile.sim import end_of

        return end_of(Path(self.settings["data"]))

    def _arguments(self, *, signed: bool) -> dict[str, Any]:
        url, stream_url = self.address
        refuse_strangers(self.settings, url, stream_url)
        credentials = self.credentials() if signed else None
        timeout_s = float(self.settings["timeout_s"])
        return {"credentials": credentials, "base_url": url, "stream_url": stream_url, "timeout_s": timeout_s, **self._transport}

    def _local_address(self) -> Address:
        url = self.settings["url"]
        if url:
            return Address(url, url.replace("http", "ws", 1))
        from haversack.cli.profile.sim import ensure

        return ensure(self.settings)
