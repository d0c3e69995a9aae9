"""Profiles: where settings and keys are, what is refused, and what keeps real money and play money apart."""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from io import StringIO
from pathlib import Path

import pytest

from cli.inside import LIVE_SECRET, Inside
from haversack import Credentials
from haversack.cli.profile import open_profile
from haversack.cli.profile.keys import store_keys
from haversack.cli.profile.places import places
from haversack.cli.profile.separation import KeyMisplaced, refuse_strangers
from haversack.credentials import Secret
from haversack.errors import UsageError
from haversack.rest.address import REST_URL, STREAM_URL

OTHER_SECRET = b64encode(bytes(range(1, 33))).decode()


def keys_of(inside: Inside, profile: str) -> Path:
    return inside.config.parent / "keys" / f"{profile}.key"


def settings(inside: Inside, text: str) -> None:
    inside.config.write_text(text, encoding="utf-8")


def test_sim_is_the_profile_of_who_names_none(inside: Inside) -> None:
    profile = open_profile(environ=inside.environ)
    assert (profile.name, profile.is_live) == ("sim", False)


def test_live_is_the_real_exchange_and_nothing_else(inside: Inside) -> None:
    profile = open_profile("live", environ=inside.environ)
    assert (profile.name, profile.is_live, tuple(profile.address)) == ("live", True, (REST_URL, STREAM_URL))
    client = profile.client()
    assert (client.base_url, client.stream_url, client.credentials) == (REST_URL, STREAM_URL, None)


