"""Pages of tables and figures as a browser shows them: narrow and wide, light and dark."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.axe import serious
from helpers.browser import NARROW, WIDE, Browser, Tab, browser
from msds.report.blocks import Code, Figure, Matrix, PicturePair, Section
from msds.report.charts import Intervals, Line, Lines, Scatter
from msds.report.page import Page
from msds.report.table import Cell, Table

pytestmark = pytest.mark.slow
KINDS = 24


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


def picture(value: int) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (96, 64), (value, value, value)).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with one of everything, texts long enough to trouble it."""
    random = np.random.default_rng(0)
    kinds = {
        f"{k + 1:02d} distortion of some kind": (
            random.random(20).tolist(),
            random.random(20).tolist(),
        )
        for k in range(KINDS)
    }
    rows: list[list[Cell]] = [
        ["b", 10.0, "x"],
        ["a", 9.0, "y"],
        ["c", None, "w"],
        ["d", 100.0, "z"],
    ]
    wide = Table(
        "wide", [f"a column called {k}" for k in range(12)], [[f"{k}" for k in range(12)]] * 4
    )
    lines = Lines({"one": Line([1, 2, 3], [0.1, 0.4, 0.3])}, "x", "y")
    blocks = [
        Table("t", ["name", "number", "word"], rows, best=("number",)),
        wide,
        Matrix(
            "m",
            ["a", "b"],
            [[("", "self"), ("better", "good")], [("worse", "poor"), ("", "self")]],
            "c",
        ),
        Figure("s", "c", {"": lambda: Scatter(kinds, "x", "y"), "l": lambda: lines}),
        Figure(
            "i",
            "c",
            {"": lambda: Intervals({"a name of a metric (levels=5)": (0.9, 0.8, 0.95)}, "x")},
        ),
        PicturePair("reference", "distorted", lambda: (picture(40), picture(200)), "two"),
        Table("s", ["a", *"bcdefghijk"], [["x", *(k / 9 for k in range(10))]], shaded=True),
        Code("msds bench " + "a_very_long_word_without_any_place_to_break" * 8),
    ]
    path = tmp_path_factory.mktemp("page") / "page.html"
    assert Page("A title", "A lead", [Section("One", blocks)]).write(path) == []  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("size", "scheme"), list(itertools.product([WIDE, NARROW], ["light", "dark"])), ids=str
)
def test_a_page_fits_its_window_and_its_letters_are_of_one_size(
    chromium: Browser, written: Path, size: tuple[int, int], scheme: str
) -> None:
    with chromium.open(written, size, scheme) as tab:
        assert tab.overflow() == 0
        assert tab.said == []
        sizes = tab.page.evaluate(
            """() => [...document.querySelectorAll('p, td, li, figcaption, .chart text')]
              .filter((e) => e.getClientRects().length)
              .map((e) => parseFloat(getComputedStyle(e).fontSize))"""
        )
        assert min(sizes) >= 13
        drawn = tab.page.evaluate(
            """() => [...document.querySelectorAll('.chart')]
              .filter((e) => e.getClientRects().length)
              .map((e) => [parseFloat(getComputedStyle(e.querySelector('text')).fontSize),
                           e.getBoundingClientRect().width - e.getAttribute('width')])"""
        )
        assert len(drawn) == 3
        assert all(letters == 15 and abs(stretch) < 1 for letters, stretch in drawn)


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide light", "narrow dark"]
)
def test_nothing_serious_keeps_people_out(
    chromium: Browser, written: Path, size: tuple[int, int], scheme: str
) -> None:
    with chromium.open(written, size, scheme) as tab:
        assert serious(tab) == []


def luminance(tab: Tab, selector: str, what: str) -> float:
    text = tab.page.evaluate(
        "([s, w]) => getComputedStyle(document.querySelector(s))[w]", [selector, what]
    )
    channels = [int(c) / 255 for c in text.split("(")[1].rstrip(")").split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: float, second: float) -> float:
    """As WCAG 2 defines it."""
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_marks_stand_out_from_their_ground_in_both_themes(
    chromium: Browser, written: Path, scheme: str
) -> None:
    with chromium.open(written, WIDE, scheme) as tab:
        ground = luminance(tab, "body", "backgroundColor")
        for selector in ("p", ".note", ".contents a", ".table td", "td.best", "th"):
            assert contrast(luminance(tab, selector, "color"), ground) >= 4.5, selector
        for selector in (".chart .tick", ".chart text"):
            assert contrast(luminance(tab, selector, "fill"), ground) >= 4.5, selector
        for index in range(7):
            found = luminance(tab, f".wide .mark.k{index}", "fill")
            assert contrast(found, ground) >= 3, f"mark {index}"
        for tone in ("good", "poor"):
            cell = f".matrix td.{tone}"
            found = contrast(luminance(tab, cell, "color"), luminance(tab, cell, "backgroundColor"))
            assert found >= 4.5, tone


