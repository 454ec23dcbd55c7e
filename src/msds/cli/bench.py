"""`msds bench`: how well metrics agree with people, on published data sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from msds.cli import completion
from msds.cli import study_options as shared
from msds.cli.bundles import unbundled
from msds.cli.output import command_line, tell_left_out
from msds.cli.saliency import SaliencyOptions
from msds.errors import InputError, require

if TYPE_CHECKING:
    from pathlib import Path

    from msds.study.benchmark import Settings

EXAMPLES = """
[bold]Examples[/bold]

  msds bench tid2013 live --root ~/iqa --report bench.html

  msds bench pairs.csv:dmos:lower --model msds-compact --model fitted.json --baseline psnr,ssim

  msds bench retargetme --root ~/iqa --saliency maps/ --model deepssim-vgg16

  msds bench pairs.csv --metric 'piq:haarpsi,higher' --metric 'mine:distance,lower'

[bold]Exit status[/bold]

  0: done

  1: some pairs could not be scored, and are left out

  2: wrong call or unusable input
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(unbundled(bench))


@dataclass(frozen=True)
class BenchOptions:
    """Which sets, and which statistics."""

    datasets: Annotated[
        list[str],
        typer.Argument(
            help="Ids (see msds datasets list), or tables of pairs: FILE, FILE:COLUMN[:lower].",
            autocompletion=completion.rated,
        ),
    ]
    curve: Annotated[
        int, typer.Option(metavar="N", help="Parameters of the logistic curve, 4 or 5.")
    ] = 5
    free_curve: Annotated[
        bool,
        typer.Option(
            "--free-curve",
            help="Let the curve turn where that fits best, as most of the literature does.",
        ),
    ] = False
    resamples: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Bootstrap samples of references or ladders."),
    ] = 1000
    seed: Annotated[int, typer.Option(metavar="N", help="Of the bootstrap.")] = 0

    def __post_init__(self) -> None:
        if self.curve not in (4, 5):
            raise InputError(f"The logistic curve has 4 or 5 parameters, not {self.curve}.")

    def settings(self) -> Settings:
        """How the benchmark is run."""
        from msds.study.benchmark import Settings

        return Settings(
            curve=4 if self.curve == 4 else 5,
            monotone=not self.free_curve,
            resamples=self.resamples,
            seed=self.seed,
        )


def bench(
    options: BenchOptions,
    sets: shared.SetOptions,
    metrics: shared.ContenderOptions,
    saliency: SaliencyOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """Measure metrics against human opinions: SRCC, PLCC, KRCC, RMSE, intervals, significance."""
    from msds.cli.bars import progress_bar
    from msds.study.benchmark import run_benchmark
    from msds.study.pages.benchmark import benchmark_page

    require("scipy", "study")  # before anything is scored
    output.check(*options.datasets, *(metrics.model or ()))
    judged = [name for name in options.datasets if name.lower().startswith("bapps-")]
    if judged:
        if sets.root is None or len(judged) < len(options.datasets):
            raise InputError("BAPPS is measured by itself, with --root.")
        if saliency.saliency:
            raise InputError("BAPPS is measured without --saliency: its images have one geometry.")
        _judge(judged, sets.root, metrics, engine, output)
        return
    contenders = saliency.added(metrics.open(engine), len(options.datasets))
    data = sets.open(options.datasets)
    with progress_bar() as progress:
        work = engine.work(progress)
        result = run_benchmark(data, contenders, settings=options.settings(), work=work)
    output.present(benchmark_page(result, contenders, command_line()))
    tell_left_out({found.data.title: found.left_out for found in result.sets})


def _judge(
    names: list[str],
    root: Path,
    metrics: shared.ContenderOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """Sets of choices between two images have statistics of their own."""
    from msds.cli.bars import progress_bar
    from msds.study.judgements import judge
    from msds.study.pages.judgements import judgements_page

    contenders = metrics.open(engine)
    with progress_bar() as progress:
        results = [judge(root, name, contenders, engine.work(progress)) for name in names]
    output.present(judgements_page(results, contenders, command_line()))
