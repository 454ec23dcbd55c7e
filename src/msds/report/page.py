"""A page made of sections that own their tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msds.files import atomic_write
from msds.report.blocks import Section
from msds.report.document import document, masthead
from msds.report.html import Renderer
from msds.report.markup import shown
from msds.report.table import Table


@dataclass
class Page:
    """Sections under a title.

    Attributes
    ----------
    results : what the page is about.
    closing : what a reader may want to know besides, such as how to repeat it.
    """

    title: str
    lead: str
    results: Sequence[Section]
    closing: Sequence[Section] = ()

    @property
    def tables(self) -> list[Table]:
        """All tables of the results, in their order."""
        return [table for section in self.results for table in section.tables]

    def write(self, path: Path) -> list[str]:
        """Write the page as one file of HTML.

        Returns
        -------
        What could not be drawn, a sentence each; the page says it in the same places.
        """
        renderer = Renderer()
        sections = list(enumerate([*self.results, *self.closing], start=1))
        contents = "".join(
            f'<li><a href="#s{number}">{shown(section.title)}</a></li>'
            for number, section in sections
        )
        main = "".join(
            f'<section id="s{number}"><h2>{shown(section.title)}</h2>'
            f"{''.join(map(renderer.block, section.blocks))}</section>"
            for number, section in sections
        )
        body = (
            f'<div class="page with-contents">{masthead(self.title, self.lead)}'
            f'<nav class="contents" aria-label="Contents"><ul>{contents}</ul></nav>'
            f"<main>{main}</main></div>"
        )
        with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(document(self.title, body))
        return renderer.problems
