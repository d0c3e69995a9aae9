"""The blocking transport, over urllib3: one host, kept connections, no redirects, no proxies from the environment."""

from __future__ import annotations

import os
import ssl
from functools import partial
from http.client import HTTPException

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.response import BaseHTTPResponse

from haversack.errors import ConnectFailed, RequestFailed, UntrustedServer, UsageError
from haversack.rest.address import Address
from haversack.rest.bodies import BODY_BYTES_MAX, refuse_length, unpacked
from haversack.rest.http import HttpRequest, HttpResponse, check_timeout
from haversack.rest.proxy import Proxy

_CONNECTIONS_MAX = 32


class BlockingHttp:
    """Sends requests to one address. Safe to share between threads."""

    def __init__(self, address: Address, *, timeout_s: float, proxy: Proxy | None = None) -> None:
        check_timeout(timeout_s)
        self._new_pool = partial(_pool, address, urllib3.Timeout(connect=timeout_s, read=timeout_s), proxy)
        self._pool, self._process = self._new_pool(), os.getpid()
        self._url, self._path = address.url, address.path
        self._is_closed = False

    def __repr__(self) -> str:
        return f"BlockingHttp({self._url})"

    def __call__(self, request: HttpRequest, /) -> HttpResponse:
        if self._is_closed:
            raise UsageError("this client is closed")
        if os.getpid() != self._process:
            # A forked process has its parent's connections: each would read the answers to the other's requests.
            self._pool, self._process = self._new_pool(), os.getpid()
        try:
            return self._exchange(request)
        except _NotConnectedError as error:
            raise _not_connected(error.cause, self._url) from error
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            # urllib3 puts two texts into one error, which alone would be printed as a tuple.
            why = " ".join(map(str, error.args)) if isinstance(error, ProtocolError) else str(error)
            raise RequestFailed(f"no answer from {self._url}: {why}") from error

    def close(self) -> None:
        """Close the connections. Nothing can be sent afterwards."""
        self._is_closed = True
        self._pool.close()

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        response = self._pool.urlopen(
            request.method,
            self._path + request.target,
            body=request.body,
            headers=request.headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )
        try:
            headers = response.headers
            refuse_length(response.length_remaining or 0)
            body = response.read(BODY_BYTES_MAX + 1, decode_content=False)
            refuse_length(len(body))
            if response.length_remaining:
                raise RequestFailed("the answer ended too early")
            return HttpResponse(response.status, headers, unpacked(body, headers.get("content-encoding", "")))
        except BaseException:
            # A connection with the rest of an answer in it must not serve the next request.
            _discard(response)
            raise


def _pool(address: Address, timeout: urllib3.Timeout, proxy: Proxy | None) -> urllib3.HTTPConnectionPool:
    # More threads than that still get connections; those are closed after use instead of kept.
    if proxy is None:
        kind = _EncryptedPool if address.is_encrypted else _PlainPool
        return kind(address.host, address.port, timeout=timeout, maxsize=_CONNECTIONS_MAX)
    manager = urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers(), timeout=timeout, maxsize=_CONNECTIONS_MAX)
    # A dictionary of our own: all managers of a process share the one that was here.
    manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": _EncryptedPool}
    return manager.connection_from_host(address.host, address.port, scheme=address.scheme)


def _discard(response: BaseHTTPResponse) -> None:
    connection = response.connection
    response.close()
    if connection is not None:
        connection.close()


class _NotConnectedError(Exception):
    """Failed before there was a connection, for any reason. It is no OSError, so that urllib3 lets it through as it is."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _Connects:
    """Marks the failures of connecting, which are the only ones after which nothing can have been sent."""

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        except Exception as error:
            raise _NotConnectedError(error) from error


class _PlainConnection(_Connects, HTTPConnection):
    pass


class _EncryptedConnection(_Connects, HTTPSConnection):
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection  # pyright: ignore[reportAssignmentType]


class _EncryptedPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _EncryptedConnection  # pyright: ignore[reportAssignmentType]


def _not_connected(cause: Exception, url: str) -> ConnectFailed:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return UntrustedServer(f"the TLS certificate of {url} was refused: {cause}")
    # urllib3 puts the connection's repr in front; what it was raised from says the reason alone.
    reason = cause.__cause__ or cause
    return ConnectFailed(f"no connection to {url}: {getattr(reason, 'strerror', None) or reason}")
