"""Pictures: what stands in them, that they are the same each time, and that the user's own settings neither matter nor change."""

from __future__ import annotations

import errno
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.collections import LineCollection, PolyCollection

import haversack.pictures
from haversack import Depth, Kline, UsageError
from haversack.pictures import Picture, draw_candles, draw_depth, draw_equity
from haversack.pictures.look import DOWN, UP, Size, number_axis
from haversack.pictures.worth import Movement, Worth

D = Decimal
SIM = "sim: invented prices"
PNG = b"\x89PNG\r\n\x1a\n"


def candle(minute: int, prices: str | None, volume: str = "1") -> Kline:
    """A candle of a minute with open, high, low and close; none of them if nothing traded."""
    opened, high, low, close = map(D, prices.split()) if prices else (None,) * 4
    return Kline(
        start_text=f"2026-09-01 16:{minute:02}:00", end_text=f"2026-09-01 16:{minute + 1:02}:00",
        open=opened, high=high, low=low, close=close, volume=D(volume), quote_volume=D(0), trades_text="1",
    )  # fmt: skip


ROWS = [candle(0, "100 103 99 102", "5"), candle(1, None, "0"), candle(2, None, "0"), candle(3, "102 102 98 98.5", "9")]


def book(bids: str, asks: str) -> Depth:
    """A book from `price:quantity` pairs, the best first."""
    sides = [[(D(pair.split(":")[0]), D(pair.split(":")[1])) for pair in side.split()] for side in (bids, asks)]
    return Depth(bids=sides[0][::-1], asks=sides[1], last_update_id="7", timestamp_us=1_788_285_151_000_000)


BOOK = book("99:2 98:3 97:1", "101:1 102:4")


def worth(*figures: str, unpriced: tuple[str, ...] = ()) -> list[Worth]:
    start = datetime(2026, 9, 1, tzinfo=UTC)
    return [Worth(start + timedelta(hours=n), D(figure), unpriced) for n, figure in enumerate(figures)]


def texts(picture: Picture) -> str:
    """All that can be read in it."""
    held: Any = picture.findobj(mpl.text.Text)
    return "\n".join(text.get_text() for text in held)


def axes_of(picture: Picture) -> Any:
    return picture.axes[0]


def collections(picture: Picture, axes: int, kind: type[Any]) -> Any:
    return next(each for each in picture.axes[axes].collections if type(each) is kind)


@pytest.fixture(params=["candles", "depth", "equity", "no candles", "empty candles", "one side", "empty book", "nothing"])
def draw(request: pytest.FixtureRequest) -> Any:
    """Each picture, also of what is empty."""
    kinds: dict[str, Any] = {
        "candles": lambda **more: draw_candles(ROWS, symbol="SOL_USDC", **more),
        "depth": lambda **more: draw_depth(BOOK, symbol="SOL_USDC", **more),
        "equity": lambda **more: draw_equity(worth("5", "7.5"), **more),
        "no candles": lambda **more: draw_candles([], symbol="SOL_USDC", **more),
        "empty candles": lambda **more: draw_candles(ROWS[1:3], symbol="SOL_USDC", **more),
        "one side": lambda **more: draw_depth(book("", "101:1"), symbol="SOL_USDC", **more),
        "empty book": lambda **more: draw_depth(book("", ""), symbol="SOL_USDC", **more),
        "nothing": lambda **more: draw_equity(worth("0", "0"), **more),
    }
    return kinds[request.param]


def test_picture_says_whose_prices_it_shows_and_is_the_same_each_time(draw: Any) -> None:
    first, second = draw(source=SIM, size="small"), draw(source=SIM, size="small")
    assert SIM in texts(first)
    png, svg = first.to_bytes("png"), first.to_bytes("svg")
    assert png.startswith(PNG)
    assert (png, svg) == (second.to_bytes("png"), second.to_bytes("svg"))
    assert svg == first.to_bytes("svg")


def test_files_have_neither_a_date_nor_a_version_in_them() -> None:
    picture = draw_depth(BOOK, symbol="SOL_USDC", source="live", size="small")
    svg = picture.to_bytes("svg")
    for word in (b"tEXt", b"iTXt", b"zTXt", b"Software", b"tIME"):
        assert word not in picture.to_bytes("png")
    for word in (b"dc:date", b"dc:creator", mpl.__version__.encode()):
        assert word not in svg


def settings() -> dict[str, Any]:
    """All but those of the window system, of which asking is enough to load it."""
    return {name: mpl.rcParams[name] for name in mpl.rcParams if "backend" not in name}


