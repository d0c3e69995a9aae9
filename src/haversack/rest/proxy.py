"""A proxy, if the user names one: the connection to the exchange is tunnelled through it, encrypted from end to end."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import unquote, urlsplit

from haversack.credentials import Secret
from haversack.errors import UsageError
from haversack.rest.address import Address


class Proxy:
    """`http://host:port`, or `http://user:password@host:port`. The environment's proxies are never asked."""

    def __init__(self, url: Secret | str) -> None:
        # The name is bound anew, so that a traceback that shows the variables of this function shows no password.
        url = url if isinstance(url, Secret) else Secret(url)
        host, port = _host_and_port(url)
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._login = _login(url)

    def headers(self) -> dict[str, str]:
        """What the proxy is told, and nobody else."""
        if self._login is None:
            return {}
        return {"Proxy-Authorization": "Basic " + b64encode(self._login.reveal().encode()).decode()}

    def __repr__(self) -> str:
        return f"Proxy({self.url})"


def checked_proxy(url: Secret | str | None, address: Address) -> Proxy | None:
    """The proxy for an address, if there is one."""
    if url is None:
        return None
    if not address.is_encrypted:
        raise UsageError(f"a proxy is for https:// alone, as it would read all that goes to {address.url}")
    return Proxy(url)


def _host_and_port(url: Secret) -> tuple[str, int]:
    wanted = UsageError("proxy must be http://host:port, with user:password@ in front of the host if it asks for them")
    try:
        found = urlsplit(url.reveal())
        host, port = found.hostname, found.port
    except ValueError:
        raise wanted from None
    if found.scheme != "http" or not host or not port or found.path.strip("/") or found.query or found.fragment:
        raise wanted
    return host, port


def _login(url: Secret) -> Secret | None:
    found = urlsplit(url.reveal())
    if found.username is None:
        return None
    return Secret(f"{unquote(found.username)}:{unquote(found.password or '')}")