@pytest.mark.parametrize(
    ("environ", "config"),
    [
        ({"HOME": "/h"}, "/h/.config/haversack/config.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/haversack/config.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}, "/h/.config/haversack/config.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x", "HAVERSACK_CONFIG": "/a/b.toml"}, "/a/b.toml"),
    ],
)
def test_settings_are_where_the_platform_keeps_them(
    environ: dict[str, str], config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert places(environ).config == Path(config)


REFUSED = [
    ("[profiles.live]\norder_notional_maxx = '9'", "'order_notional_maxx' is no setting of [profiles.live]"),
    ("[profiles.live]\nurl = 'http://127.0.0.1:1'", "'url' is no setting of [profiles.live]"),
    ("[profiles.live]\norder_notional_max = 9.5", "order_notional_max must be a text in quotation marks, found 9.5"),
    ("[profiles.live]\nday_notional_max = '0'", "day_notional_max must be above 0, found '0'"),
    ("[profiles.live]\nday_notional_max = 'much'", 'the limit must be a number such as "1.5"'),
    ("[profiles.live]\nallow_uncounted = 1", "allow_uncounted must be a true or false, found 1"),
    ("[profiles.sim]\nurl = 'https://api.backpack.exchange'", "url must be on this machine"),
    ("[profiles.sim]\nkind = 'live'", 'kind must be "sim" or "live"'),
    ("[profiles.mine]\nseed = 7", 'kind must be "sim" or "live"'),
    ("[profiles.Mine]\nkind = 'sim'", "a profile's name is small letters"),
    ("[profiles.live]\norder_notional_max = 'NaN'", "order_notional_max = 'NaN': the limit must be finite"),
    ("[profiles.sim]\nurl = 'http://example.com'", "url = 'http://example.com': base_url must be https://"),
    ("[profiles.sim]\nidle = 'soon'", "idle must be a number and its unit"),
    ("[profiles.sim]\ntimeout_s = 0", "timeout_s must be 1 to 600"),
    ("profile = 'nobody'", "profile must be one of sim, live, found 'nobody'"),
    ("output = 'xml'", "output must be one of table, json, ndjson, csv"),
    ("profiles = 3", "profiles in "),
    ("[profiles.sim", "are no TOML"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED, ids=[text.replace("\n", " ") for text, _ in REFUSED])
def test_settings_that_make_no_sense_are_refused_in_one_line(text: str, says: str, inside: Inside) -> None:
    settings(inside, text)
    done = inside.run("balances")
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert str(inside.config) in done.err
    assert inside.http.sent == []


def test_a_setting_that_nobody_knows_is_refused(inside: Inside) -> None:
    settings(inside, "[profiles.live]\norder_notional_maxx = '9'\n")
    with pytest.raises(UsageError, match="'order_notional_maxx' is no setting"):
        open_profile("live", environ=inside.environ)


def test_settings_that_cannot_be_read_are_told_in_one_line(inside: Inside) -> None:
    inside.config.unlink()
    inside.config.mkdir()
    done = inside.run("markets")
    assert (done.code, done.err) == (2, f"haversack: the settings in {inside.config} cannot be read: Is a directory\n")


def test_each_value_says_where_it_comes_from(inside: Inside) -> None:
    settings(inside, "[profiles.live]\norder_notional_max = '250'\n")
    rows = inside.run("config", "show", "--origin", "-o", "json", environ={"HAVERSACK_OUTPUT": "table"}).json["data"]
    found = {row["name"]: (row["value"], row["origin"]) for row in rows}
    assert found["profiles.live.order_notional_max"] == ("250", str(inside.config))
    assert found["profiles.live.day_notional_max"] == ("5000", "default")
    assert found["output"] == ("table", "the environment's HAVERSACK_OUTPUT")
    assert found["file"] == (str(inside.config), "the platform's folder for settings")


def test_settings_are_shown_without_origins_unless_they_are_asked_for(inside: Inside) -> None:
    assert inside.run("config", "show", "-o", "csv").out.splitlines()[0] == "profile,setting,value"


def test_a_sim_profile_gets_keys_of_its_own_that_only_its_owner_can_read(inside: Inside) -> None:
    assert inside.run("balances").code == 0
    path = keys_of(inside, "sim")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    first = path.read_text()
    assert inside.run("balances").code == 0
    assert path.read_text() == first


def test_public_data_need_no_keys(inside: Inside) -> None:
    assert inside.run("markets").code == 0
    assert not keys_of(inside, "sim").exists()


def test_init_shows_the_public_half_alone(inside: Inside) -> None:
    done = inside.run("init", "-p", "live", "--stdin", stdin=StringIO(LIVE_SECRET + "\n"))
    assert Credentials.from_secret(LIVE_SECRET).public_key in done.out
    assert LIVE_SECRET not in done.out + done.err


def test_init_takes_keys_from_a_file_and_from_the_environment(inside: Inside) -> None:
    given = Credentials.from_secret(LIVE_SECRET)
    file = inside.home / "given.env"
    file.write_text(f"export BACKPACK_API_KEY='{given.public_key}'\nBACKPACK_API_SECRET={LIVE_SECRET}\n")
    file.chmod(0o600)
    assert inside.run("init", "-p", "live", "--file", str(file), "-o", "json").json["data"]["public_key"] == given.public_key
    named = {"BACKPACK_API_KEY": given.public_key, "BACKPACK_API_SECRET": LIVE_SECRET}
    assert inside.run("init", "-p", "live", "--replace", environ=named).code == 0


def test_init_refuses_keys_that_do_not_belong_together(inside: Inside) -> None:
    named = {"BACKPACK_API_KEY": Credentials.from_secret(OTHER_SECRET).public_key, "BACKPACK_API_SECRET": LIVE_SECRET}
    done = inside.run("init", "-p", "live", environ=named)
    assert done.code == 3
    assert "the secret belongs to the public key" in done.err
    assert not keys_of(inside, "live").exists()


UNFIT = [
    ("nope", None, 2, "there is no file "),
    (".", None, 2, " is no file"),
    ("empty", b"", 3, " has no keys: set BACKPACK_API_KEY and BACKPACK_API_SECRET"),
    ("half", b"BACKPACK_API_SECRET=abc", 3, " has BACKPACK_API_SECRET but not BACKPACK_API_KEY: set both"),
    ("noise", b"\xff\xfe\x80", 3, "noise: it is not a text file"),
]


@pytest.mark.parametrize(("name", "content", "code", "says"), UNFIT, ids=[name for name, *_ in UNFIT])
def test_init_says_what_is_wrong_with_a_file_and_not_to_try_itself(
    name: str, content: bytes | None, code: int, says: str, inside: Inside
) -> None:
    path = inside.home / name
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    done = inside.run("init", "-p", "live", "--file", str(path))
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert says in done.err
    assert "haversack init" not in done.err


def test_a_key_file_of_a_profile_that_holds_none_says_how_it_gets_some(inside: Inside) -> None:
    path = inside.home / "config" / "haversack" / "keys" / "sim.key"
    path.parent.mkdir()
    path.touch(0o600)
    done = inside.run("balances")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert done.err.endswith("- haversack init -p sim --replace puts it aside and stores others\n")
    assert inside.run("init", "--replace").code == 0
    assert inside.run("balances").code == 0


def test_init_of_live_without_keys_says_where_it_would_take_them_from(inside: Inside) -> None:
    done = inside.run("init", "-p", "live")
    assert done.code == 3
    assert "set BACKPACK_API_KEY and BACKPACK_API_SECRET, or give --file or --stdin" in done.err


def test_keys_that_are_there_are_replaced_only_on_request_and_put_aside(inside: Inside) -> None:
    inside.run("init")
    first = keys_of(inside, "sim").read_text()
    done = inside.run("init")
    assert (done.code, "--replace puts it aside" in done.err) == (2, True)
    assert keys_of(inside, "sim").read_text() == first
    assert inside.run("init", "--replace").code == 0
    assert keys_of(inside, "sim").read_text() != first
    assert keys_of(inside, "sim").with_name("sim.key.old").read_text() == first


def test_keys_that_were_put_aside_once_are_not_lost_the_next_time(inside: Inside) -> None:
    had: list[str] = []
    for _ in range(3):
        assert inside.run("init", "--replace").code == 0
        had.append(keys_of(inside, "sim").read_text())
    names = ("sim.key.old", "sim.key.old2", "sim.key")
    assert [keys_of(inside, "sim").with_name(name).read_text() for name in names] == had


def test_two_that_store_keys_at_once_do_not_replace_each_other(inside: Inside) -> None:
    path = keys_of(inside, "sim")
    store_keys(path, Secret(LIVE_SECRET), "sim")
    with pytest.raises(UsageError, match="is there already"):
        store_keys(path, Secret(OTHER_SECRET), "sim")
    assert LIVE_SECRET in path.read_text()
    assert [file.name for file in path.parent.iterdir()] == ["sim.key"]


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems say in a mode who may read a file")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_file_that_others_can_read_is_refused_in_one_line(mode: int, live: Inside) -> None:
    path = keys_of(live, "live")
    path.chmod(mode)
    done = live.run("balances", "-p", "live")
    assert (done.code, done.out) == (3, "")
    assert done.err == f"haversack: {path} can be read by other users (mode {mode:o}): run chmod 600 {path}\n"
    assert live.http.sent == []


def test_wrong_keys_are_told_in_one_line(inside: Inside) -> None:
    path = keys_of(inside, "live")
    path.parent.mkdir()
    path.write_text("BACKPACK_API_KEY=abc\nBACKPACK_API_SECRET=not-base64\n")
    path.chmod(0o600)
    done = inside.run("balances", "-p", "live")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "the secret must be base64 of 32 bytes" in done.err


def test_keys_for_real_money_are_refused_by_a_sim_profile(live: Inside) -> None:
    keys_of(live, "live").rename(keys_of(live, "sim"))
    done = live.run("balances")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "holds keys of a live profile, and sim is a sim profile" in done.err
    assert live.http.sent == []


@pytest.mark.parametrize("asked", ["sim", "live"])
def test_the_same_keys_for_both_kinds_are_refused_though_the_file_does_not_say_what_it_is_for(asked: str, live: Inside) -> None:
    text = keys_of(live, "live").read_text().replace("HAVERSACK_KIND=live\n", "")
    for name in ("sim", "live"):
        keys_of(live, name).write_text(text)
        keys_of(live, name).chmod(0o600)
    done = live.run("balances", "-p", asked)
    assert (done.code, done.out) == (2, "")
    assert "have the same keys" in done.err
    assert live.http.sent == []


def test_init_refuses_keys_that_a_profile_of_the_other_kind_has(live: Inside) -> None:
    done = live.run("init", "--stdin", stdin=StringIO(LIVE_SECRET))
    assert done.code == 2
    assert "have the same keys" in done.err
    assert not keys_of(live, "sim").exists()


def test_a_sim_profile_never_looks_for_keys_in_the_environment(inside: Inside) -> None:
    named = {"BACKPACK_API_KEY": Credentials.from_secret(LIVE_SECRET).public_key, "BACKPACK_API_SECRET": LIVE_SECRET}
    assert inside.run("balances", environ=named).code == 0
    sent = {request.headers.get("X-API-Key") for request in inside.http.sent}
    assert named["BACKPACK_API_KEY"] not in sent


def test_a_live_profile_without_a_file_takes_the_keys_of_the_environment(inside: Inside) -> None:
    named = {"BACKPACK_API_KEY": Credentials.from_secret(LIVE_SECRET).public_key, "BACKPACK_API_SECRET": LIVE_SECRET}
    assert inside.run("balances", "-p", "live", environ=named).code == 0
    assert inside.http.sent[-1].headers["X-API-Key"] == named["BACKPACK_API_KEY"]


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"BACKPACK_API_KEY": "abc"}, "the environment has BACKPACK_API_KEY but not BACKPACK_API_SECRET: set both"),
        ({"BACKPACK_API_KEY": "abc", "BACKPACK_API_SECRET": "def"}, "(in the environment)"),
    ],
)
def test_keys_of_the_environment_that_are_none_say_where_they_are(named: dict[str, str], says: str, inside: Inside) -> None:
    done = inside.run("balances", "-p", "live", environ=named)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert says in done.err


