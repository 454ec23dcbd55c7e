"""The page of a run as people use it: order, search, filters, the pair, on wide and narrow."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.axe import serious
from helpers.browser import NARROW, WIDE, Browser, Tab, browser
from msds.gallery import Album, Pictures, compared, write_gallery
from msds.gallery.making import Illustrated, Place, make_gallery
from msds.gallery.maps import Maps
from msds.results import Run, Score

pytestmark = pytest.mark.slow

RUN = Run("msds-compact-v3", "f" * 64, {"levels": 3})


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images of even colour, six of them references."""
    root = tmp_path_factory.mktemp("run")
    for k in range(6):
        for folder, value in (("ref", 40 * k), ("out", 40 * k + 20)):
            (root / folder).mkdir(exist_ok=True)
            Image.new("RGB", (120, 80), (value, value, value)).save(root / folder / f"{k}.png")
    return root


def scores(count: int, shift: float = 0.0) -> list[Score]:
    """Scores in no order; every seventh pair failed; images by turns."""
    values = np.random.default_rng(0).permutation(np.linspace(0.5, 0.99, count)) + shift
    return [
        Score(
            f"ref/{k % 6}.png",
            f"out/{k}.png",
            None if k % 7 == 6 else float(value),
            () if k % 7 == 6 else (float(value), 0.9, 0.95),
            error="it is broken" if k % 7 == 6 else None,
            run=RUN,
            columns={"codec": ("webp", "avif")[k % 2]},
        )
        for k, value in enumerate(values)
    ]


def page_of(images: Path, count: int, place: Place, *, against: bool = False) -> Path:
    new = scores(count)
    comparison = None
    if against:
        changed = [0.02 if k == 3 else -0.1 if k == 4 else 0.0 for k in range(count)]
        old = [
            Score(s.reference, s.distorted, None if s.score is None else s.score + d, run=RUN)
            for s, d in zip(new, changed, strict=True)
        ]
        comparison = compared(new, [*old, Score("ref/0.png", "out/gone.png", 0.4, run=RUN)])
    page = images / f"{place}-{count}{'-against' * against}.html"
    make_gallery(page, new, comparison, Illustrated([images], place))
    return page


def names(tab: Tab) -> list[str]:
    """Names of the rows in the document, from the top."""
    found: list[str] = tab.page.locator(".body .row").evaluate_all(
        """(rows) => rows
          .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
          .map((row) => row.querySelector(".open").textContent)"""
    )
    return found


@pytest.mark.parametrize(
    ("size", "scheme"), list(itertools.product([WIDE, NARROW], ["light", "dark"])), ids=str
)
@pytest.mark.parametrize("place", ["inside", "beside"])
def test_a_page_shows_its_pictures_and_fits_its_window(
    chromium: Browser, images: Path, place: Place, size: tuple[int, int], scheme: str
) -> None:
    with chromium.open(page_of(images, 6, place), size, scheme) as tab:
        first = tab.page.locator(".strip img").first
        first.scroll_into_view_if_needed()  # pictures are loaded where they are seen
        assert first.evaluate("async (e) => { await e.decode(); return e.naturalWidth; }") == 120
        tab.page.locator(".body .open").first.click()
        shown = tab.page.locator("dialog .pane.b img")
        assert shown.evaluate("async (e) => { await e.decode(); return e.naturalWidth; }") == 120
        assert tab.overflow() == 0
        assert tab.said == []


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "dark"), (NARROW, "light")], ids=["wide dark", "narrow light"]
)
def test_nothing_serious_keeps_people_out_of_the_list_or_a_pair(
    chromium: Browser, images: Path, size: tuple[int, int], scheme: str
) -> None:
    with chromium.open(page_of(images, 14, "inside", against=True), size, scheme) as tab:
        assert serious(tab) == []
        tab.page.locator(".body .open").first.click()
        assert serious(tab) == []


def test_ten_thousand_pairs_keep_few_rows_in_the_document(chromium: Browser, images: Path) -> None:
    with chromium.open(page_of(images, 10_000, "none")) as tab:
        rows = tab.page.locator(".body .row")
        assert 0 < rows.count() < 60
        assert tab.page.locator("[role=table]").get_attribute("aria-rowcount") == "10001"
        tab.page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        last = tab.page.locator(".body .row", has_text="9999.png")
        last.wait_for()
        assert last.get_attribute("aria-rowindex") == "10001"
        assert rows.count() < 60


def test_all_rows_are_printed_in_their_order(chromium: Browser, images: Path) -> None:
    with chromium.open(page_of(images, 60, "none")) as tab:
        before = tab.page.locator(".body .row").count()
        assert before < 60
        tab.page.emulate_media(media="print")
        tab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        tab.page.set_viewport_size({"width": 700, "height": 900})  # paper is narrower
        assert names(tab) == [f"{k}.png" for k in range(60)]
        tab.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        tab.page.emulate_media(media="screen")
        tab.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert tab.page.locator(".body .row").count() == before


def test_rows_are_ordered_by_a_heading_those_that_failed_last(
    chromium: Browser, images: Path
) -> None:
    with chromium.open(page_of(images, 14, "none"), (1400, 2400)) as tab:
        head = tab.page.get_by_role("columnheader", name="Score")
        found = scores(14)
        ranked = sorted((s for s in found if s.score is not None), key=lambda s: s.score or 0.0)
        rising = [s.distorted.removeprefix("out/") for s in ranked]
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert names(tab)[:12] == rising
        head.get_by_role("button").click()
        assert names(tab)[:12] == rising[::-1]
        assert set(names(tab)[12:]) == {"6.png", "13.png"}


