"""The page of a run with clips: which moments it shows, and that they open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.axe import serious
from helpers.browser import NARROW, WIDE, browser
from helpers.clips import scene, write_clip
from helpers.scoring_files import RANDOM, write_image
from msds.report.charts import Curve
from msds.video.worst import worst_moments


def test_the_worst_moments_are_apart_from_each_other() -> None:
    times = [k / 10 for k in range(200)]
    scores = np.ones(200)
    scores[[50, 51, 52, 120, 7]] = [0.2, 0.1, 0.3, 0.4, 0.5]
    assert worst_moments(times, scores, 3) == [51, 120, 7]
    assert worst_moments([0.0], [0.5]) == [0]


def test_a_curve_of_very_many_moments_stays_small() -> None:
    times = np.arange(100_000) / 25
    scores = np.random.default_rng(0).uniform(0.5, 1, 100_000)
    drawn = Curve(times, scores, [5], ["0.5 at 0.2 s"], "time", "score").svg(640)
    assert len(drawn) < 40_000
    assert drawn.count("<g data-moment=") == 1


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two videos and an image."""
    folder = tmp_path_factory.mktemp("page")
    for name, options in (("refs", None), ("dist", {"crf": "44", "preset": "ultrafast"})):
        (folder / name).mkdir()
        for seed in (0, 1):
            write_clip(folder / name / f"clip{seed}.mp4", scene(8, seed), options=options)
        write_image(folder / name / "photo.png", 2, (64, 64))
    with pytest.MonkeyPatch.context() as patch:
        from msds.cli.main import main

        arguments = ["msds", "score", *RANDOM, str(folder / "refs"), str(folder / "dist")]
        patch.setattr("sys.argv", [*arguments, "--report", str(folder / "page.html"), "--quiet"])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    return folder / "page.html"


def test_the_page_loads_nothing_and_names_every_clip(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count('class="clip"') == 2
    assert "photo.png" in text
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_a_click_shows_the_two_frames_under_a_slider_with_a_map(
    page: Path, size: tuple[int, int], scheme: str
) -> None:
    with browser() as chromium, chromium.open(page, size, scheme) as tab:
        assert tab.overflow() <= 0
        assert not serious(tab)
        tab.page.locator("[data-card]").first.click()
        assert tab.page.locator("#pair .viewer").get_attribute("data-mode") == "slider"
        assert tab.page.locator("#pair .viewer img").count() == 3
        first = tab.page.locator("#pair-name").inner_text()
        tab.page.locator("#next").click()
        assert tab.page.locator("#pair-name").inner_text() != first
        assert not serious(tab)
        tab.page.locator("#close").click()
        mark = tab.page.locator("g[data-moment='1'] circle").locator("visible=true").first
        mark.click()
        assert tab.page.locator("#pair-name").inner_text() != first
        assert not tab.said
