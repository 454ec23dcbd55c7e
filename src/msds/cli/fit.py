"""`msds fit`: learn the weights of the levels from opinions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from msds.cli import study_options as shared
from msds.text import one_line

EXAMPLES = """
[bold]Examples[/bold]

  msds fit kadid10k --root ~/iqa --test tid2013 --model-out learned.json

  msds score a.png b.png --model learned.json
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(fit)


def fit(
    dataset: Annotated[str, typer.Argument(help="Id, or table of pairs: FILE or FILE:COLUMN.")],
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the data set, or of several.")
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(metavar="SET", help="Sets on which the weights are tried; repeatable."),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="ID", help="Model whose levels are weighted.")
    ] = "msds-compact",
    objective: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What is maximised: 'srcc', or 'logistic' for PLCC after the curve.",
        ),
    ] = "srcc",
    fusion: Annotated[
        str, typer.Option(metavar="NAME", help="'linear' or 'geometric'.")
    ] = "linear",
    folds: Annotated[int, typer.Option(metavar="N", min=2, help="Parts of the references.")] = 5,
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often the split is drawn.")
    ] = 5,
    resamples: Annotated[
        int, typer.Option(metavar="N", min=0, help="Bootstrap samples of references.")
    ] = 1000,
    higher_is_better: Annotated[
        bool | None,
        typer.Option(
            "--higher-is-better/--lower-is-better", help="Direction of a table's opinions."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="ID", help="Id of the new model.")] = None,
    model_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the model file (JSON).")
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, mps.")] = "cpu",
    trunk_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of the trunk's weights.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for finished pairs.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a self-contained HTML report.")
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the tables: .md, .tex, .csv."),
    ] = None,
) -> None:
    """Learn the levels' weights by cross-validation over references, and say what they gain."""
    from msds.errors import InputError
    from msds.method.fusion import FORMS
    from msds.models import find_model, load_model, write_model
    from msds.scoring.device import choose_device
    from msds.study.contenders import DeepContender
    from msds.study.fitting import OBJECTIVES, fit_weights
    from msds.study.model_file import fitted_model
    from msds.study.pages.weights import fit_page, transfer_table
    from msds.study.tables import score_table

    if objective not in OBJECTIVES:
        raise InputError(f"Unknown objective {objective!r}: expected {' or '.join(OBJECTIVES)}.")
    if fusion not in FORMS:
        raise InputError(f"Unknown fusion {fusion!r}: expected {' or '.join(FORMS)}.")
    read = [dataset, *(test or []), model]
    shared.check_outputs(out or [], report, model_out, inputs=read)
    base = find_model(model)
    sets = shared.open_sets([dataset, *(test or [])], root, higher_is_better)
    metric = load_model(model, trunk_weights=trunk_weights).to(choose_device(device))
    contender = DeepContender(metric)
    folder = shared.cache_folder(cache, True)
    with shared.progress_bar() as progress:
        level_scores = [score_table(data, contender, folder, progress) for data in sets]
        result = fit_weights(
            sets[0],
            level_scores[0],
            objective=cast(Literal["srcc", "logistic"], objective),
            form=fusion,
            folds=folds,
            seeds=seeds,
            resamples=resamples,
            progress=progress,
        )
    transfer = transfer_table(sets[1:], level_scores[1:], result, resamples) if test else None
    page = fit_page(sets[0], result, contender, transfer, shared.command_line())
    shared.present(page, out or [], report)
    if model_out is not None:
        learned = fitted_model(
            base, metric.trunk_digest, sets[0], result, name or f"{base.id}-{sets[0].title}"
        )
        write_model(model_out, learned)
        typer.echo(one_line(f"msds: wrote {model_out}"), err=True)
