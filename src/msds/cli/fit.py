"""`msds fit`: learn the weights of the levels from opinions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from msds.cli import completion
from msds.cli import study_options as shared
from msds.cli.bundles import unbundled
from msds.cli.options import DEFAULT_MODEL, OneModel, TrunkWeights
from msds.cli.output import command_line, tell_left_out
from msds.errors import InputError, require
from msds.text import one_line

if TYPE_CHECKING:
    from msds.study.learning import Plan

EXAMPLES = """
[bold]Examples[/bold]

  msds fit kadid10k --root ~/iqa --test tid2013 --model-out learned.json

  msds fit tid2013 live kadid10k --root ~/iqa --model msds-vgg16 --report fit.html

  msds score a.png b.png --model learned.json
"""

LEARNING = "Learning"


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(unbundled(fit))


@dataclass(frozen=True)
class FitOptions:
    """What is learned from what, and how it is tried."""

    datasets: Annotated[
        list[str],
        typer.Argument(
            help="Ids, or tables of pairs: FILE, FILE:COLUMN[:lower]; of several, each weighs the "
            "same and is left out once.",
            autocompletion=completion.datasets,
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
    model: OneModel = DEFAULT_MODEL
    trunk_weights: TrunkWeights = None
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
        typer.Option(
            metavar="N",
            min=2,
            help="Parts of the references, where one set is learned on.",
            rich_help_panel=LEARNING,
        ),
    ] = 5
    seeds: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="How often the references are cut into these parts.",
            rich_help_panel=LEARNING,
        ),
    ] = 5
    splits: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Random splits of each set's references, 4 of 5 to learn from.",
            rich_help_panel=LEARNING,
        ),
    ] = 20
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
        from msds.method.fusion import FORMS
        from msds.study.fitting import OBJECTIVES

        given = [*self.datasets, *(self.test or ())]
        if twice := [name for name in given if given.count(name) > 1]:
            raise InputError(
                f"{twice[0]} is named twice: --test tries the weights on sets that they were not "
                "learned on; what they gain on references not seen is told of every set by itself."
            )
        if self.objective not in OBJECTIVES:
            raise InputError(
                f"Unknown objective {self.objective!r}: expected {' or '.join(OBJECTIVES)}."
            )
        if self.fusion not in FORMS:
            raise InputError(f"Unknown fusion {self.fusion!r}: expected {' or '.join(FORMS)}.")

    def plan(self) -> Plan:
        """How weights are learned and tried."""
        from msds.study.learning import Plan

        return Plan(
            cast(Literal["srcc", "logistic"], self.objective),
            self.fusion,
            self.folds,
            self.seeds,
            self.splits,
            self.resamples,
        )


def fit(
    options: FitOptions,
    sets: shared.SetOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """Learn the levels' weights, and say what they gain on references and sets not seen."""
    from msds.cli.bars import progress_bar
    from msds.models import find_model, load_model, write_model
    from msds.scoring.contenders import DeepContender
    from msds.study.learning import learn
    from msds.study.measuring import level_scores
    from msds.study.model_file import fitted_model
    from msds.study.pages.weights import fit_page

    require("scipy", "study")  # before anything is scored
    names, tests = options.datasets, options.test or []
    output.check(*names, *tests, options.model, others=[options.model_out])
    base = find_model(options.model)
    data = sets.open([*names, *tests])
    metric = engine.settled(load_model(options.model, trunk_weights=options.trunk_weights))
    contender = DeepContender(metric)
    with progress_bar() as progress:
        work = engine.work(progress)
        measured = [level_scores(one, contender, work) for one in data]
        own, others = measured[: len(names)], measured[len(names) :]
        learned = learn(own, others, options.plan(), progress)
    settings = asdict(learned.plan)
    output.present(fit_page(learned, contender, settings, command_line()))
    if options.model_out is not None:
        titles = "-".join(one.title for one in learned.sets)
        identity = options.name or f"{base.id}-{titles}"
        write_model(options.model_out, fitted_model(base, metric.trunk_digest, learned, identity))
        typer.echo(one_line(f"msds: wrote {options.model_out}"), err=True)
    tell_left_out({one.data.title: one.left_out for one in measured})
