"""`msds fit`: learn the weights of the levels from opinions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from msds.cli import completion
from msds.cli import study_options as shared
from msds.cli.bundles import unbundled
from msds.text import one_line

EXAMPLES = """
[bold]Examples[/bold]

  msds fit kadid10k --root ~/iqa --test tid2013 --model-out learned.json

  msds score a.png b.png --model learned.json
"""

LEARNING = "Learning"


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(unbundled(fit))


@dataclass(frozen=True)
class FitOptions:
    """What is learned from what, and how it is tried."""

    dataset: Annotated[
        str,
        typer.Argument(
            help="Id, or table of pairs: FILE or FILE:COLUMN.", autocompletion=completion.datasets
        ),
    ]
    test: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SET",
            help="Sets on which the weights are tried; repeatable.",
            rich_help_panel=LEARNING,
            autocompletion=completion.datasets,
        ),
    ] = None
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="ID",
            help="Model whose levels are weighted.",
            rich_help_panel=LEARNING,
            autocompletion=completion.models,
        ),
    ] = "msds-compact"
    trunk_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The trunk's weights, instead of the usual ones.",
            rich_help_panel=LEARNING,
        ),
    ] = None
    objective: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What is maximised: srcc, or logistic for PLCC after the curve.",
            rich_help_panel=LEARNING,
        ),
    ] = "srcc"
    fusion: Annotated[
        str,
        typer.Option(metavar="NAME", help="linear or geometric.", rich_help_panel=LEARNING),
    ] = "linear"
    folds: Annotated[
        int,
        typer.Option(metavar="N", min=2, help="Parts of the references.", rich_help_panel=LEARNING),
    ] = 5
    seeds: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="How often the split is drawn.", rich_help_panel=LEARNING
        ),
    ] = 5
    resamples: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Bootstrap samples of references or ladders.",
            rich_help_panel=LEARNING,
        ),
    ] = 1000
    name: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Id of the new model.", rich_help_panel=LEARNING),
    ] = None
    model_out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the model file (JSON).", rich_help_panel=LEARNING),
    ] = None

    def __post_init__(self) -> None:
        from msds.errors import InputError
        from msds.method.fusion import FORMS
        from msds.study.fitting import OBJECTIVES

        if self.objective not in OBJECTIVES:
            raise InputError(
                f"Unknown objective {self.objective!r}: expected {' or '.join(OBJECTIVES)}."
            )
        if self.fusion not in FORMS:
            raise InputError(f"Unknown fusion {self.fusion!r}: expected {' or '.join(FORMS)}.")


def fit(
    options: FitOptions,
    sets: shared.SetOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """Learn the levels' weights by cross-validation over references, and say what they gain."""
    from msds.models import find_model, load_model, write_model
    from msds.scoring.contenders import DeepContender
    from msds.study.fitting import fit_weights
    from msds.study.model_file import fitted_model
    from msds.study.pages.weights import fit_page, transfer_table
    from msds.study.tables import level_scores

    tests = options.test or []
    output.check(options.dataset, *tests, options.model, others=[options.model_out])
    base = find_model(options.model)
    data = sets.open([options.dataset, *tests])
    metric = engine.settled(load_model(options.model, trunk_weights=options.trunk_weights))
    contender = DeepContender(metric)
    with shared.progress_bar() as progress:
        work = engine.work(progress)
        measured = [level_scores(one, contender, work) for one in data]
        result = fit_weights(
            measured[0].data,
            measured[0].tables[0],
            objective=cast(Literal["srcc", "logistic"], options.objective),
            form=options.fusion,
            folds=options.folds,
            seeds=options.seeds,
            resamples=options.resamples,
            progress=progress,
        )
    others = measured[1:]
    transfer = (
        transfer_table(
            [one.data for one in others],
            [one.tables[0] for one in others],
            result,
            options.resamples,
        )
        if others
        else None
    )
    output.present(fit_page(measured[0].data, result, contender, transfer, shared.command_line()))
    if options.model_out is not None:
        name = options.name or f"{base.id}-{data[0].title}"
        learned = fitted_model(base, metric.trunk_digest, measured[0].data, result, name)
        write_model(options.model_out, learned)
        typer.echo(one_line(f"msds: wrote {options.model_out}"), err=True)
    shared.tell_left_out({one.data.title: one.left_out for one in measured})
