"""The page as people use it: images dropped, looked at and ranked, by mouse and by keyboard."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

import msds
from helpers.axe import serious
from helpers.browser import NARROW, WIDE, Browser, Tab, browser
from helpers.image_files import tiff
from helpers.pictures import saved
from helpers.web_server import serving
from msds.metric.maps.position import NOTE
from msds.models.levels import level_words
from msds.models.meaning import in_words, mostly

pytestmark = pytest.mark.slow

DROP = """([slot, files]) => {
  const transfer = new DataTransfer();
  for (const [name, kind, text] of files) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: kind }));
  }
  const target = slot ? document.getElementById(slot) : document.body;
  target.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""
PASTE = (
    DROP.replace("DragEvent", "ClipboardEvent")
    .replace('"drop"', '"paste"')
    .replace("dataTransfer: transfer", "clipboardData: transfer")
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def files(photo: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A reference and five versions of it, from the best to the worst."""
    folder = tmp_path_factory.mktemp("given")
    made = {"original.png": saved(photo)}
    made |= {f"q{q}.jpg": saved(photo, "JPEG", quality=q) for q in (95, 60, 30, 10)}
    made["blur.tif"] = saved(photo.filter(ImageFilter.GaussianBlur(4)), "TIFF")
    paths = {}
    for name, data in made.items():
        paths[name] = folder / name
        paths[name].write_bytes(data)
    return paths


def give(tab: Tab, files: list[Path], slot: str | None = None, script: str = DROP) -> None:
    """Drop or paste files."""
    coded = [[f.name, "image/png", base64.b64encode(f.read_bytes()).decode()] for f in files]
    tab.page.evaluate(script, [slot, coded])


def await_scores(tab: Tab, count: int) -> None:
    """Wait until all images have a score, and something is shown."""
    words = "Score " if count == 1 else f"{count} images compared."
    tab.page.wait_for_function(
        "(words) => document.getElementById('status').textContent.startsWith(words)", arg=words
    )
    tab.page.wait_for_selector(".viewer img")


def errors(tab: Tab) -> list[str]:
    return [line for line in tab.said if line.startswith(("error", "warning"))]


def mode(tab: Tab) -> str:
    return str(tab.page.get_attribute(".viewer", "data-mode"))


def test_images_are_dropped_and_the_score_is_that_of_the_library(
    chromium: Browser, server: str, files: dict[str, Path]
) -> None:
    with chromium.open(server) as tab:
        give(tab, [files["original.png"], files["q10.jpg"]])
        await_scores(tab, 1)
        expected = msds.score(files["original.png"], files["q10.jpg"])
        assert tab.page.inner_text("#score") == f"{expected.score:.4f}"
        rows = tab.page.locator("#levels > div").all_inner_texts()
        assert [float(row.split()[-1]) for row in rows] == pytest.approx(
            list(expected.levels), abs=1e-4
        )
        for row, words in zip(rows, level_words(len(rows)), strict=True):
            assert words in row
        assert errors(tab) == []


def test_five_versions_are_ranked_and_each_can_be_looked_at(
    chromium: Browser, server: str, files: dict[str, Path]
) -> None:
    with chromium.open(server) as tab:
        give(tab, [files["original.png"]], "reference-slot")
        give(tab, list(files.values())[:0:-1], "versions-slot")
        await_scores(tab, 5)
        names = tab.page.locator("#ranking .name").all_inner_texts()
        numbers = [float(t) for t in tab.page.locator("#ranking .number").all_inner_texts()]
        assert sorted(names) == sorted(list(files)[1:])
        assert numbers == sorted(numbers, reverse=True)
        assert names[0] == "q95.jpg"
        tab.page.click("#ranking button >> nth=4")
        tab.page.wait_for_function(
            "(n) => document.querySelector('.pane.b figcaption')?.textContent === n", arg=names[4]
        )
        assert tab.page.inner_text("#chosen-name") == names[4]
        assert float(tab.page.inner_text("#score")) == numbers[4]
        # The TIFF is shown although the browser does not know the format.
        tab.page.click("#ranking button:has-text('blur.tif')")
        tab.page.wait_for_function(
            "() => { const i = document.querySelector('.pane.b img');"
            " return i.alt.includes('blur.tif') && i.naturalWidth > 0; }"
        )
        assert errors(tab) == []


def test_scores_and_moved_parts_are_told_in_words(
    chromium: Browser, server: str, files: dict[str, Path], photo: Image.Image, tmp_path: Path
) -> None:
    mirrored = tmp_path / "mirrored.png"
    mirrored.write_bytes(saved(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    score = msds.score(files["original.png"], files["q30.jpg"])
    meaning = str(in_words(score.score, score.model))
    called = str(mostly(score.score, score.model))
    with chromium.open(server) as tab:
        page = tab.page
        give(tab, [files["original.png"], files["q30.jpg"], mirrored])
        await_scores(tab, 2)
        moved = page.locator("#ranking button", has_text="mirrored.png")
        moved.get_by_text(NOTE[1:]).wait_for()
        # The live region that readers of screens hear says it, too.
        assert f"mirrored.png: {NOTE}." in page.inner_text("[role=status]")
        best = page.locator("#ranking button", has_text="q30.jpg")
        assert called in best.inner_text().lower()
        assert "annoying" not in moved.inner_text()
        best.click()
        assert page.inner_text("#called") == f"Mostly called {called}"
        assert page.inner_text("#meaning")[1:] == f"{meaning[1:]}."
        assert page.is_hidden("#position")
        moved.click()
        assert page.inner_text("#position")[1:] == f"{NOTE[1:]}."
        assert page.is_hidden("#meaning")
        assert page.is_hidden("#called")
        # Buttons are named by all that stands in them.
        assert page.get_by_role("button", name=re.compile(NOTE[1:])).count() == 1
        assert serious(tab) == []
        assert errors(tab) == []


def test_slider_flicker_zoom_and_map_answer(
    chromium: Browser, server: str, files: dict[str, Path]
) -> None:
    with chromium.open(server) as tab:
        page = tab.page
        give(tab, [files["original.png"], files["q10.jpg"]])
        await_scores(tab, 1)
        assert mode(tab) == "slider"
        page.fill(".handle", "20")
        assert "20%" in page.evaluate("document.querySelector('.pane.b').style.clipPath")
        page.click("button[data-mode=flicker]")
        page.focus(".stage")
        page.keyboard.press("Space")
        assert page.evaluate("document.querySelector('.pane.b').classList.contains('away')")
        page.click("button[data-mode=side]")
        for _ in range(12):
            page.keyboard.press("+")
        page.focus(".stage")
        for _ in range(12):
            page.keyboard.press("+")
        moves = page.evaluate(
            "[...document.querySelectorAll('.pane img')].map((i) => i.style.transform)"
        )
        assert len(set(moves)) == 1
        assert "scale(" in moves[0]
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.pane img')).imageRendering")
            == "pixelated"
        )
        page.select_option("#map-level", "0")
        page.wait_for_selector(".pane.b img.map")
        first = page.get_attribute("img.map", "src")
        options = page.locator("#map-level option").all_inner_texts()
        assert len(options) == 2 + page.locator("#levels > div").count()
        page.select_option("#map-level", "2")
        page.wait_for_function("(old) => document.querySelector('img.map').src !== old", arg=first)
        page.fill(".amount", "30")
        assert page.evaluate("document.querySelector('img.map').style.opacity") == "0.3"
        assert page.inner_text("#map-unit").startswith("1 - DeepSSIM")
        page.select_option("#map-level", "")
        page.wait_for_selector("img.map", state="detached")
        assert errors(tab) == []


def test_everything_is_done_by_keyboard(
    chromium: Browser, server: str, files: dict[str, Path]
) -> None:
    with chromium.open(server) as tab:
        page = tab.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "reference"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "versions"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "examples"
        page.keyboard.press("Enter")
        await_scores(tab, 7)
        best = page.inner_text("#chosen-name")
        page.focus(".stage")
        seen = {best}
        for key in ("n", "n", "p", "p", "p", "p", "p", "p"):
            page.keyboard.press(key)
            seen.add(page.inner_text("#chosen-name"))
        assert len(seen) >= 3
        page.wait_for_selector(".stage")
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('#ranking') !== null"):
                break
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
        assert errors(tab) == []


def test_how_hdr_samples_are_meant_is_said_on_the_page(
    chromium: Browser, server: str, photo: Image.Image, tmp_path: Path
) -> None:
    samples = np.asarray(photo).astype(np.float32) / 255
    paths = []
    for name, values in (("a.tif", samples), ("b.tif", samples**1.2)):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(tiff(values.astype(np.float32)))
    with chromium.open(server) as tab:
        give(tab, paths)
        tab.page.wait_for_function(
            "() => document.getElementById('problem').textContent.includes('transfer')"
        )
        tab.page.click(".options summary")
        tab.page.select_option("#transfer", "srgb")
        await_scores(tab, 1)
        expected = msds.score(*paths, transfer="srgb")
        assert tab.page.inner_text("#score") == f"{expected.score:.4f}"
        assert tab.page.inner_text("#problem") == ""


def test_a_report_is_saved(
    chromium: Browser, server: str, files: dict[str, Path], tmp_path: Path
) -> None:
    with chromium.open(server) as tab:
        give(tab, [files["original.png"], files["q60.jpg"], files["q10.jpg"]])
        await_scores(tab, 2)
        with tab.page.expect_download() as download:
            tab.page.click("#save")
        download.value.save_as(tmp_path / "report.html")
        assert errors(tab) == []
    with chromium.open(tmp_path / "report.html") as tab:
        assert "q10.jpg" in tab.page.inner_text("body")
        assert errors(tab) == []


def test_pasted_images_are_taken(chromium: Browser, server: str, files: dict[str, Path]) -> None:
    with chromium.open(server) as tab:
        give(tab, [files["original.png"]], None, PASTE)
        assert "pasted 1" in tab.page.inner_text("#reference-name")
        give(tab, [files["q60.jpg"]], None, PASTE)
        await_scores(tab, 1)
        assert errors(tab) == []


def test_what_cannot_be_used_is_told_and_the_rest_goes_on(
    chromium: Browser, server: str, files: dict[str, Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(files["original.png"].read_bytes()[:500])
    with chromium.open(server) as tab:
        give(tab, [files["original.png"], files["q60.jpg"], bad])
        tab.page.wait_for_selector("#status:text('1 of 2 images compared.')")
        tab.page.click("#ranking button:has-text('bad.png')")
        assert "bad.png" in tab.page.inner_text("#problem")
        assert tab.page.inner_text("#score") == "no score"
        assert tab.page.is_hidden("#map-tools")
        tab.page.click("#clear")
        assert tab.page.is_hidden("#result")


def test_what_is_wrong_with_the_original_is_said_once(
    chromium: Browser, server: str, files: dict[str, Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(files["original.png"].read_bytes()[:500])
    with chromium.open(server) as tab:
        give(tab, [bad], "reference")
        give(tab, [files["q60.jpg"], files["original.png"]], "versions")
        tab.page.wait_for_selector("#status:text('None of 2 images compared.')")
        assert tab.page.inner_text("#problem").startswith("bad.png: ")
        assert tab.page.inner_text("body").count("bad.png: ") == 1


def test_a_server_that_is_busy_is_waited_for_and_that_is_said(
    chromium: Browser, server: str, files: dict[str, Path]
) -> None:
    with chromium.open(server) as tab:
        busy = {"status": 503, "headers": {"retry-after": "1"}, "json": {"error": "Come again."}}
        tab.page.route("**/api/score", lambda route: route.fulfill(**busy))
        give(tab, [files["original.png"], files["q60.jpg"]])
        tab.page.get_by_text("The server is busy").wait_for()
        tab.page.unroute("**/api/score")
        await_scores(tab, 1)
        assert tab.page.inner_text("#problem") == ""


def test_a_large_image_is_looked_at_quickly_first_and_closely_on_demand(
    chromium: Browser, server: str, photo: Image.Image, tmp_path: Path
) -> None:
    paths = [tmp_path / "large.png", tmp_path / "large.jpg"]
    for path in paths:
        photo.resize((1200, 600)).save(path)
    with chromium.open(server) as tab:
        give(tab, paths)
        await_scores(tab, 1)
        tab.page.select_option("#map-level", "0")
        tab.page.wait_for_selector("img.map")
        quick = tab.page.get_attribute("img.map", "src")
        tab.page.click("#map-full")
        tab.page.wait_for_function(
            "(old) => document.querySelector('img.map').src !== old", arg=quick
        )
        tab.page.wait_for_selector("#map-coarse", state="hidden")
        assert errors(tab) == []


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_keeps_nobody_out(
    chromium: Browser, server: str, size: tuple[int, int], scheme: str
) -> None:
    with chromium.open(server, size, scheme) as tab:
        assert serious(tab) == []
        tab.page.click("#examples")
        await_scores(tab, 7)
        tab.page.select_option("#map-level", "0")
        tab.page.wait_for_selector("img.map")
        assert tab.overflow() == 0
        assert serious(tab) == []
        assert errors(tab) == []
        tab.page.goto(server + "api")
        assert tab.overflow() == 0
        assert serious(tab) == []


def test_the_page_loads_nothing_from_elsewhere(chromium: Browser, server: str) -> None:
    asked: list[str] = []
    with chromium.open("about:blank") as tab:
        tab.page.on("request", lambda request: asked.append(request.url))
        tab.page.goto(server)
        tab.page.click("#examples")
        await_scores(tab, 7)
    assert asked
    assert all(url.startswith((server, "blob:", "data:")) for url in asked)
