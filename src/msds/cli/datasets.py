"""`msds datasets`: which rated sets are known, and what of them is on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msds.cli import completion
from msds.cli.output import show_tables
from msds.status import Status
from msds.text import one_line

_SHOWN = 5

app: typer.Typer = typer.Typer(
    help="Rated image sets: which are known, and what is on this machine.", no_args_is_help=True
)


@app.command("list")
def list_datasets() -> None:
    """Every known set: size, direction of its scores, licence, and where to get it."""
    from msds.report.table import Table
    from msds.study.datasets import DATASETS, JUDGEMENTS

    table = Table(
        "Rated sets",
        ["id", "pairs", "references", "opinions", "better"],
        note="Any table of pairs (CSV, JSON Lines, Parquet) with the columns reference, distorted "
        "and one of opinions is a set as well.",
    )
    known = (*DATASETS.values(), *JUDGEMENTS.values())
    for spec in known:
        better = "higher" if spec.higher_is_better else "lower"
        table.rows.append([spec.id, spec.pairs, spec.references, spec.opinion_name, better])
    show_tables([table])
    typer.echo()
    for spec in known:
        typer.echo(f"{spec.id}: {spec.title}\n  licence: {spec.licence}\n  {spec.url}")


@app.command("check")
def check_folder(
    folder: Annotated[Path, typer.Argument(help="Folder of one set, or of several.")],
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Id of the set, if it is known.",
            autocompletion=completion.one_of(*completion.DATASETS, *completion.JUDGEMENTS),
        ),
    ] = None,
) -> None:
    """Say what lies in a folder, what is missing (exit status 1), and where to get it."""
    from msds.study.datasets import check

    reports = check(folder, dataset)
    for report in reports:
        spec = report.spec
        state = "complete" if report.complete else "incomplete"
        where = one_line(str(report.root))
        typer.echo(f"{spec.id}: {state}, {report.found} of {spec.pairs} pairs in {where}")
        typer.echo(f"  licence: {spec.licence}; cite {spec.citation}")
        for note in (*report.notes, *([report.problem] if report.problem else [])):
            typer.echo(f"  {one_line(note)}")
        if report.missing:
            missing = one_line(", ".join(report.missing[:_SHOWN]))
            typer.echo(f"  {len(report.missing)} files missing: {missing}")
        if not report.complete:
            typer.echo(f"  get it from {spec.url}")
    if not reports:
        where = one_line(str(folder))
        typer.echo(f"{where}: no known set is recognised here; see `msds datasets list`", err=True)
    if not reports or not all(report.complete for report in reports):
        raise typer.Exit(Status.SOME_FAILED)
