"""`haversack plot`: which file is written, what it is called and what it says, and what is refused before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.inside import NOW_US, Inside, exchange
from haversack import ManualClock

PNG = b"\x89PNG\r\n\x1a\n"
MARKETS = ("SOL_USDC", "SOL_USDC_PERP", "BTC_USDC")


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """An account that bought 2 SOL for 101 each, in a market where nobody else does anything."""
    with exchange(crowd=False, markets=MARKETS, grants={"USDC": "1000", "SOL": "10"}) as made:
        inside = Inside(tmp_path_factory.mktemp("home"), made)
        other = made.client()
        other.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price="101", quantity="9")
        done = inside.run("order", "place", "SOL_USDC", "bid", "2", "--price", "101")
        assert done.code == 0, done.err
        made.advance(s=130)
        yield inside


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("call", "name", "told"),
    [
        ("candles SOL_USDC --interval 1m --limit 5", "sim-SOL_USDC-candles-1m-20260921T141530Z.png", {"candles": 3}),
        ("depth SOL_USDC", "sim-SOL_USDC-depth-20260921T141320Z.png", {"levels": 1}),
        # 202 USDC went, 1.998 SOL came: 798 and 11.998 SOL at 101.
        ("equity --interval 1m --limit 4", "sim-equity-20260921T141530Z.png", {"points": 5, "worth_now": "2009.80 USDC"}),
    ],
)
def test_a_picture_goes_into_a_file_whose_name_says_what_it_is(
    call: str, name: str, told: dict[str, object], traded: Inside, folder: Path
) -> None:
    done = traded.run("plot", *call.split(), "--size", "small", "-o", "json")
    assert done.code == 0, done.err
    assert done.json == {"profile": "sim", "data": {"file": name} | told}
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_bytes().startswith(PNG)
    assert "a local exchange, invented prices" in done.err


def test_worth_is_reckoned_up_to_the_exchanges_time_though_it_was_moved_ahead(
    tmp_path_factory: pytest.TempPathFactory, folder: Path
) -> None:
    with exchange(crowd=False, markets=["SOL_USDC"], grants={"USDC": "1000", "SOL": "10"}) as made:
        inside = Inside(tmp_path_factory.mktemp("home"), made)
        other = made.client()
        for price in ("101", "103"):
            other.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price=price, quantity="1")
            inside.run("order", "place", "SOL_USDC", "bid", "1", "--price", price)
            made.advance(s=3600)
        inside.transport["clock"] = ManualClock(NOW_US)
        done = inside.run("plot", "equity", "--size", "small", "-o", "json")
    # 204 USDC went, 1.998 SOL came: 796 and 11.998 SOL at 103.
    assert done.json["data"]["worth_now"] == "2031.79 USDC", done.err


def test_a_file_of_ones_own_may_be_an_svg_and_is_the_same_again(traded: Inside, folder: Path) -> None:
    for name in ("one.svg", "two.svg"):
        done = traded.run("plot", "depth", "SOL_USDC", "--limit", "5", "--to", name)
        assert (done.code, done.out.splitlines()[0]) == (0, "Picture  [sim]")
    assert (folder / "one.svg").read_bytes() == (folder / "two.svg").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["depth", "SOL_USDC", "--to", "book.gif"], "must end in .png or .svg, found 'book.gif'"),
        (["candles", "SOL_USDC", "--to", "there.png"], "there.png is there already"),
        (["candles", "SOL_USDC", "--limit", "1001"], "--limit must be 1 to 1000, found 1001"),
        (["equity", "--limit", "1001"], "--limit must be 1 to 1000, found 1001"),
        (["equity", "--size", "huge"], "huge"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_exchange_is_asked(
    arguments: list[str], complaint: str, traded: Inside, folder: Path
) -> None:
    (folder / "there.png").write_bytes(b"precious")
    sent = len(traded.http.sent)
    done = traded.run("plot", *arguments)
    assert done.code == 2
    assert complaint in done.err
    assert len(traded.http.sent) == sent
    assert (folder / "there.png").read_bytes() == b"precious"


def test_without_its_library_the_command_says_in_one_line_what_to_install(
    traded: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haversack.pictures.find_spec", lambda _: None)
    done = traded.run("plot", "candles", "SOL_USDC")
    assert (done.code, done.err) == (2, 'haversack: pictures need one more library: pip install "haversack[plot]"\n')


def test_a_live_profile_says_so_in_the_picture(live: Inside, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import haversack.pictures

    said: list[str] = []
    draw = haversack.pictures.draw_depth

    def drawn(*arguments: object, source: str, **named: object) -> object:
        said.append(source)
        return draw(*arguments, source=source, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("haversack.pictures.draw_depth", drawn, raising=False)
    for profile in ("live", "sim"):
        done = live.run("plot", "depth", "SOL_USDC", "-p", profile, "--size", "small", "--to", f"{profile}.png")
        assert done.code == 0, done.err
    assert said == ["live", "sim: invented prices"]
