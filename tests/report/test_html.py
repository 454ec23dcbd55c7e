"""Pages and plots: well formed, self-contained, safe against any text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from msds.report.table import Table

pytest.importorskip("matplotlib")

VOID = {"meta", "img", "br"}


class Balanced(HTMLParser):
    """Counts tags that are not closed where they should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong = 0
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong += 1

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_is_well_formed_and_shows_any_text_as_it_is(tmp_path: Path) -> None:
    from msds.report import plots
    from msds.report.html import Page

    page = Page('A <b> & "c"', "sub")
    page.section("One")
    page.table(Table("t <i>", ["a", "b&"], [["<script>", 1.0], ["y", 2.0]], best=("b&",)))
    page.plot(plots.heat(np.array([[0.1, 0.9]]), ["r"], ["x", "y"], "t"), 'a "plot" <x>')
    page.code("msds bench 'a<b'")
    path = tmp_path / "page.html"
    page.write(path)
    text = path.read_text()
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert parser.wrong == 0
    assert "<script>" not in text
    assert "msds bench 'a<b'" in parser.text
    assert '<td class="best">2.000</td>' in text


def test_no_two_kinds_share_colour_and_mark() -> None:
    from msds.report.style import style

    seen = {tuple(sorted(style(index).items())) for index in range(70)}
    assert len(seen) == 70


def test_the_colours_of_lines_differ_in_lightness_or_mark_for_grey_prints() -> None:
    from msds.report.style import COLOURS, MARKERS

    assert len(set(COLOURS)) == len(COLOURS)
    assert len(set(MARKERS[: len(COLOURS)])) == len(COLOURS)


def test_plots_are_pngs_of_readable_size() -> None:
    from io import BytesIO

    from PIL import Image

    from msds.report import plots
    from msds.study.statistics import Interval

    drawn = plots.intervals({"a": (0.9, Interval(0.8, 0.95)), "b": (0.5, None)}, "SRCC", "title")
    picture = Image.open(BytesIO(drawn))
    assert picture.format == "PNG"
    assert picture.width >= 1000
