"""What the verbs of the study share: opening sets, naming contenders, showing progress, saving."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from msds.cli import completion
from msds.cli.options import ENGINE, OUTPUT, ComputeOptions
from msds.errors import InputError
from msds.status import Status
from msds.text import one_line

if TYPE_CHECKING:
    from msds.encoding.levels import Small
    from msds.report.page import Page
    from msds.report.table import Table
    from msds.scoring.contenders import Contender
    from msds.study.datasets import RatedSet
    from msds.study.tables import Progress, Work

MOST_LINES = 20
WRITERS = {".md": "markdown", ".tex": "latex", ".csv": "csv", ".tsv": "tsv"}


CSV = (".csv", ".tsv")

CsvSafe = Annotated[
    bool,
    typer.Option(
        "--csv-safe",
        help="Text in CSV that spreadsheets take for formulas gets an apostrophe in front.",
        rich_help_panel=OUTPUT,
    ),
]

SETS = "Data"
METRICS = "Metrics"


@dataclass(frozen=True)
class SetOptions:
    """Where rated sets lie, and which way their opinions run."""

    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the data set, or of several.", rich_help_panel=SETS
        ),
    ] = None
    higher_is_better: Annotated[
        bool | None,
        typer.Option(
            "--higher-is-better/--lower-is-better",
            help="Direction of the one table's opinions; of several: FILE:COLUMN:lower.",
            rich_help_panel=SETS,
        ),
    ] = None

    def open(self, names: Sequence[str]) -> list[RatedSet]:
        """The sets that were asked for."""
        from msds.study.datasets import open_dataset
        from msds.study.datasets.manifest import split_name

        if self.higher_is_better is None:
            return [open_dataset(name, self.root) for name in names]
        tables = {name: table for name in names if (table := split_name(name)) is not None}
        open_ended = [name for name, (_, _, direction) in tables.items() if direction is None]
        if len(open_ended) != 1:
            found = ", ".join(open_ended) or "none"
            raise InputError(
                "--higher-is-better and --lower-is-better say the direction of one table; without "
                f"a direction of their own there are here: {found}. Write it with each table, as "
                "in pairs.csv:mos:higher."
            )
        return [
            open_dataset(
                name,
                self.root,
                higher_is_better=self.higher_is_better if name in open_ended else None,
            )
            for name in names
        ]


@dataclass(frozen=True)
class WorkOptions(ComputeOptions):
    """How numbers are computed, and where finished ones are kept."""

    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for finished pairs.", rich_help_panel=ENGINE),
    ] = None
    keep: Annotated[
        bool,
        typer.Option(
            "--cache-pairs/--no-cache", help="Keep finished pairs.", rich_help_panel=ENGINE
        ),
    ] = True

    def work(self, progress: Progress | None = None) -> Work:
        """How the numbers of a study are made and kept."""
        from msds.study.tables import Work, default_cache

        folder = (self.cache or default_cache()) if self.keep else None
        return Work(cache=folder, options=self.options(), progress=progress)


@dataclass(frozen=True)
class ContenderOptions:
    """Who takes part."""

    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="ID",
            help="Id or file of a model; repeatable.",
            rich_help_panel=METRICS,
            autocompletion=completion.models,
        ),
    ] = None
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CALL",
            help="A metric of your own, as package.module:callable,higher (or lower), of two "
            "(N, 3, H, W) tensors in [0, 1]; repeatable.",
            rich_help_panel=METRICS,
        ),
    ] = None
    baseline: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Compare with psnr, ssim, ssim-full-size, ms-ssim, lpips-vgg, lpips-alex, dists; "
            "or ''.",
            rich_help_panel=METRICS,
            autocompletion=completion.baselines,
        ),
    ] = "psnr,ssim"
    small: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Images too small for all levels: error, or fewer-levels.",
            rich_help_panel=METRICS,
            autocompletion=completion.one_of("error", "fewer-levels"),
        ),
    ] = "error"
    trunk_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The trunks' weights, instead of the usual ones.",
            rich_help_panel=METRICS,
        ),
    ] = None

    @property
    def models(self) -> list[str]:
        """Ids and files of models."""
        return self.model or ["msds-compact"]

    def open(self, engine: WorkOptions) -> list[Contender]:
        """The models by id or file, then the user's own metrics, then the baselines."""
        from msds.models import learned_on, load_model
        from msds.scoring.classics import baseline
        from msds.scoring.contenders import DeepContender
        from msds.scoring.custom import CustomContender
        from msds.scoring.device import choose_device

        device = choose_device(engine.device)
        found: list[Contender] = []
        for name in self.models:
            small = cast("Small", self.small)
            metric = load_model(name, trunk_weights=self.trunk_weights, small=small)
            contender = DeepContender(engine.settled(metric))
            contender.learned_on = learned_on(name)
            found.append(contender)
        found += [CustomContender(spec, device) for spec in self.metric or ()]
        names = [name for name in self.baseline.split(",") if name.strip()]
        return found + [baseline(name, device) for name in names]


@dataclass(frozen=True)
class PageOptions:
    """Where results go besides the screen."""

    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a self-contained HTML report.", rich_help_panel=OUTPUT
        ),
    ] = None
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write the tables: .md, .tex, .csv, .tsv.",
            rich_help_panel=OUTPUT,
        ),
    ] = None

    csv_safe: CsvSafe = False

    def check(self, *inputs: str, others: Sequence[Path | None] = ()) -> None:
        """Refuse outputs that cannot be written, or that are read, before the work is done."""
        check_outputs(self.out or [], self.report, *others, inputs=inputs)
        check_csv_safe(self.csv_safe, self.out or [], "--out")

    def present(self, page: Page) -> None:
        """Show the tables of a page, write them to files, and write the page if asked for."""
        present(page, self.out or [], self.report, csv_safe=self.csv_safe)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar per contender with the time left, on standard error; nothing if it is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _name, _done, _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from msds.cli.progress import Left

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Left())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[tuple[str, int], int] = {}

        def advance(name: str, done: int, count: int) -> None:
            key = (name, count)
            if key not in tasks:
                tasks[key] = bars.add_task(name, total=count, kept=done)
            bars.update(tasks[key], completed=done)  # type: ignore[arg-type]

        yield advance


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