@pytest.mark.parametrize(
    ("profile", "url", "stream_url"),
    [
        ("live", "http://127.0.0.1:8787", STREAM_URL),
        ("live", "https://api.backpack.exchange.evil.example", STREAM_URL),
        ("live", REST_URL, "wss://ws.backpack.exchange.evil.example"),
        ("sim", REST_URL, STREAM_URL),
        ("sim", "http://127.0.0.1:1", STREAM_URL),
        ("sim", "https://192.0.2.1", "wss://192.0.2.1"),
    ],
)
def test_keys_never_go_to_an_exchange_of_the_other_kind(profile: str, url: str, stream_url: str, inside: Inside) -> None:
    with pytest.raises(KeyMisplaced):
        refuse_strangers(open_profile(profile, environ=inside.environ).settings, url, stream_url)


def test_a_client_of_a_live_profile_is_refused_wherever_its_address_was_changed(inside: Inside) -> None:
    profile = open_profile("live", environ=inside.environ)
    profile._address = open_profile("sim", environ=inside.environ).address
    for make in (profile.client, profile.async_client):
        with pytest.raises(KeyMisplaced):
            make()


def test_a_profile_of_ones_own_has_its_own_kind_and_keys(inside: Inside) -> None:
    settings(inside, "[profiles.second]\nkind = 'live'\n")
    profile = open_profile("second", environ=inside.environ)
    assert (profile.is_live, profile.settings["key_file"]) == (True, str(keys_of(inside, "second")))


def test_a_profile_that_is_not_there_is_refused_in_one_line(inside: Inside) -> None:
    done = inside.run("-p", "lvie", "markets")
    assert (done.code, done.err) == (2, "haversack: there is no profile 'lvie': there are sim, live\n")
