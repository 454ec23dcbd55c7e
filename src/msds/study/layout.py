"""Tables of results as text for people (terminal, Markdown, LaTeX) and machines (CSV)."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from msds.pairs.plan import one_line
from msds.study.statistics import Interval

Cell = str | float | int | None


@dataclass
class Table:
    """A titled table.

    Attributes
    ----------
    columns : headings.
    rows : cells; floats are shown with `digits` decimals.
    best : columns in which the largest number of the table is emphasised; smallest with a minus
        sign before the name.
    note : what a reader must know.
    """

    title: str
    columns: Sequence[str]
    rows: list[list[Cell]] = field(default_factory=list)
    digits: int = 3
    best: Sequence[str] = ()
    note: str = ""

    def text(self, cell: Cell) -> str:
        """A cell as it is shown."""
        if cell is None:
            return "–"
        if isinstance(cell, float):
            return f"{cell:.{self.digits}f}" if math.isfinite(cell) else "–"
        return one_line(str(cell))

    def emphasised(self) -> set[tuple[int, int]]:
        """(row, column) of the best numbers."""
        found = set()
        for named in self.best:
            lowest = named.startswith("-")
            column = list(self.columns).index(named.lstrip("-"))
            values = {}
            for index, row in enumerate(self.rows):
                cell = row[column]
                if isinstance(cell, float) and math.isfinite(cell):
                    values[index] = round(cell, self.digits)
            if len(values) > 1:
                goal = min(values.values()) if lowest else max(values.values())
                found |= {(index, column) for index, value in values.items() if value == goal}
        return found

    def markdown(self) -> str:
        """The table for Markdown, best numbers in bold."""
        bold = self.emphasised()
        lines = [
            f"**{self.title}**",
            "",
            "| " + " | ".join(self.columns) + " |",
            "|" + "---|" * len(self.columns),
        ]
        for index, row in enumerate(self.rows):
            cells = [self.text(cell) for cell in row]
            cells = [f"**{c}**" if (index, i) in bold else c for i, c in enumerate(cells)]
            lines.append("| " + " | ".join(cells) + " |")
        if self.note:
            lines += ["", self.note]
        return "\n".join(lines) + "\n"

    def latex(self) -> str:
        """The table for LaTeX with booktabs, best numbers in bold."""
        bold = self.emphasised()
        numeric = "".join(
            "l" if any(isinstance(row[i], str) for row in self.rows) else "r"
            for i in range(len(self.columns))
        )
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escape(self.title)}{_escape('. ' + self.note) if self.note else ''}}}",
            rf"\begin{{tabular}}{{{numeric}}}",
            r"\toprule",
            " & ".join(_escape(name) for name in self.columns) + r" \\",
            r"\midrule",
        ]
        for index, row in enumerate(self.rows):
            cells = [_escape(self.text(cell)) for cell in row]
            cells = [rf"\textbf{{{c}}}" if (index, i) in bold else c for i, c in enumerate(cells)]
            lines.append(" & ".join(cells) + r" \\")
        lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
        return "\n".join(lines) + "\n"

    def csv(self) -> str:
        """The table as CSV with full precision; a first column names the table."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(["table", *self.columns])
        for row in self.rows:
            writer.writerow([self.title, *("" if cell is None else cell for cell in row)])
        return buffer.getvalue()


_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
}


def _escape(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def with_interval(value: float, interval: Interval | None, digits: int = 3) -> str:
    """A number with its interval, "0.912 [0.880, 0.931]"."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    if interval is not None and math.isfinite(interval.low):
        text += f" [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
    return text


def p_text(p_value: float) -> str:
    """A p-value as it is printed."""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
