"""Tables on a terminal: whole where they fit, else in parts, else each row's cells in a stack."""

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
    parts = _parts(columns, rows, console.width, left)
    for number, part in enumerate(parts):
        if number:
            console.print()
        console.print(_table(columns, rows, part, console.width, left))
    for row in rows if not parts else ():
        console.print(f"[b]{row[0]}[/b]")
        console.print(_stack(columns, row))
    if note:
        console.print(f"[dim]{note}[/dim]")
    if title or note:
        console.print()


def _parts(
    columns: Sequence[str], rows: Sequence[Sequence[str]], room: int, left: Collection[int]
) -> list[list[int]]:
    """Columns that stand side by side without a word broken: all of them, if there is room.

    Otherwise each part has the columns that tell the rows apart, and as many numbers as fit behind
    them. There are no parts where they would not be read as a table: of words, or one by one.
    """
    least = [max(map(_least, cells)) for cells in _by_column(columns, rows)]
    every = list(range(len(columns)))
    if _total(least, every) <= room:
        return [every]
    keys = every[: _keys(rows)]
    values = every[len(keys) :]
    if not keys or any(k in left for k in values):
        return []
    parts = [[*keys]]
    for k in values:
        if _total(least, [*parts[-1], k]) > room:
            parts.append([*keys])
        parts[-1].append(k)
    whole = all(len(part) > len(keys) + 1 for part in parts[:-1])
    return parts if whole and all(_total(least, part) <= room for part in parts) else []


def _keys(rows: Sequence[Sequence[str]]) -> int:
    """How many of the first columns tell the rows apart; 0 if not even all of them do."""
    most = len(rows[0]) if rows else 0
    apart = (k for k in range(1, most) if len({tuple(row[:k]) for row in rows}) == len(rows))
    return next(apart, 0)


def _total(widths: Sequence[int], part: Sequence[int]) -> int:
    return sum(widths[k] for k in part) + _GAP * (len(part) - 1)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Widths of columns that break no word, as wide as there is room for."""
    least = [max(map(_least, cells)) for cells in _by_column(columns, rows)]
    most = [max(map(_length, cells)) for cells in _by_column(columns, rows)]
    spare = room - _total(least, range(len(columns)))
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
    part: Sequence[int],
    room: int,
    left: Collection[int],
) -> Table:
    """Some columns side by side."""
    names, cells = [columns[k] for k in part], [[row[k] for k in part] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for k, name, width in zip(part, names, _widths(names, cells, room), strict=True):
        justify: Literal["left", "right"] = "left" if k in left else "right"
        table.add_column(name, justify=justify, width=width, overflow="fold", vertical="top")
    for row in cells:
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
