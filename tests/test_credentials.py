"""Where keys come from, and that the secret half shows nowhere."""

from __future__ import annotations

import base64
import copy
import json
import logging
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from haversack.client.blocking import Client
from haversack.credentials import Credentials, Secret
from haversack.errors import ApiError, InvalidCredentials, MissingCredentials
from haversack.rest.http import HttpRequest, HttpResponse

PUBLIC = "zDIJj9qneWIY0IYZ5aXoHcNMCm+XDhVcTssiT0HyY0A="
SECRET = "4odxgSUxFrC/zsKWZF4OQwYAgnNu9hnWH3NxWfLAPz4="
OTHER = "5+yQgwU0ZdJ/9s+GXfuPFfo7yQQpl9CgvQedJXne30o="
NAMES = [("BACKPACK_API_KEY", "BACKPACK_API_SECRET"), ("PUBLIC_KEY", "SECRET_KEY")]


@pytest.fixture(autouse=True)
def no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (name for pair in NAMES for name in pair):
        monkeypatch.delenv(name, raising=False)


def test_keys_from_arguments() -> None:
    assert Credentials(PUBLIC, SECRET).public_key == PUBLIC
    assert Credentials(f" {PUBLIC}\n", Secret(f"{SECRET}\n")).public_key == PUBLIC


@pytest.mark.parametrize(("public_name", "secret_name"), NAMES)
def test_keys_from_the_environment(public_name: str, secret_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(public_name, PUBLIC)
    monkeypatch.setenv(secret_name, SECRET)
    assert Credentials.from_env().public_key == PUBLIC


@pytest.mark.parametrize(("public_name", "secret_name"), NAMES)
@pytest.mark.writes_secrets
def test_keys_from_a_file(public_name: str, secret_name: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"# mine\nexport {public_name}={PUBLIC}\n{secret_name} = '{SECRET}'\nOTHER=1\n")
    file.chmod(0o600)
    assert Credentials.from_file(file).public_key == PUBLIC


@pytest.mark.writes_secrets
def test_file_is_read_only_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"PUBLIC_KEY={PUBLIC}\nSECRET_KEY={SECRET}\n")
    (tmp_path / ".env").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingCredentials):
        Credentials.from_env()
    assert Credentials.from_file().public_key == PUBLIC


@pytest.mark.parametrize("missing", ["PUBLIC_KEY", "SECRET_KEY"])
def test_half_a_pair_says_which_half_is_missing(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PUBLIC_KEY", PUBLIC), ("SECRET_KEY", SECRET)):
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(MissingCredentials, match=f"not {missing}"):
        Credentials.from_env()


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems say in the mode who may read a file")
@pytest.mark.parametrize("mode", [0o640, 0o644, 0o604, 0o660, 0o666, 0o777, 0o610])
@pytest.mark.writes_secrets
def test_file_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"PUBLIC_KEY={PUBLIC}\nSECRET_KEY={SECRET}\n")
    file.chmod(mode)
    with pytest.raises(InvalidCredentials, match=rf"mode {mode:o}\): run chmod 600 ") as refused:
        Credentials.from_file(file)
    assert SECRET not in str(refused.value)
    for own in (0o600, 0o400, 0o700):
        file.chmod(own)
        assert Credentials.from_file(file).public_key == PUBLIC


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingCredentials, match="nowhere"):
        Credentials.from_file(tmp_path / "nowhere")


def test_keys_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(InvalidCredentials, match="check both") as caught:
        Credentials(OTHER, SECRET)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "hunter2", SECRET[:-1], SECRET + "AAAA", "ä" * 44, "A" * 43 + "!"])
def test_malformed_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(InvalidCredentials) as caught:
        Credentials(PUBLIC, secret)
    assert not secret or secret not in str(caught.value)


def test_signer_that_lives_elsewhere_signs() -> None:
    signed: list[bytes] = []

    def sign(message: bytes) -> bytes:
        signed.append(message)
        return b"\x07" * 64

    assert Credentials.from_signer(PUBLIC, sign).sign(b"x") == b"\x07" * 64
    assert signed == [b"x"]


def test_generated_keys_are_new_each_time() -> None:
    assert Credentials.generate().public_key != Credentials.generate().public_key


def refuses(request: HttpRequest, /) -> HttpResponse:
    return HttpResponse(400, {}, b'{"code":"INVALID_CLIENT_REQUEST","message":"Invalid signature"}')


def shows(credentials: Credentials) -> list[str]:
    """What may end up before somebody's eyes."""
    client = Client(credentials, http=refuses)
    texts = [f(x) for f in (repr, str, format) for x in (credentials, Secret(SECRET), client, client.orders, client.orders.place)]
    try:
        client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="1", quantity="1")
    except ApiError as error:
        texts.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    mistakes: list[Callable[[], object]] = [
        lambda: Credentials(OTHER, SECRET),
        lambda: Credentials(PUBLIC, SECRET + "?"),
        lambda: Credentials.from_secret(SECRET[:-2]),
        lambda: credentials.sign(cast(bytes, 5)),
    ]
    for mistake in mistakes:
        with pytest.raises((InvalidCredentials, TypeError)) as caught:
            mistake()
        texts.append("".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()))
    return texts


def test_secret_shows_in_no_text_and_no_traceback() -> None:
    seed = base64.b64decode(SECRET)
    for text in shows(Credentials(PUBLIC, SECRET)):
        # The lines of this file are in a traceback too, but they name the constants and do not hold their values.
        for secret in (SECRET[:16], SECRET[-16:], repr(seed)[2:18], seed.hex()[:16]):
            assert secret not in text


def test_signature_and_secret_are_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent: list[HttpRequest] = []

    def http(request: HttpRequest, /) -> HttpResponse:
        sent.append(request)
        logging.getLogger("theirs").debug("%s %r", request, request)
        return HttpResponse(200, {}, b"[]")

    Client(Credentials(PUBLIC, SECRET), http=http).orders.open()
    assert "GET /api/v1/orders" in caplog.text
    for secret in (SECRET, sent[0].headers["X-Signature"]):
        assert secret not in caplog.text


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("thing", [Credentials(PUBLIC, SECRET), Secret(SECRET)])
def test_keys_cannot_be_pickled_or_copied(copied: Any, thing: object) -> None:
    with pytest.raises(TypeError):
        copied(thing)
    with pytest.raises(TypeError):
        json.dumps(thing)


def test_attributes_hold_no_secret() -> None:
    credentials = Credentials(PUBLIC, SECRET)
    held = [str(getattr(credentials, name)) for name in Credentials.__slots__]
    assert all(SECRET not in text for text in held)
    assert not hasattr(credentials, "__dict__")
