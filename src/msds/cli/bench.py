"""`msds bench`: how well metrics agree with people, on published data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msds.cli import study_options as shared

EXAMPLES = """
[bold]Examples[/bold]

  msds bench tid2013 live --root ~/iqa --report bench.html

  msds bench pairs.csv:dmos --model msds-compact --model fitted.json --baseline psnr,ssim
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(bench)


def bench(
    datasets: Annotated[
        list[str],
        typer.Argument(
            help="Ids (see msds datasets list), or tables of pairs: FILE or FILE:COLUMN."
        ),
    ],
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the data set, or of several.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="ID", help="Id or file of a model; repeatable."),
    ] = None,
    baseline: Annotated[
        str,
        typer.Option(
            metavar="NAMES", help="Classic metrics to compare with: psnr, ssim, ms-ssim; or ''."
        ),
    ] = "psnr,ssim",
    higher_is_better: Annotated[
        bool | None,
        typer.Option(
            "--higher-is-better/--lower-is-better", help="Direction of a table's opinions."
        ),
    ] = None,
    curve: Annotated[
        int, typer.Option(metavar="N", help="Parameters of the logistic curve, 4 or 5.")
    ] = 5,
    resamples: Annotated[
        int, typer.Option(metavar="N", min=0, help="Bootstrap samples of references.")
    ] = 1000,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the bootstrap.")] = 0,
    small: Annotated[
        str,
        typer.Option(
            metavar="HOW", help="Images too small for all levels: 'error' or 'fewer-levels'."
        ),
    ] = "error",
    device: Annotated[str, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, mps.")] = "cpu",
    trunk_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of the trunks' weights.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for finished pairs.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--cache-pairs/--no-cache", help="Keep finished pairs.")
    ] = True,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a self-contained HTML report.")
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the tables: .md, .tex, .csv."),
    ] = None,
) -> None:
    """Measure metrics against human opinions: SRCC, PLCC, KRCC, RMSE, intervals, significance."""
    from msds.errors import InputError

    if curve not in (4, 5):
        raise InputError(f"The logistic curve has 4 or 5 parameters, not {curve}.")
    shared.check_outputs(out or [], report, inputs=[*datasets, *(model or [])])
    from msds.study.benchmark import Settings, run_benchmark
    from msds.study.pages.benchmark import benchmark_page

    judged = [name for name in datasets if name.lower().startswith("bapps-")]
    if judged and (root is None or len(judged) < len(datasets)):
        raise InputError("BAPPS is measured by itself, with --root.")
    contenders = shared.contenders_of(
        model or ["msds-compact"], baseline, device, trunk_weights, small
    )
    folder = shared.cache_folder(cache, keep)
    if judged and root is not None:
        from msds.study.judgements import judge
        from msds.study.pages.judgements import judgements_page

        with shared.progress_bar() as progress:
            results = [judge(root, n, contenders, folder, progress) for n in judged]
        page = judgements_page(results, contenders, shared.command_line())
        shared.present(page, out or [], report)
        return
    sets = shared.open_sets(datasets, root, higher_is_better)
    settings = Settings(4 if curve == 4 else 5, resamples, seed)
    with shared.progress_bar() as progress:
        result = run_benchmark(sets, contenders, settings=settings, cache=folder, progress=progress)
    page = benchmark_page(result, contenders, shared.command_line())
    shared.present(page, out or [], report)
