"""Pages: well formed, self-contained, safe against any text, whole where a part fails."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from msds.report.blocks import Block, Code, Figure, Folded, Matrix, PicturePair, Section, Text
from msds.report.charts import Chart, Columns, Histogram, Intervals, Line, Lines, Scatter
from msds.report.html import table_html
from msds.report.markup import shown_name
from msds.report.page import Page
from msds.report.table import Cell, Table, with_interval
from msds.study.statistics import Interval

VOID = {"meta", "img", "br", "link", "input", "wbr"}
HOSTILE = '<script>alert(1)</script> $\\frac{ & "quoted" \u202e \x1b[2J $'


class Balanced(HTMLParser):
    """Counts tags that are not closed where they should be, and keeps attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong = 0
        self.text = ""
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong += 1

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    return parser


def every_chart(name: str) -> dict[str, Chart]:
    """One of each kind, all texts of it `name`."""
    points = [0.1, 0.5, float("nan")]
    return {
        "intervals": Intervals({name: (0.9, 0.8, 0.95), "b": (0.5, *[float("nan")] * 2)}, name),
        "scatter": Scatter({name: (points, points)}, name, name, (name, ([0, 1], [0, 1]))),
        "lines": Lines(
            {name: Line([1, 2], [0.5, 0.6], [0.4, 0.5], [0.6, 0.7])}, name, name, [name] * 2
        ),
        "columns": Columns([name], [0.5], [0.4], [0.6], [0.55], 0.5, name, (name,) * 4),
        "histogram": Histogram([0.2, 0.9, 0.95], 1.0, name),
    }


def every_block(name: str) -> list[Block]:
    rows: list[list[Cell]] = [
        [name, 1.0, with_interval(0.5, Interval(0.4, 0.6)), name],
        ["y", 2.0, None, "z"],
    ]
    charts = [
        Figure(name, name, {name: lambda chart=chart: chart})  # type: ignore[misc]
        for chart in every_chart(name).values()
    ]
    return [
        Text(name),
        Code(name),
        Folded(name, Code(name)),
        Table(name, ["a", "b&", "c", name], rows, best=("b&",), note=name, subject=name),
        Matrix(name, [name], [[(name, "good")]], name),
        PicturePair(name, name, lambda: ("data:image/png;base64,AA", "data:,"), name),
        *charts,
    ]


def written(page: Page, tmp_path: Path) -> str:
    assert page.write(tmp_path / "page.html") == []
    return (tmp_path / "page.html").read_text()


def test_a_page_is_well_formed_and_shows_any_text_as_it_is(tmp_path: Path) -> None:
    page = Page(HOSTILE, HOSTILE, [Section(HOSTILE, every_block(HOSTILE))])
    text = written(page, tmp_path)
    found = parsed(text)
    assert found.open == []
    assert found.wrong == 0
    assert text.count("<script>") == 1
    assert found.text.count("<script>alert(1)</script> $\\frac{") >= 12
    assert "\x1b" not in text
    assert '<td class="best" data-v="2.0">2.000</td>' in text


def test_a_page_may_run_only_its_own_script_and_load_nothing(tmp_path: Path) -> None:
    text = written(Page("P", "", [Section("S", every_block("x"))]), tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy[1]
    for tag in ("script", "style"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    attributes = parsed(text).attributes
    assert not [item for item in attributes if item[1] == "style" or item[1].startswith("on")]
    sources = [value for _, name, value in attributes if name in ("src", "href")]
    assert sources
    assert all(value.startswith(("data:", "#")) for value in sources)


def test_sections_of_one_title_print_their_own_tables_once_each(tmp_path: Path) -> None:
    tables = [Table("t", ["a"], [[float(k)]]) for k in range(3)]
    page = Page("P", "", [Section("Set", [t]) for t in tables[:2]], [Section("End", [tables[2]])])
    assert page.tables == tables[:2]
    assert written(page, tmp_path).count("<table ") == 3


def test_a_figure_that_cannot_be_drawn_costs_itself_and_not_the_page(tmp_path: Path) -> None:
    def fail() -> Chart:
        raise ValueError("no <such> font")

    def gone() -> tuple[str, str]:
        raise FileNotFoundError("a.png")

    chart = every_chart("x")["lines"]
    figure = Figure("a plot", "caption", {"first": fail, "second": lambda: chart})
    page = Page(
        "P", "", [Section("One", [figure, PicturePair("r", "d", gone, "two"), Code("rest")])]
    )
    path = tmp_path / "page.html"
    assert page.write(path) == [
        "first: ValueError: no <such> font",
        "two: FileNotFoundError: a.png",
    ]
    text = path.read_text()
    assert "This could not be drawn: ValueError: no &lt;such&gt; font" in text
    assert text.count('class="chart"') == 2
    assert "rest" in text


def test_a_table_shows_its_title_within_a_section_and_its_subject_elsewhere() -> None:
    table = Table("by type", ["a"], [["x"]], subject="LIVE")
    assert table.markdown().startswith("**LIVE: by type**")
    assert table.csv().splitlines()[1] == "LIVE: by type,x"
    assert "LIVE" not in table_html(table)
    assert "By type" in table_html(table)


def test_cells_are_sorted_by_their_numbers_and_not_by_what_is_shown() -> None:
    cells: list[Cell] = ["n", with_interval(0.51234, Interval(0.4, 0.6)), 0.98765, 3, None]
    html = table_html(Table("t", list("abcde"), [cells], digits=1))
    assert re.findall(r'data-v="([^"]*)"', html) == ["0.51234", "0.98765", "3", ""]
    assert '0.512 <span class="range">[0.400, 0.600]</span>' in html


@pytest.mark.parametrize("width", [340.0, 640.0])
@pytest.mark.parametrize("kind", list(every_chart("x")))
def test_a_chart_has_the_width_it_is_asked_for_at_most(kind: str, width: float) -> None:
    drawn = every_chart("a name that is far too long for any axis to hold it whole " * 3)[kind]
    found = re.match(r'<svg class="chart" width="([\d.]+)" height="([\d.]+)">', drawn.svg(width))
    assert found is not None
    assert float(found[1]) <= width
    assert "nan" not in drawn.svg(width)


def test_text_that_spreadsheets_take_for_a_formula_is_made_harmless_on_request() -> None:
    table = Table("=title", ["@name", "x"], [["+1+cmd", -2.5], ["-3", None]])
    assert table.csv().splitlines()[1] == "=title,+1+cmd,-2.5"
    assert table.csv(safe=True).splitlines() == [
        "table,'@name,x",
        "'=title,'+1+cmd,-2.5",
        "'=title,-3,",
    ]
    assert table.tsv(safe=True).startswith("table\t'@name\tx")


def test_long_names_break_where_their_parts_end_and_numbers_do_not() -> None:
    name = "photos/a_photograph_with-a-long.name.png"
    assert shown_name(f"{name}: 0.9912") == (
        "photos/<wbr>a_<wbr>photograph_<wbr>with-<wbr>a-<wbr>long.<wbr>name.<wbr>png: 0.9912"
    )
    assert shown_name("<b>_short") == "&lt;b&gt;_short"
