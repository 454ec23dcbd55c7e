"""What the verbs of the study share: opening sets, naming contenders, showing progress, saving."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msds.errors import InputError
from msds.text import one_line

if TYPE_CHECKING:
    from msds.report.page import Page
    from msds.report.table import Table
    from msds.study.contenders import Contender
    from msds.study.datasets import RatedSet
    from msds.study.tables import Progress

WRITERS = {".md": "markdown", ".tex": "latex", ".csv": "csv"}


def open_sets(
    names: Sequence[str], root: Path | None, higher_is_better: bool | None
) -> list[RatedSet]:
    """The sets that were asked for."""
    from msds.study.datasets import open_dataset

    return [open_dataset(name, root, higher_is_better=higher_is_better) for name in names]


def contenders_of(
    models: Sequence[str],
    baselines: str,
    device: str,
    trunk_weights: Path | None = None,
    small: str = "error",
) -> list[Contender]:
    """The models by id or file, then the classic metrics of a comma-separated list."""
    from msds.models import load_model
    from msds.scoring.device import choose_device
    from msds.study.contenders import DeepContender, baseline

    place = choose_device(device)
    found: list[Contender] = []
    for name in models:
        metric = load_model(name, trunk_weights=trunk_weights, small=small)
        found.append(DeepContender(metric.to(place)))
    return found + [baseline(name) for name in baselines.split(",") if name.strip()]


def cache_folder(cache: Path | None, keep: bool) -> Path | None:
    """Where numbers are kept."""
    from msds.study.tables import default_cache

    return (cache or default_cache()) if keep else None


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar per contender with the time left, on standard error; nothing if it is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _name, _done, _count: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[tuple[str, int], int] = {}

        def advance(name: str, done: int, count: int) -> None:
            key = (name, count)
            if key not in tasks:
                tasks[key] = bars.add_task(name, total=count)
            bars.update(tasks[key], completed=done)  # type: ignore[arg-type]

        yield advance


def present(page: Page, out: Sequence[Path], report: Path | None) -> None:
    """Show the tables of a page, write them to files, and write the page itself if asked for."""
    show_tables(page.tables)
    save_tables(page.tables, out)
    if report is not None:
        for problem in page.write(report):
            print(f"msds: {one_line(str(report))}: not drawn: {problem}", file=sys.stderr)


def show_tables(tables: Sequence[Table]) -> None:
    """Tables on standard output: drawn on a terminal, Markdown where it is piped."""
    if not sys.stdout.isatty():
        print("\n".join(table.markdown() for table in tables))
        return
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as Drawn

    console = Console()
    for table in tables:
        title, note = (escape(one_line(text)) for text in (table.name, table.note))
        drawn = Drawn(
            title=title,
            caption=note or None,
            title_justify="left",
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
        )
        for index, name in enumerate(table.columns):
            justify: Literal["left", "right"] = "left" if index == 0 else "right"
            texts = " ".join(table.text(row[index]) for row in table.rows)
            numbers = re.findall(r"(?<!\S)\[?-?\d+\.?\d*[],*]?(?!\S)", texts)
            drawn.add_column(
                escape(one_line(name)),
                justify=justify,
                overflow="fold",
                min_width=max(map(len, numbers), default=None),
            )
        bold = table.emphasised()
        for index, row in enumerate(table.rows):
            cells = [escape(table.text(cell)) for cell in row]
            drawn.add_row(
                *(f"[b]{c}[/b]" if (index, i) in bold else c for i, c in enumerate(cells))
            )
        console.print(drawn)


def check_outputs(tables: Sequence[Path], *others: Path | None, inputs: Sequence[str] = ()) -> None:
    """Refuse outputs of an unknown kind or that cannot be written, before the work is done.

    Parameters
    ----------
    tables : files for tables.
    others : files for reports and models, None where there is none.
    inputs : files that are read, FILE or FILE:COLUMN; these are not to be replaced.
    """
    from msds.files import check_writable, same_file

    read = [name for text in inputs for name in (text, text.rpartition(":")[0]) if name]
    for path in tables:
        if path.suffix.lower() not in WRITERS:
            raise InputError(f"{path}: tables are written as {', '.join(WRITERS)}.")
    for output in (*tables, *others):
        if output is not None:
            check_writable(output)
            if any(same_file(output, name) for name in read):
                raise InputError(f"{output} is read and would be replaced; give another name.")


def save_tables(tables: Sequence[Table], paths: Sequence[Path]) -> None:
    """Write all tables into each file, in the form of its suffix."""
    from msds.files import atomic_write

    for path in paths:
        texts = [getattr(table, WRITERS[path.suffix.lower()])() for table in tables]
        with atomic_write(path, "w", encoding="utf-8", newline="") as file:
            file.write("\n".join(texts))


def command_line() -> str:
    """The command as it was typed, to be repeated, without the places of this machine's folders.

    A path below the current folder is given from there, any other by its last name.
    """
    import shlex

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
