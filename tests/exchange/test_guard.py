"""Requests that a web page could make are refused before they reach a route; a program's requests pass."""

from __future__ import annotations

import pytest

from haversack.exchange.guard import check_sender
from haversack.exchange.messages import Refused

PORT = 8787
HOST = ("host", f"127.0.0.1:{PORT}")


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"])
def test_a_program_on_this_machine_passes(host: str) -> None:
    check_sender("/api/v1/time", [("host", host)], PORT)


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        f"evil.com:{PORT}",
        f"127.0.0.1.evil.com:{PORT}",
        f"0.0.0.0:{PORT}",
        f"[::ffff:127.0.0.1]:{PORT}",
        "127.0.0.1",
        "127.0.0.1:80",
        f"127.0.0.1:{PORT}@evil.com",
        f"user@127.0.0.1:{PORT}",
        f"127.1:{PORT}",
        "",
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    with pytest.raises(Refused) as refused:
        check_sender("/api/v1/time", [("host", host)], PORT)
    assert refused.value.reply.status == 403


def test_a_missing_host_and_two_hosts_are_refused() -> None:
    for headers in ([], [HOST, HOST]):
        with pytest.raises(Refused):
            check_sender("/api/v1/time", headers, PORT)


@pytest.mark.parametrize("target", ["http://127.0.0.1:8787/api/v1/time", "//evil.com/", "*", "evil.com:80", ""])
def test_a_target_that_is_no_path_is_refused(target: str) -> None:
    with pytest.raises(Refused):
        check_sender(target, [HOST], PORT)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.com", "null", "http://evil.com:8787", "http://127.0.0.1:3000", "http://localhost", "https://127.0.0.1:8787"],
)
def test_another_origin_is_refused(origin: str) -> None:
    with pytest.raises(Refused):
        check_sender("/api/v1/time", [HOST, ("origin", origin)], PORT)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8787", "http://localhost:8787"])
def test_the_own_origin_passes_because_some_libraries_send_it(origin: str) -> None:
    check_sender("/", [HOST, ("origin", origin)], PORT)


@pytest.mark.parametrize(("site", "passes"), [("cross-site", False), ("same-site", False), ("same-origin", True), ("none", True)])
def test_a_page_of_another_site_is_refused(site: str, passes: bool) -> None:
    headers = [HOST, ("sec-fetch-site", site)]
    if passes:
        check_sender("/api/v1/time", headers, PORT)
        return
    with pytest.raises(Refused):
        check_sender("/api/v1/time", headers, PORT)
