"""Where to send: an address is checked once, so that keys and orders never travel unencrypted or to a host by mistake."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from haversack.errors import UsageError

REST_URL = "https://api.backpack.exchange"
STREAM_URL = "wss://ws.backpack.exchange"

_PORTS = {"https": 443, "http": 80, "wss": 443, "ws": 80}
_ENCRYPTED = ("https", "wss")
# Only what needs no interpretation: names in plain ASCII, no user, no escapes, no query.
_ADDRESS = re.compile(
    r"(?P<scheme>[a-z]+)://"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~-]{0,100}){0,10})",
)


class Address(NamedTuple):
    """A checked address."""

    scheme: str
    host: str
    """Without the brackets of an IPv6 literal."""
    port: int
    path: str
    """Stands in front of every path; empty for the exchange itself."""

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme in _ENCRYPTED

    @property
    def url(self) -> str:
        """The whole address, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def rest_address(url: str) -> Address:
    """An address for requests: https, or http on this machine."""
    return _checked(url, "base_url", ("https", "http"))


def stream_address(url: str) -> Address:
    """An address for streams: wss, or ws on this machine."""
    return _checked(url, "stream_url", ("wss", "ws"))


def stream_url_of(stream_url: str | None, base_url: str) -> str | None:
    """The address of a client's streams: the one given, or the real one for a client of the real exchange, or not known."""
    if stream_url is not None:
        return stream_address(stream_url).url
    return STREAM_URL if base_url == REST_URL else None


def known_stream_url(stream_url: str | None, base_url: str) -> str:
    """The same, or a UsageError: a client of another exchange must not get its streams from the real one by mistake."""
    if stream_url is None:
        raise UsageError(f"where the streams of {base_url} come from is not known: give the client stream_url as well")
    return stream_url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its literal or by the name localhost; no other name is looked up."""
    try:
        literal = ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    # ::ffff:127.0.0.1 is loopback for Python 3.13 and not for 3.11: nobody writes it for a good reason.
    return literal.is_loopback and (isinstance(literal, IPv4Address) or literal.ipv4_mapped is None)


def _checked(url: str, what: str, schemes: tuple[str, str]) -> Address:
    found = _ADDRESS.fullmatch(url)
    if found is None or found["scheme"] not in schemes:
        # A user and a password may stand in front of an @: they are not shown.
        shown = "an address with a user or password" if "@" in url else repr(url[:200])
        wanted = f"{schemes[0]}://host or {schemes[0]}://host:port, without user, query, fragment or escapes"
        raise UsageError(f"{what} must be {wanted}; found {shown}")
    address = Address(found["scheme"], found["host"].strip("[]"), _port(found, what), found["path"].rstrip("/"))
    if found["host"].startswith("[") and not _is_literal(address.host):
        raise UsageError(f"{what} must name a host, found {url!r}")
    if not address.is_encrypted and not is_loopback(address.host):
        raise UsageError(f"{what} must be {schemes[0]}:// unless it is this machine, found {url!r}")
    return address


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _port(found: re.Match[str], what: str) -> int:
    port = int(found["port"] or _PORTS[found["scheme"]])
    if not 0 < port < 65_536:
        raise UsageError(f"{what} must have a port of 1 to 65535, found {port}")
    return port
