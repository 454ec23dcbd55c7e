"""What a verb leaves behind: tables shown and written, a page, and the call that repeats it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from msds.errors import InputError
from msds.status import Status
from msds.text import one_line

if TYPE_CHECKING:
    from msds.report.page import Page
    from msds.report.table import Table

MOST_LINES = 20
"""So many of the pairs that were left out are named."""

WRITERS = {".md": "markdown", ".tex": "latex", ".csv": "csv", ".tsv": "tsv"}
CSV = (".csv", ".tsv")


def present(
    page: Page, out: Sequence[Path], report: Path | None, *, csv_safe: bool = False
) -> None:
    """Show the tables of a page, write them to files, and write the page itself if asked for."""
    show_tables(page.tables)
    save_tables(page.tables, out, csv_safe=csv_safe)
    if report is not None:
        for problem in page.write(report):
            print(f"msds: {one_line(str(report))}: not drawn: {problem}", file=sys.stderr)


def tell_left_out(left_out: Mapping[str, Mapping[str, str]]) -> None:
    """Pairs that could not be scored, by set, on standard error; the exit status tells as well."""
    for title, reasons in left_out.items():
        if reasons:
            print(f"msds: {one_line(title)}: {len(reasons)} left out:", file=sys.stderr)
        for name, text in list(reasons.items())[:MOST_LINES]:
            print(one_line(f"  {name}: {text}"), file=sys.stderr)
    if any(left_out.values()):
        raise typer.Exit(Status.SOME_FAILED)


def show_tables(tables: Sequence[Table]) -> None:
    """Tables on standard output: drawn on a terminal, Markdown where it is piped."""
    if not sys.stdout.isatty():
        print("\n".join(table.markdown() for table in tables))
        return
    from rich.markup import escape

    from msds.cli.tables import draw

    for table in tables:
        bold = table.emphasised()
        texts = [[escape(table.text(cell)) for cell in row] for row in table.rows]
        rows = [
            [f"[b]{text}[/b]" if (index, i) in bold else text for i, text in enumerate(row)]
            for index, row in enumerate(texts)
        ]
        title, note = (escape(one_line(text)) for text in (table.name, table.note))
        draw([escape(one_line(name)) for name in table.columns], rows, title=title, note=note)


def check_outputs(tables: Sequence[Path], *others: Path | None, inputs: Sequence[str] = ()) -> None:
    """Refuse outputs of an unknown kind or that cannot be written, before the work is done.

    Parameters
    ----------
    tables : files for tables.
    others : files for reports and models, None where there is none.
    inputs : files that are read, FILE, FILE:COLUMN or FILE:COLUMN:lower; not to be replaced.
    """
    from msds.files import check_writable, same_file

    parts = [text.split(":") for text in inputs]
    read = [":".join(words[:count]) for words in parts for count in range(1, len(words) + 1)]
    read = [name for name in read if name]
    for path in tables:
        if path.suffix.lower() not in WRITERS:
            raise InputError(f"{path}: tables are written as {', '.join(WRITERS)}.")
    for output in (*tables, *others):
        if output is not None:
            check_writable(output)
            if any(same_file(output, name) for name in read):
                raise InputError(f"{output} is read and would be replaced; give another name.")


def check_csv_safe(csv_safe: bool, tables: Sequence[Path], option: str) -> None:
    """Refuse --csv-safe where no CSV is written."""
    if csv_safe and not any(path.suffix.lower() in CSV for path in tables):
        raise InputError(f"--csv-safe is for tables in CSV: give {option} FILE.csv too.")


def save_tables(tables: Sequence[Table], paths: Sequence[Path], *, csv_safe: bool = False) -> None:
    """Write all tables into each file, in the form of its suffix."""
    from msds.files import atomic_write

    for path in paths:
        suffix = path.suffix.lower()
        safe = {"safe": True} if csv_safe and suffix in CSV else {}
        texts = [getattr(table, WRITERS[suffix])(**safe) for table in tables]
        with atomic_write(path, "w", encoding="utf-8", newline="") as file:
            file.write("\n".join(texts))


def command_line() -> str:
    """The command as it was typed, to be repeated, without the places of this machine's folders.

    A path below the current folder is given from there, any other by its last name.
    """
    return shlex.join(["msds", *map(_without_folders, sys.argv[1:])])


def _without_folders(argument: str) -> str:
    option, separator, value = (
        argument.rpartition("=") if argument[:2] == "--" else ("", "", argument)
    )
    path = Path(value)
    if not path.is_absolute():
        return argument
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else Path("...", path.name)
    return f"{option}{separator}{shown.as_posix()}"
