"""`msds datasets`: which rated sets are known, and what of them is on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msds.cli import study_options as shared

INCOMPLETE = 1
_SHOWN = 5

app = typer.Typer(help="Rated image sets: which are known, and what is on this machine.")


@app.command("list")
def list_datasets() -> None:
    """Every known set: id, size, direction of its scores, licence, and where to get it."""
    from msds.study.datasets import DATASETS, JUDGEMENTS
    from msds.study.layout import Table

    table = Table(
        "Rated sets",
        ["id", "set", "pairs", "references", "opinions", "better", "licence", "from"],
        note="Any table of pairs (CSV, JSON Lines, Parquet) with the columns reference, distorted "
        "and one of opinions is a set as well.",
    )
    for spec in (*DATASETS.values(), *JUDGEMENTS.values()):
        better = "higher" if spec.higher_is_better else "lower"
        table.rows.append(
            [
                spec.id,
                spec.title,
                spec.pairs,
                spec.references,
                spec.opinion_name,
                better,
                spec.licence,
                spec.url,
            ]
        )
    shared.show_tables([table])


@app.command("check")
def check_folder(
    folder: Annotated[Path, typer.Argument(help="Folder of one set, or of several.")],
    dataset: Annotated[str | None, typer.Option(help="Id of the set, if it is known.")] = None,
) -> None:
    """Say what lies in a folder, what is missing (exit status 1), and where to get it."""
    from msds.study.datasets import check

    reports = check(folder, dataset)
    for report in reports:
        spec = report.spec
        state = "complete" if report.complete else "incomplete"
        typer.echo(f"{spec.id}: {state}, {report.found} of {spec.pairs} pairs in {report.root}")
        typer.echo(f"  licence: {spec.licence}; cite {spec.citation}")
        for note in (*report.notes, *([report.problem] if report.problem else [])):
            typer.echo(f"  {note}")
        if report.missing:
            typer.echo(
                f"  {len(report.missing)} files missing: {', '.join(report.missing[:_SHOWN])}"
            )
        if not report.complete:
            typer.echo(f"  get it from {spec.url}")
    if not reports:
        typer.echo(f"{folder}: no known set is recognised here; see `msds datasets list`", err=True)
    if not reports or not all(report.complete for report in reports):
        raise typer.Exit(INCOMPLETE)
