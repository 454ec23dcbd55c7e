"""Pages and plots: well formed, self-contained, safe against any text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from msds.report.page import Code, Figure, Page, Section
from msds.report.table import Cell, Table

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


def section(title: str, *, best: tuple[str, ...] = ("b&",)) -> Section:
    rows: list[list[Cell]] = [["<script>", 1.0], ["y", 2.0]]
    return Section(title, [Table("t <i>", ["a", "b&"], rows, best=best)])


def test_a_page_is_well_formed_and_shows_any_text_as_it_is(tmp_path: Path) -> None:
    blocks = [Figure(lambda: b"picture", 'a "plot" <x>'), Code("msds bench 'a<b'")]
    page = Page('A <b> & "c"', "sub", [section("One"), Section("Two", [*blocks])])
    path = tmp_path / "page.html"
    assert page.write(path) == []
    text = path.read_text()
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert parser.wrong == 0
    assert "<script>" not in text
    assert "msds bench 'a<b'" in parser.text
    assert '<td class="best">2.000</td>' in text


def test_sections_of_one_title_print_their_own_tables_once_each(tmp_path: Path) -> None:
    page = Page("P", "", [section("Set"), section("Set")], [section("End")])
    assert len(page.tables) == 2
    path = tmp_path / "page.html"
    page.write(path)
    assert path.read_text().count("<table>") == 3


def test_a_figure_that_cannot_be_drawn_costs_itself_and_not_the_page(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise ValueError("no <such> font")

    page = Page("P", "", [Section("One", [Figure(fail, "a plot"), Code("the rest")])])
    path = tmp_path / "page.html"
    assert page.write(path) == ["a plot: ValueError: no <such> font"]
    text = path.read_text()
    assert "This could not be drawn: ValueError: no &lt;such&gt; font" in text
    assert "the rest" in text
