"""`msds compare`: tables of encodings turned into BD-rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from msds.cli import completion
from msds.cli.bundles import unbundled
from msds.cli.sweep import AnchorOptions

EXAMPLES = """
[bold]Examples[/bold]

  msds compare jpeg.parquet avif.parquet

  msds compare sweep.csv --anchor jpeg:75 --report compared.html --tables bd.tex

[bold]Exit status[/bold]

  0: done

  2: wrong call or unusable input
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(unbundled(compare))


@dataclass(frozen=True)
class ComparedTables:
    """What is compared."""

    tables_of: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS...",
            help="Results of msds sweep, or of msds score --with-size: .csv, .jsonl, .parquet.",
            autocompletion=completion.results,
        ),
    ]
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column that holds scores too, higher for better images; repeatable. psnr and "
            "ssim need not be named.",
        ),
    ] = None
    images: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Folder that the names in the tables are relative to, if it is not this one or "
            "theirs, such as that of msds sweep --keep; repeatable.",
        ),
    ] = None


def compare(given: ComparedTables, anchor: AnchorOptions) -> None:
    """Compare encoders by the results of their files: BD-rate, BD-quality, curves.

    Without --anchor the first encoder of the first table is the one that others are compared with.
    """
    anchor.check(*given.tables_of)

    from dataclasses import replace

    from msds.errors import require
    from msds.sweeps.from_tables import read_points

    require("bjontegaard", "sweep")
    shown = read_points(given.tables_of, given.metric or [], given.images or [])
    first = shown.points[0].codec
    if anchor.anchor is None:
        anchor = replace(anchor, anchor=first)
    anchor.present(shown)
