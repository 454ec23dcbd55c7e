"""Tables of results as text for people (terminal, Markdown, LaTeX) and machines (CSV)."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msds.text import markdown, no_formula, one_line


class Range(Protocol):
    """Anything with two ends, such as a confidence interval."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


@dataclass(frozen=True)
class Number:
    """A number that is shown in a way of its own.

    Attributes
    ----------
    value : the number.
    shown : how people see it.
    range : its interval as people see it, "" if it has none.
    low, high : its interval, if it has one.
    mark : what is to be minded about it, if anything.
    """

    value: float
    shown: str
    low: float | None = None
    high: float | None = None
    mark: str | None = None
    range: str = ""

    def __str__(self) -> str:
        return f"{self.shown} {self.range}".rstrip()


Cell = str | float | int | Number | None


@dataclass
class Table:
    """A titled table.

    Attributes
    ----------
    title : what it says, which a section about its subject shows by itself.
    subject : what it is about, such as a set of images; "" if the title tells.
    columns : headings.
    rows : cells; floats are shown with `digits` decimals.
    best : columns in which the largest number of the table is emphasised; smallest with a minus
        sign before the name.
    note : what a reader must know.
    shaded : whether pages show its numbers, at most 1, on grounds of their strength.
    """

    title: str
    columns: Sequence[str]
    rows: list[list[Cell]] = field(default_factory=list)
    digits: int = 3
    best: Sequence[str] = ()
    note: str = ""
    shaded: bool = False
    subject: str = ""

    @property
    def name(self) -> str:
        """Subject and title."""
        return f"{self.subject}: {self.title}" if self.subject else self.title

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
            f"**{markdown(self.name)}**",
            "",
            "| " + " | ".join(map(markdown, self.columns)) + " |",
            "|" + "---|" * len(self.columns),
        ]
        for index, row in enumerate(self.rows):
            cells = [markdown(self.text(cell)) for cell in row]
            cells = [f"**{c}**" if (index, i) in bold else c for i, c in enumerate(cells)]
            lines.append("| " + " | ".join(cells) + " |")
        if self.note:
            lines += ["", *map(markdown, self.note.splitlines())]
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
            rf"\caption{{{_escape(self.name)}{_escape('. ' + self.note) if self.note else ''}}}",
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

    def csv(self, delimiter: str = ",", *, safe: bool = False) -> str:
        """The table as CSV with full precision; a first column names the table.

        Intervals and marks have columns of their own, such as "SRCC low" and "SRCC high".

        Parameters
        ----------
        safe : whether text that spreadsheets would take for a formula gets an apostrophe in front.
        """
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
        parts = [
            (index, part)
            for index in range(len(self.columns))
            for part in ("", "low", "high", "mark")
            if not part or any(_part(row[index], part) is not None for row in self.rows)
        ]
        names = [f"{self.columns[index]} {part}".rstrip() for index, part in parts]
        own = no_formula if safe else str
        writer.writerow(["table", *map(own, names)])
        for row in self.rows:
            cells = (_part(row[index], part) for index, part in parts)
            texts = (own(cell) if isinstance(cell, str) else cell for cell in cells)
            writer.writerow([own(self.name), *("" if cell is None else cell for cell in texts)])
        return buffer.getvalue()

    def tsv(self, *, safe: bool = False) -> str:
        """The same divided by tabs."""
        return self.csv("\t", safe=safe)


def _part(cell: Cell, part: str) -> str | float | None:
    if isinstance(cell, Number):
        found: str | float | None = getattr(cell, part or "value")
        return found
    return None if part else cell


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


def with_interval(value: float, interval: Range | None, digits: int = 3) -> Number | None:
    """A number with its interval, "0.912 [0.880, 0.931]"; None if there is no number."""
    if not math.isfinite(value):
        return None
    text = f"{value:.{digits}f}"
    if interval is None or not math.isfinite(interval.low):
        return Number(value, text)
    ends = f"[{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
    return Number(value, text, interval.low, interval.high, range=ends)


def with_mark(p_value: float, mark: str = "") -> Number | None:
    """A p-value as it is printed, "< 0.001", with a mark behind it; None if there is none."""
    if math.isnan(p_value):
        return None
    text = "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
    return Number(p_value, text + mark, mark=mark or None)
