"""The async transport, over aiohttp: one host, kept connections, no redirects, cookies or proxies from the environment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from aiohttp.connector import Connection
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from haversack.errors import ConnectFailed, RequestFailed, TransportError, UntrustedServer, UsageError
from haversack.rest.address import Address
from haversack.rest.bodies import refuse_length, unpacked
from haversack.rest.http import HttpRequest, HttpResponse, check_timeout
from haversack.rest.proxy import Proxy

_CONNECTIONS_MAX = 100
_IDLE_S = 30.0
_NO_HEADERS = CIMultiDictProxy(CIMultiDict[str]())


class AsyncHttp:
    """Sends requests to one address, in the event loop of its first request."""

    def __init__(self, address: Address, *, timeout_s: float, proxy: Proxy | None = None) -> None:
        check_timeout(timeout_s)
        self._url = address.url
        self._timeout_s = timeout_s
        self._proxy = None if proxy is None else URL(proxy.url)
        self._proxy_headers = {} if proxy is None else proxy.headers()
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    def __repr__(self) -> str:
        return f"AsyncHttp({self._url})"

    async def __call__(self, request: HttpRequest, /) -> HttpResponse:
        session = self._session_here()
        url = URL(self._url + request.target, encoded=True)
        try:
            async with session.request(
                request.method,
                url,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
            ) as response:
                headers = response.headers
                body = await (response.read() if _is_short(headers) else _bounded(response))
                return HttpResponse(response.status, headers, unpacked(body, headers.get("content-encoding", "")))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _translated(error, self._url) from _without_headers(error)

    async def close(self) -> None:
        """Close the connections. Nothing can be sent afterwards."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()

    def _session_here(self) -> aiohttp.ClientSession:
        if self._is_closed:
            raise UsageError("this client is closed")
        loop = asyncio.get_running_loop()
        if self._session is None:
            self._session, self._loop = _new_session(self._timeout_s), loop
        if loop is not self._loop:
            raise UsageError("an AsyncClient belongs to the event loop of its first request: make one in each loop")
        return self._session


class _UnaskedAnswerError(aiohttp.ClientConnectionError):
    """A kept connection held an answer already. Nothing was sent on it."""


class _OnCleanConnection(aiohttp.ClientRequest):
    """Is sent only where no answer waits that nobody asked for: it would be taken for the answer to this request."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        if conn.protocol is not None and conn.protocol.should_close:
            raise _UnaskedAnswerError("the server sent an answer that nobody asked for")
        return await super().send(conn)


def _new_session(timeout_s: float) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS_MAX, keepalive_timeout=_IDLE_S),
        timeout=aiohttp.ClientTimeout(total=None, connect=timeout_s, sock_connect=timeout_s, sock_read=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        request_class=_OnCleanConnection,
        auto_decompress=False,
    )
    # aiohttp sends a DELETE again when a kept connection drops, and a cancel-all that came twice could take new orders.
    session._retry_connection = False  # pyright: ignore[reportPrivateUsage]
    return session


def _is_short(headers: Mapping[str, str]) -> bool:
    """Whether an answer says how long it is, and that is not too long; aiohttp reads no more than that."""
    length = headers.get("content-length")
    if length is None or not length.isdecimal():
        return False
    refuse_length(int(length))
    return True


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        refuse_length(len(body))
    return bytes(body)


def _without_headers(error: Exception) -> Exception:
    """The same error. Some of aiohttp's show in their repr all headers of the request, and with them what signs it."""
    if isinstance(error, aiohttp.ClientResponseError):
        about = error.request_info
        error.request_info = aiohttp.RequestInfo(about.url, about.method, _NO_HEADERS, about.real_url)
        error.args = (error.request_info, error.history)
    return error


_NOTHING_SENT = aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.ClientHttpProxyError | _UnaskedAnswerError


def _translated(error: Exception, url: str) -> TransportError:
    text = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return UntrustedServer(f"the TLS certificate of {url} was refused: {text}")
    if isinstance(error, _NOTHING_SENT):
        return ConnectFailed(f"no connection to {url}: {text}")
    return RequestFailed(f"no answer from {url}: {text}")
