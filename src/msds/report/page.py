"""A self-contained page made of sections; nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from msds.files import atomic_write
from msds.report.pictures import data_uri
from msds.report.table import Table
from msds.text import one_line

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  color: #1a1a1a; background: #fff; max-width: 68rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { margin-top: 2.6rem; font-size: 1.3rem;
  border-bottom: 2px solid #0072B2; padding-bottom: .2rem; }
h3 { margin-top: 1.8rem; font-size: 1.05rem; }
nav ul { columns: 2; padding-left: 1.2rem; } a { color: #005a8c; }
.wide { overflow-x: auto; } table { border-collapse: collapse;
  font-size: .88rem; margin: .6rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #ddd;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 2px solid #333;
  white-space: normal; vertical-align: bottom; }
td.best { font-weight: 700; } .note { color: #444; font-size: .85rem; max-width: 60rem; }
figure { margin: 1rem 0; } figure img { max-width: 100%; height: auto; }
figcaption { font-size: .85rem; color: #444; }
.pair { display: flex; gap: .6rem; flex-wrap: wrap; }
.pair img { width: 48%; min-width: 15rem; flex: 1; }
pre { background: #f4f4f4; padding: .8rem; overflow-x: auto; font-size: .85rem; }
@media print { body { max-width: none; margin: 0; font-size: 11pt; }
  h2 { break-before: auto; } figure, table { break-inside: avoid; } nav { display: none; } }
"""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Code:
    """A command or settings, word for word."""

    text: str


@dataclass(frozen=True)
class Figure:
    """A plot, drawn when the page is written.

    Attributes
    ----------
    draw : makes the PNG.
    caption : a description, which is also read to those who cannot see it.
    """

    draw: Callable[[], bytes]
    caption: str


@dataclass(frozen=True)
class PicturePair:
    """A reference and a distorted image side by side.

    Attributes
    ----------
    reference, distorted : what each is called.
    load : makes both pictures, as data URIs.
    """

    reference: str
    distorted: str
    load: Callable[[], tuple[str, str]]
    caption: str


Block = Text | Heading | Code | Table | Figure | PicturePair


@dataclass
class Section:
    """A part of a page with a title of its own; it owns its tables."""

    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        """Its tables, in their order."""
        return [block for block in self.blocks if isinstance(block, Table)]


@dataclass
class Page:
    """Sections under a title.

    Attributes
    ----------
    results : what the page is about.
    closing : what a reader may want to know besides, such as how to repeat it.
    """

    title: str
    subtitle: str
    results: Sequence[Section]
    closing: Sequence[Section] = ()

    @property
    def tables(self) -> list[Table]:
        """All tables, in their order."""
        return [table for section in self.results for table in section.tables]

    def write(self, path: Path) -> list[str]:
        """Write the page.

        Returns
        -------
        What could not be drawn, a sentence each; the page says it in the same places.
        """
        html, problems = _Renderer().page(self)
        with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(html)
        return problems


class _Renderer:
    """Makes HTML of one page, and remembers what could not be drawn."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def page(self, page: Page) -> tuple[str, list[str]]:
        sections = [*page.results, *page.closing]
        contents = "".join(
            f'<li><a href="#s{number}">{escape(one_line(section.title))}</a></li>'
            for number, section in enumerate(sections, start=1)
        )
        body = "".join(
            f'<section id="s{number}"><h2>{escape(one_line(section.title))}</h2>'
            f"{''.join(map(self.block, section.blocks))}</section>"
            for number, section in enumerate(sections, start=1)
        )
        title = escape(one_line(page.title))
        html = (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title><style>{_STYLE}</style></head><body>"
            f"<header><h1>{title}</h1><p>{escape(one_line(page.subtitle))}</p></header>"
            f"<nav><ul>{contents}</ul></nav><main>{body}</main></body></html>\n"
        )
        return html, self.problems

    def block(self, block: Block) -> str:
        if isinstance(block, Table):
            return _table(block)
        if isinstance(block, Text):
            return f"<p>{escape(block.text)}</p>"
        if isinstance(block, Heading):
            return f"<h3>{escape(one_line(block.text))}</h3>"
        if isinstance(block, Code):
            return f"<pre><code>{escape(block.text)}</code></pre>"
        caption = escape(one_line(block.caption))
        try:
            drawn = _drawn(block)
        except Exception as error:  # whatever fails costs this picture and not the page
            reason = one_line(f"{type(error).__name__}: {error}")
            self.problems.append(f"{one_line(block.caption)}: {reason}")
            drawn = f'<p class="note">This could not be drawn: {escape(reason)}</p>'
        return f"<figure>{drawn}<figcaption>{caption}</figcaption></figure>"


def _drawn(block: Figure | PicturePair) -> str:
    if isinstance(block, Figure):
        caption = escape(one_line(block.caption))
        return f'<img src="{data_uri(block.draw())}" alt="{caption}">'
    names = (block.reference, block.distorted)
    shown = "".join(
        f'<img src="{uri}" alt="{escape(one_line(name))}">'
        for uri, name in zip(block.load(), names, strict=True)
    )
    return f'<div class="pair">{shown}</div>'


def _table(table: Table) -> str:
    bold = table.emphasised()
    head = "".join(f'<th scope="col">{escape(one_line(name))}</th>' for name in table.columns)
    rows = []
    for index, row in enumerate(table.rows):
        cells = "".join(
            f'<td class="best">{escape(table.text(cell))}</td>'
            if (index, column) in bold
            else f"<td>{escape(table.text(cell))}</td>"
            for column, cell in enumerate(row)
        )
        rows.append(f"<tr>{cells}</tr>")
    html = (
        f'<div class="wide"><table><caption>{escape(one_line(table.title))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
    return html + (f'<p class="note">{escape(table.note)}</p>' if table.note else "")