def test_what_the_user_has_set_neither_matters_nor_changes() -> None:
    plain = draw_candles(ROWS, symbol="SOL_USDC", source=SIM, size="small").to_bytes("svg")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "lines.linewidth": 9, "svg.hashsalt": "other"}):
        before = settings()
        assert draw_candles(ROWS, symbol="SOL_USDC", source=SIM, size="small").to_bytes("svg") == plain
        assert settings() == before
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize(("size", "pixels"), [("small", (480, 320)), ("medium", (960, 600)), ("large", (1600, 1000))])
def test_sizes_are_those_that_are_promised(size: Any, pixels: tuple[int, int]) -> None:
    png = draw_depth(BOOK, symbol="SOL_USDC", source=SIM, size=size).to_bytes("png")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == pixels


def test_nothing_is_cut_off_and_no_two_titles_meet_where_names_are_long() -> None:
    source = "a-profile-with-a-name-of-32-lett: invented prices"
    sizes: tuple[Size, ...] = ("small", "large")
    for size in sizes:
        for picture in (
            draw_candles(ROWS, symbol="LONGNAME_USDC_PERP", interval="1month", source=source, size=size),
            draw_depth(BOOK, symbol="LONGNAME_USDC_PERP", source=source, size=size),
            draw_equity(worth("123456789.12", "123456999.99", unpriced=("JUP", "W")), source=source, size=size),
        ):
            drawn: Any = picture.get_tightbbox()
            width, height = picture.get_size_inches()
            assert -0.01 <= drawn.x0 < drawn.x1 <= width + 0.01
            assert -0.01 <= drawn.y0 < drawn.y1 <= height + 0.01
            first = picture.axes[0]
            places = [getattr(first, name).get_window_extent() for name in ("title", "_left_title", "_right_title")]
            titles = [box for box in places if box.width > 1]
            assert not any(one.overlaps(other) for at, one in enumerate(titles) for other in titles[:at])


