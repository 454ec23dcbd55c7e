"""Blocks of a page as HTML."""

from __future__ import annotations

import math
from functools import singledispatchmethod
from html import escape
from typing import Any

from msds.report.blocks import (
    Code,
    Figure,
    Folded,
    Heading,
    Matrix,
    PicturePair,
    Text,
)
from msds.report.charts import Chart
from msds.report.markup import shown, shown_lines, shown_name
from msds.report.table import Cell, Number, Table

WIDE, BESIDE, NARROW = 640.0, 440.0, 340.0
"""Widths in pixels for which charts are drawn: by itself and beside another one on a wide page, and
on a narrow one."""

_SHADES = 9


class Renderer:
    """Makes HTML of blocks, and remembers what could not be drawn.

    Attributes
    ----------
    problems : a sentence for each.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []

    @singledispatchmethod
    def block(self, block: Any) -> str:
        """HTML of a block."""
        raise TypeError(f"a page has no place for {type(block).__name__}")

    @block.register
    def _(self, block: Text) -> str:
        return f"<p>{shown_lines(block.text)}</p>"

    @block.register
    def _(self, block: Heading) -> str:
        return f"<h3>{shown(block.text)}</h3>"

    @block.register
    def _(self, block: Code) -> str:
        return f"<pre><code>{shown_lines(block.text)}</code></pre>"

    @block.register
    def _(self, block: Folded) -> str:
        inner = self.block(block.code)
        return f"<details><summary>{shown(block.summary)}</summary>{inner}</details>"

    @block.register
    def _(self, block: Table) -> str:
        return table_html(block)

    @block.register
    def _(self, block: Matrix) -> str:
        return matrix_html(block)

    @block.register
    def _(self, block: Figure) -> str:
        panels, keys = "", ""
        for title, make in block.charts.items():
            try:
                chart = make()
                drawn = chart_html(chart, title or block.title, len(block.charts) > 1)
                keys = keys or _legend(chart)
            except Exception as error:  # whatever fails costs this chart and not the page
                drawn = self._failed(title or block.title, error)
            heading = f'<p class="chart-title">{shown_name(title)}</p>' if title else ""
            panels += f'<div class="panel">{heading}{drawn}</div>'
        kind = "plot several" if len(block.charts) > 1 else "plot"
        return (
            f'<figure><p class="figure-title">{shown(block.title)}</p>'
            f'<div class="{kind}">{panels}{keys}</div>'
            f"<figcaption>{shown(block.caption)}</figcaption></figure>"
        )

    @block.register
    def _(self, block: PicturePair) -> str:
        try:
            drawn = viewer_html((block.reference, block.distorted), block.load())
        except Exception as error:  # as above
            drawn = self._failed(block.caption, error)
        return f"<figure>{drawn}<figcaption>{shown_name(block.caption)}</figcaption></figure>"

    def _failed(self, what: str, error: Exception) -> str:
        reason = f"{type(error).__name__}: {error}"
        self.problems.append(f"{what}: {reason}")
        return f'<p class="note">This could not be drawn: {shown(reason)}</p>'


def chart_html(chart: Chart, description: str, beside: bool = False) -> str:
    """A chart for wide and for narrow pages; beside others it is less wide."""
    label = f'role="img" aria-label="{shown(description)}"'
    drawn = ""
    for name, width in (("wide", BESIDE if beside else WIDE), ("narrow", NARROW)):
        svg = chart.svg(width).replace("<svg ", f"<svg {label} ", 1)
        drawn += f'<div class="plot-box {name}">{svg}</div>'
    return drawn


def _legend(chart: Chart) -> str:
    entries = ""
    for key in chart.legend():
        inner = f"{key.svg()}<span>{shown(key.name)}</span>"
        if chart.picks and key.index is not None:
            attributes = f'type="button" aria-pressed="false" data-kind="{key.index}"'
            inner = f"<button {attributes}>{inner}</button>"
        entries += f"<li>{inner}</li>"
    return f'<ul class="legend">{entries}</ul>' if entries else ""


def viewer_html(names: tuple[str, str], sources: tuple[str, str]) -> str:
    """Two images to compare, which `viewer.js` brings to life; side by side without it."""
    panes = "".join(
        f'<figure class="pane {side}"><img src="{escape(source)}" alt="{shown(name)}" '
        f'draggable="false"><figcaption>{shown(name)}</figcaption></figure>'
        for side, name, source in zip("ab", names, sources, strict=True)
    )
    return f'<div class="viewer" data-mode="side"><div class="stage">{panes}</div></div>'


def table_html(table: Table) -> str:
    """A table that can be sorted; one of `shaded` numbers has them on grounds of their strength."""
    bold = table.emphasised()
    words = [_of_words(table, column) for column in range(len(table.columns))]
    head = "".join(
        f'<th scope="col"{_kind("words" if wordy or not column else "")}>{shown(name)}</th>'
        for column, (name, wordy) in enumerate(zip(table.columns, words, strict=True))
    )
    low = max(0.0, min(_numbers(table), default=0.0))
    rows = []
    for index, row in enumerate(table.rows):
        cells = [f'<th scope="row"{_sorting(row[0])}>{shown_name(table.text(row[0]))}</th>']
        for column, cell in enumerate(row[1:], start=1):
            kinds = ["best"] if (index, column) in bold else []
            kinds += ["words"] if words[column] else []
            kinds += [_shade(cell, low)] if table.shaded else []
            kind = _kind(" ".join(name for name in kinds if name))
            cells.append(f"<td{kind}{_sorting(cell)}>{_cell(table, cell)}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    title = shown(table.title[:1].upper() + table.title[1:])
    kind = "sorts shaded" if table.shaded else "sorts"
    note = f'<p class="note">{shown(table.note)}</p>' if table.note else ""
    return (
        f'<div class="table"><p class="table-title">{title}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f'<table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{note}</div>"
    )


def matrix_html(matrix: Matrix) -> str:
    """Words for every two names."""
    head = "".join(f'<th scope="col">{shown(name)}</th>' for name in matrix.names)
    rows = "".join(
        f'<tr><th scope="row">{shown(name)}</th>'
        + "".join(f'<td class="{tone}">{shown(word)}</td>' for word, tone in cells)
        + "</tr>"
        for name, cells in zip(matrix.names, matrix.cells, strict=True)
    )
    title = shown(matrix.title)
    head = f'<tr><td class="self"></td>{head}</tr>'
    return (
        f'<div class="table"><p class="table-title">{title}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f'<table class="matrix"><thead>{head}</thead><tbody>{rows}</tbody></table></div>'
        f'<p class="note">{shown(matrix.caption)}</p></div>'
    )


def _kind(names: str) -> str:
    return f' class="{names}"' if names else ""


def _of_words(table: Table, column: int) -> bool:
    found = [row[column] for row in table.rows if row[column] is not None]
    return any(isinstance(cell, str) for cell in found) and not any(
        isinstance(cell, (float, Number)) for cell in found
    )


def _numbers(table: Table) -> list[float]:
    cells = [cell for row in table.rows for cell in row]
    return [cell for cell in cells if isinstance(cell, float) and math.isfinite(cell)]


def _shade(cell: Cell, low: float) -> str:
    """Class of a number's ground: darker towards 1, none at the table's lowest or at 0."""
    if not isinstance(cell, float) or not math.isfinite(cell) or low >= 1:
        return ""
    return f"s{min(_SHADES, max(0, int((_SHADES + 1) * (cell - low) / (1 - low))))}"


def _sorting(cell: Cell) -> str:
    """The number by which a cell is sorted, where it is shown with less or with more."""
    number = cell.value if isinstance(cell, Number) else cell
    if isinstance(number, (int, float)) and math.isfinite(number):
        return f' data-v="{number!r}"'
    return ' data-v=""' if number is None or isinstance(number, float) else ""


def _cell(table: Table, cell: Cell) -> str:
    if isinstance(cell, Number) and cell.range:
        return f'{shown(cell.shown)} <span class="range">{shown(cell.range)}</span>'
    return shown(table.text(cell))
