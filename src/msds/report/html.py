"""A self-contained page: headings, tables, plots and pictures, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from msds.files import atomic_write
from msds.report.style import data_uri
from msds.report.table import Table

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


class Page:
    """A page that grows part by part."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        self.title = title
        self.subtitle = subtitle
        self._parts: list[str] = []
        self._sections: list[str] = []

    def section(self, title: str) -> None:
        """Start a section; it appears in the contents."""
        self._sections.append(title)
        self._parts.append(f'<h2 id="s{len(self._sections)}">{escape(title)}</h2>')

    def heading(self, text: str) -> None:
        """A smaller heading."""
        self._parts.append(f"<h3>{escape(text)}</h3>")

    def text(self, text: str) -> None:
        """A paragraph."""
        self._parts.append(f"<p>{escape(text)}</p>")

    def code(self, text: str) -> None:
        """A command or settings, word for word."""
        self._parts.append(f"<pre><code>{escape(text)}</code></pre>")

    def table(self, table: Table) -> None:
        """A table, best numbers in bold."""
        bold = table.emphasised()
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
        rows = []
        for index, row in enumerate(table.rows):
            cells = "".join(
                f'<td class="best">{escape(table.text(cell))}</td>'
                if (index, column) in bold
                else f"<td>{escape(table.text(cell))}</td>"
                for column, cell in enumerate(row)
            )
            rows.append(f"<tr>{cells}</tr>")
        self._parts.append(
            f'<div class="wide"><table><caption>{escape(table.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )
        if table.note:
            self._parts.append(f'<p class="note">{escape(table.note)}</p>')

    def plot(self, content: bytes, description: str) -> None:
        """A plot with a description, which is also read to those who cannot see it."""
        image = f'<img src="{data_uri(content)}" alt="{escape(description)}">'
        self._parts.append(
            f"<figure>{image}<figcaption>{escape(description)}</figcaption></figure>"
        )

    def pictures(self, images: Sequence[tuple[str, str]], caption: str) -> None:
        """Pictures side by side, as (data URI, description), with a caption."""
        shown = "".join(f'<img src="{uri}" alt="{escape(alt)}">' for uri, alt in images)
        self._parts.append(
            f'<figure><div class="pair">{shown}</div>'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )

    def html(self) -> str:
        """The whole page."""
        contents = "".join(
            f'<li><a href="#s{number}">{escape(title)}</a></li>'
            for number, title in enumerate(self._sections, start=1)
        )
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style></head><body>"
            f"<header><h1>{escape(self.title)}</h1><p>{escape(self.subtitle)}</p></header>"
            f"<nav><ul>{contents}</ul></nav><main>{''.join(self._parts)}</main></body></html>\n"
        )

    def write(self, path: Path) -> None:
        """Write the page."""
        with atomic_write(path, "w", encoding="utf-8") as file:
            file.write(self.html())