def test_candles_stand_where_they_should_and_empty_ones_are_gaps() -> None:
    picture = draw_candles(ROWS, symbol="SOL_USDC", interval="1m", source=SIM)
    bodies, wicks, bars = (
        collections(picture, *place) for place in ((0, PolyCollection), (0, LineCollection), (1, PolyCollection))
    )
    corners = [sorted({float(y) for _, y in path.vertices}) for path in bodies.get_paths()]
    assert corners == [[100, 102], [98.5, 102]]
    assert [sorted(float(y) for _, y in path.vertices) for path in wicks.get_paths()] == [[99, 103], [98, 102]]
    assert [max(float(y) for _, y in path.vertices) for path in bars.get_paths()] == [5, 9]
    assert [mpl.colors.to_hex(colour) for colour in bodies.get_facecolors()] == [UP, DOWN]
    minute = 1 / 1440
    left, right = picture.axes[1].get_xlim()
    assert right - left == pytest.approx(4 * minute)
    assert [float(path.vertices[:, 0].mean() - left) // minute for path in wicks.get_paths()] == [0, 3]
    said = texts(picture)
    assert "SOL_USDC, candles of 1m" in said
    assert "2 of 4 candles are empty" in said
    assert "98.5" in said.splitlines()
    assert {"price, USDC", "volume, SOL", "UTC"} <= set(said.splitlines())


def test_candle_that_closed_where_it_opened_can_be_seen() -> None:
    flat = draw_candles([candle(0, "5 5 5 5")], symbol="SOL_USDC", source=SIM, size="small").to_bytes("png")
    none = draw_candles([candle(0, "5 5 5 5", "0")], symbol="SOL_USDC", source=SIM, size="small")
    none.axes[0].collections[1].remove()
    assert flat != none.to_bytes("png")


def test_depth_adds_up_from_the_best_price_and_names_mid_and_spread() -> None:
    picture = draw_depth(BOOK, symbol="SOL_USDC", source=SIM)
    bids, asks = axes_of(picture).lines[:2]
    assert [tuple(map(float, point)) for point in zip(*bids.get_data(), strict=True)] == [(99, 0), (99, 2), (98, 5), (97, 6)]
    assert [tuple(map(float, point)) for point in zip(*asks.get_data(), strict=True)] == [(101, 0), (101, 1), (102, 5)]
    said = texts(picture)
    assert "mid 100, spread 2 (200.00 bps)" in said
    assert f"{SIM}, 2026-09-01 17:52:31 UTC" in said
    assert "3 levels of bids, 2 of asks." in said


def test_order_far_away_does_not_press_the_others_together() -> None:
    picture = draw_depth(book("99:200 98:300 1:0.1", "101:100 102:400"), symbol="SOL_USDC", source=SIM)
    left, right = picture.axes[0].get_xlim()
    assert (left, right) == pytest.approx((100 - 2.08, 100 + 2.08))
    assert "1 of them are farther away" in texts(picture)


@pytest.mark.parametrize(
    ("bids", "asks", "said"), [("", "101:1", "nobody bids"), ("99:1", "", "nobody asks"), ("", "", "the book is empty")]
)
def test_book_without_a_side_says_so(bids: str, asks: str, said: str) -> None:
    picture = draw_depth(book(bids, asks), symbol="SOL_USDC", source=SIM)
    assert said in texts(picture)
    assert bool(axes_of(picture).get_xticks().size) == bool(bids or asks)


def test_single_moment_is_a_point_in_an_hour() -> None:
    (line,) = axes_of(picture := draw_equity(worth("5"), source="live")).lines
    assert (line.get_marker(), len(line.get_xdata())) == ("o", 1)
    left, right = axes_of(picture).get_xlim()
    assert right - left == pytest.approx(1 / 24)


def test_worth_begins_with_the_first_cent_and_marks_transfers_only() -> None:
    rows = worth("0", "0.000001", "50", "70")
    transfers = [
        Movement(rows[3].time, "USDC", D(20), is_transfer=True),
        Movement(rows[1].time, "USDC", D(50), is_transfer=True),
    ]
    picture = draw_equity(rows, transfers, source="live")
    line, marks = axes_of(picture).lines
    assert list(map(float, line.get_ydata())) == [50, 70]
    assert len(marks.get_xdata()) == 1
    assert [label.get_text() for label in axes_of(picture).get_legend().get_texts()] == ["deposits"]
    assert "70.00" in texts(picture).splitlines()


def test_worth_says_what_is_not_in_it() -> None:
    said = " ".join(texts(draw_equity(worth("5", "6", unpriced=("JUP",)), source="live")).split())
    for words in ("Left out: interest, requests for quotes, vaults", "not at mark prices", "not counted: JUP"):
        assert words in said


def test_name_that_looks_like_a_formula_or_like_markup_is_shown_as_it_is() -> None:
    symbol = "$x^{<script>$_USDC"
    picture = draw_depth(BOOK, symbol=symbol, source=SIM)
    assert f"{symbol}, depth" in texts(picture)
    assert b"<script" not in picture.to_bytes("svg")


def test_numbers_of_an_axis_are_written_out() -> None:
    for low, high, wanted in ((-30_000, 1_234_567, "1,000,000"), (0, 0.00004, "0.00003"), (1_000_000, 1_000_004, "1,000,002")):
        picture = Picture("small")
        axes: Any = picture.subplots()
        axes.set_ylim(low, high)
        number_axis(axes.yaxis)
        picture.draw_without_rendering()
        assert wanted in [label.get_text() for label in axes.get_yticklabels()]


def test_picture_is_written_once_and_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = draw_depth(BOOK, symbol="SOL_USDC", source=SIM, size="small")
    for name in ("book.png", "book.SVG"):
        place = picture.write(tmp_path / name)
        assert place.read_bytes() == picture.to_bytes("png" if name.endswith("png") else "svg")
        with pytest.raises(UsageError, match="is there already"):
            picture.write(place)
    with pytest.raises(UsageError, match=r"must end in \.png or \.svg, found 'book\.gif'"):
        picture.write(tmp_path / "book.gif")

    def fail(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr("os.link", fail)
    monkeypatch.setattr("os.rename", fail)
    with pytest.raises(OSError, match="full"):
        picture.write(tmp_path / "other.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.SVG", "book.png"]


def test_two_who_write_one_picture_at_once_do_not_mix_and_the_first_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (draw_depth(BOOK, symbol=symbol, source=SIM, size="small") for symbol in ("SOL_USDC", "BTC_USDC"))
    place, name = tmp_path / "book.png", os.link
    parts: list[set[Path]] = []

    def overtaken(part: Path, whole: Path) -> None:
        monkeypatch.setattr("os.link", name)
        parts.append(set(tmp_path.iterdir()))
        theirs.write(place)
        name(part, whole)

    monkeypatch.setattr("os.link", overtaken)
    with pytest.raises(UsageError, match="is there already"):
        ours.write(place)
    assert [len(found) for found in parts] == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["book.png"]
    assert place.read_bytes() == theirs.to_bytes("png")


def test_picture_needs_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", none)
    picture = draw_depth(BOOK, symbol="SOL_USDC", source=SIM, size="small")
    assert picture.write(tmp_path / "book.png").read_bytes().startswith(PNG)
    assert [path.name for path in tmp_path.iterdir()] == ["book.png"]


def test_notebook_shows_a_picture_by_itself() -> None:
    assert draw_depth(BOOK, symbol="SOL_USDC", source=SIM)._repr_png_().startswith(PNG)


def test_size_that_is_not_known_is_refused() -> None:
    with pytest.raises(UsageError, match="size must be one of small, medium, large, found 'huge'"):
        draw_depth(BOOK, symbol="SOL_USDC", source=SIM, size="huge")  # type: ignore[arg-type]


def test_missing_library_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haversack.pictures.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=re.escape('pictures need one more library: pip install "haversack[plot]"')):
        haversack.pictures.__getattr__("draw_depth")
    with pytest.raises(AttributeError):
        haversack.pictures.__getattr__("draw_castles")