def test_the_legend_of_many_kinds_stands_below_its_charts_and_picks_one_out(
    chromium: Browser, written: Path
) -> None:
    for size in (WIDE, NARROW):
        with chromium.open(written, size) as tab:
            legend = tab.page.locator(".several .legend")
            chart = tab.page.locator(".several .chart:visible").last
            assert legend.bounding_box()["y"] >= chart.bounding_box()["y"]
            legend.locator("button").nth(3).click()
            shown = tab.page.locator(".several .panel:first-child .chart:visible .mark:not(.faded)")
            assert shown.count() == 1
            legend.locator("button").nth(3).click()
            assert shown.count() == KINDS


def test_tables_are_sorted_by_a_click_on_a_heading_those_without_a_number_last(
    chromium: Browser, written: Path
) -> None:
    with chromium.open(written) as tab:
        table = tab.page.locator("table.sorts").first

        def names() -> list[str]:
            return table.locator("tbody th").all_inner_texts()  # type: ignore[no-any-return]

        assert names() == ["b", "a", "c", "d"]
        table.get_by_role("button", name="number").click()
        assert names() == ["d", "b", "a", "c"]
        table.get_by_role("button", name="number").click()
        assert names() == ["a", "b", "d", "c"]
        assert table.locator("th[aria-sort=ascending]").inner_text().startswith("number")
        table.get_by_role("button", name="name").focus()
        tab.page.keyboard.press("Enter")
        assert names() == ["a", "b", "c", "d"]


def test_wide_tables_scroll_in_a_box_of_their_own(chromium: Browser, written: Path) -> None:
    with chromium.open(written, NARROW) as tab:
        box = tab.page.locator(".scroll").nth(1)
        assert box.evaluate("e => e.scrollWidth > e.clientWidth")
        assert box.get_attribute("tabindex") == "0"
        first = box.locator("tbody th").first
        before = first.bounding_box()["x"]
        box.evaluate("e => { e.scrollLeft = 200 }")
        assert first.bounding_box()["x"] == before


def test_a_pair_flickers_on_a_click_slides_and_zooms(chromium: Browser, written: Path) -> None:
    with chromium.open(written) as tab:
        viewer = tab.page.locator(".viewer")
        stage = viewer.locator(".stage")
        second = viewer.locator(".pane.b")
        assert viewer.get_attribute("data-mode") == "side"
        stage.click()
        assert viewer.get_attribute("data-mode") == "flicker"
        assert not second.is_visible()
        stage.click()
        assert second.is_visible()
        stage.focus()
        tab.page.keyboard.press(" ")
        assert not second.is_visible()
        viewer.get_by_role("button", name="Slider").click()
        assert second.is_visible()
        box = stage.bounding_box()
        tab.page.mouse.move(box["x"] + 10, box["y"] + 20)
        tab.page.mouse.down()
        tab.page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 20)
        tab.page.mouse.up()
        assert float(viewer.locator(".handle").input_value()) == pytest.approx(25, abs=1)
        viewer.locator(".handle").focus()
        tab.page.keyboard.press("ArrowRight")
        assert float(viewer.locator(".handle").input_value()) > 25
        viewer.get_by_role("button", name="Closer").click()
        scales = viewer.locator("img").evaluate_all("all => all.map((e) => e.style.transform)")
        assert len(set(scales)) == 1
        assert "scale(2)" in scales[0]
        viewer.get_by_role("button", name="The whole image").click()
        assert viewer.locator("img").first.evaluate("e => e.style.transform") == ""
        assert tab.said == []


def test_pictures_are_seen_side_by_side_on_narrow_pages_too(
    chromium: Browser, written: Path
) -> None:
    with chromium.open(written, NARROW) as tab:
        first, second = (tab.page.locator(f".pane.{side}").bounding_box() for side in "ab")
        assert first["height"] > 20
        assert second["y"] >= first["y"] + first["height"]


def test_without_scripts_the_two_pictures_stand_side_by_side(
    chromium: Browser, written: Path
) -> None:
    with chromium.open(written, java_script_enabled=False) as tab:
        boxes = [tab.page.locator(f".pane.{side} img").bounding_box() for side in "ab"]
        assert boxes[0]["y"] == boxes[1]["y"]
        assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
