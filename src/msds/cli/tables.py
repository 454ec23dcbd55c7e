"""Tables on a terminal: side by side where they fit, each row's cells in a stack where not."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.markup import render
from rich.table import Table

_GAP = 2
_TEXT = 16
"""Words are given so many letters at least before their column is folded at spaces."""

_NUMBERS = re.compile(r"[-+<>~\[\](){}\d\s.,%*e×–]*")


def draw(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    note: str = "",
    left: Collection[int] = (0,),
) -> None:
    """Print a table on standard output, without a word broken that fits a line.

    Parameters
    ----------
    columns : headings.
    rows : cells; these, and everything else, may have rich's markup and are otherwise escaped.
    title, note : stand above and below it.
    left : columns of words, which begin at the left; numbers end at the right.
    """
    console = Console(highlight=False)
    if title:
        console.print(f"[b]{title}[/b]")
    widths = _widths(columns, rows, console.width)
    if widths is not None:
        console.print(_table(columns, rows, widths, left))
    else:
        for row in rows:
            console.print(f"[b]{row[0]}[/b]")
            console.print(_stack(columns, row))
    if note:
        console.print(f"[dim]{note}[/dim]")
    if title or note:
        console.print()


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Widths of columns that break no word, as wide as there is room for; None without room."""
    least = [max(map(_least, cells)) for cells in _by_column(columns, rows)]
    most = [max(map(_length, cells)) for cells in _by_column(columns, rows)]
    spare = room - _GAP * (len(columns) - 1) - sum(least)
    if spare < 0:
        return None
    order = sorted(range(len(columns)), key=lambda k: most[k] - least[k])
    for done, k in enumerate(order):
        more = min(most[k] - least[k], spare // (len(columns) - done))
        least[k] += more
        spare -= more
    return least


def _by_column(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return list(zip(columns, *rows, strict=True))


def _length(cell: str) -> int:
    return render(cell).cell_len


def _least(cell: str) -> int:
    """Letters that stand in one line: those of a number, of a few words, or of the longest one."""
    text = render(cell)
    if _NUMBERS.fullmatch(text.plain):
        return text.cell_len
    longest = max((word.cell_len for word in text.split(" ")), default=0)
    return max(longest, min(text.cell_len, _TEXT))


def _table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    left: Collection[int],
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for index, (name, width) in enumerate(zip(columns, widths, strict=True)):
        justify: Literal["left", "right"] = "left" if index in left else "right"
        table.add_column(name, justify=justify, width=width, overflow="fold", vertical="top")
    for row in rows:
        table.add_row(*row)
    return table


def _stack(columns: Sequence[str], row: Sequence[str]) -> Table:
    """The cells of a row after the first, each with its heading, below one another."""
    table = Table.grid(padding=(0, _GAP, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, cell in zip(columns[1:], row[1:], strict=True):
        table.add_row(f"  {name}", cell)
    return table