def test_words_kinds_and_columns_of_the_distribution_filter(
    chromium: Browser, images: Path
) -> None:
    with chromium.open(page_of(images, 14, "none"), (1400, 2400)) as tab:
        count = tab.page.locator("#count")
        tab.page.get_by_placeholder("Find").fill("webp OUT/1")
        expected = [
            s for k, s in enumerate(scores(14)) if k % 2 == 0 and f"out/{k}".startswith("out/1")
        ]
        count.filter(has_text=f"{len(expected)} of 14").wait_for()
        tab.page.get_by_placeholder("Find").fill("")
        count.filter(has_text="14 pairs").wait_for()
        tab.page.get_by_role("button", name="failed 2").click()
        assert set(names(tab)) == {"6.png", "13.png"}
        tab.page.get_by_role("button", name="all").click()
        column = tab.page.locator("#distribution .column:visible").first
        low, high = (float(column.get_attribute(f"data-{end}")) for end in ("low", "high"))
        column.click()
        inside = [s for s in scores(14) if s.score is not None and low <= s.score < high]
        assert set(names(tab)) == {s.distorted.removeprefix("out/") for s in inside}
        tab.page.locator("#range").click()
        assert count.inner_text() == "14 pairs"


def test_a_pair_is_opened_stepped_through_and_left_by_keyboard_alone(
    chromium: Browser, images: Path
) -> None:
    with chromium.open(page_of(images, 6, "inside")) as tab:
        page = tab.page
        page.locator(".body .open").nth(1).focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        assert dialog.get_by_role("heading").inner_text() == "out/1.png"
        assert page.url.endswith("#pair-2")
        page.keyboard.press("ArrowRight")
        assert dialog.get_by_role("heading").inner_text() == "out/2.png"
        viewer = page.locator("dialog .viewer")
        page.keyboard.press("Space")
        assert viewer.get_attribute("data-mode") == "flicker"
        assert dialog.get_by_role("heading").inner_text() == "out/2.png"
        page.keyboard.press("+")  # arrows move images that are larger than their place
        page.keyboard.press("ArrowRight")
        assert dialog.get_by_role("heading").inner_text() == "out/2.png"
        page.keyboard.press("0")
        dialog.get_by_role("button", name="Flicker").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowLeft")
        assert page.locator("dialog .viewer").get_attribute("data-mode") == "flicker"
        assert "0.9" in page.locator("dialog .details").inner_text()
        page.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert page.evaluate("document.activeElement.textContent") == "1.png"
        assert tab.said == []


def test_a_map_lies_over_the_distorted_image_as_much_as_is_wanted(
    chromium: Browser, images: Path
) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (12, 8), (255, 0, 0, 200)).save(buffer, "WEBP")
    album = Album()
    files = {name: images / name for name in ("ref/0.png", "out/0.png")}
    with album:
        for path in files.values():
            album.add(path)
    page = images / "map.html"
    pictures = Pictures(album, files, Maps({0: buffer.getvalue()}, 0.5))
    write_gallery(page, scores(1), None, pictures)
    with chromium.open(page.as_uri() + "#pair-1") as tab:
        shade = tab.page.get_by_label("Map")
        shown = tab.page.locator("dialog img.map")
        assert shown.evaluate("e => getComputedStyle(e).opacity") == "0"
        shade.fill("60")
        assert shown.evaluate("e => getComputedStyle(e).opacity") == "0.6"
        boxes = [tab.page.locator(s).bounding_box() for s in ("dialog .pane.b", "dialog img.map")]
        assert boxes[0] == boxes[1]
        assert "0.5" in tab.page.locator("dialog .details").inner_text()
        assert tab.said == []


def test_an_address_of_a_pair_opens_it(chromium: Browser, images: Path) -> None:
    address = page_of(images, 6, "inside").as_uri() + "#pair-3"
    with chromium.open(address) as tab:
        assert tab.page.get_by_role("dialog").get_by_role("heading").inner_text() == "out/2.png"


def test_what_changed_is_shown_worst_first(chromium: Browser, images: Path) -> None:
    with chromium.open(page_of(images, 6, "inside", against=True)) as tab:
        # The old score of pair 3 was higher by 0.02, that of pair 4 lower by 0.1.
        assert names(tab)[0] == "3.png"
        assert "-0.0200" in tab.page.locator(".body .row").first.inner_text()
        assert tab.page.locator("#worst .card").all_inner_texts()[0].startswith("-0.0200")
        assert tab.page.locator("#best .card").all_inner_texts()[0].startswith("+0.1000")
        tab.page.get_by_role("button", name="missing 1").click()
        assert names(tab) == ["gone.png"]
        tab.page.get_by_role("button", name="better 1").click()
        assert names(tab) == ["4.png"]
        assert tab.said == []


def test_markup_in_a_name_is_shown_as_it_is(chromium: Browser, images: Path) -> None:
    strange = Score("ref/0.png", "out/<img src=x onerror=alert(1)>.png", 0.5, (0.5,), run=RUN)
    page = images / "strange.html"
    make_gallery(page, [strange], illustrated=Illustrated(place="none"))
    with chromium.open(page) as tab:
        assert tab.page.locator(".body .open").inner_text() == "<img src=x onerror=alert(1)>.png"
        assert tab.page.locator(".body .open").locator("img").count() == 0
        assert tab.said == []
