"""What a web page in the user's browser could send to a local exchange, and that it is refused.

A page can reach loopback through a rebound name, through a form or with fetch. Its Host then is not this listener's, or it says
where it comes from; programs say neither. There are no cookies and no CORS headers, and bodies must be JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from haversack.exchange.messages import Refused

_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_FETCH_SITES = frozenset({"none", "same-origin"})
_TELLING = frozenset({"host", "origin", "sec-fetch-site"})
"""Headers that tell where a request comes from and whom it means."""


def check_sender(target: str, headers: Sequence[tuple[str, str]], port: int) -> None:
    """Refuse a request that did not come from a program that means this listener. Header names are in lower case."""
    if not target.startswith("/") or target.startswith("//"):
        raise _forbidden("the request's target must be a path")
    told = [(name, value.strip()) for name, value in headers if name in _TELLING]
    hosts = _values(told, "host")
    if len(hosts) != 1 or hosts[0].lower() not in _own_hosts(port):
        raise _forbidden(f"Host must be 127.0.0.1:{port} or localhost:{port}, found {', '.join(hosts) or 'none'}")
    own_origins = _own_origins(port)
    if any(origin.lower() not in own_origins for origin in _values(told, "origin")):
        raise _forbidden("requests from web pages are refused: Origin is not this listener's own")
    if any(site.lower() not in _FETCH_SITES for site in _values(told, "sec-fetch-site")):
        raise _forbidden("requests from other sites are refused")


@cache
def _own_hosts(port: int) -> frozenset[str]:
    with_port = frozenset(f"{host}:{port}" for host in _HOSTS)
    return with_port | frozenset(_HOSTS) if port == 80 else with_port


@cache
def _own_origins(port: int) -> frozenset[str]:
    return frozenset(f"http://{host}" for host in _own_hosts(port))


def _values(headers: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key == name]


def _forbidden(text: str) -> Refused:
    return Refused.by_framework(403, text)
