"""`msds score`: how close distorted images are to their references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

import typer

from msds.cli.bundles import unbundled
from msds.cli.clip_options import ClipOptions
from msds.cli.options import (
    EngineOptions,
    ModelOptions,
    Pairing,
)
from msds.cli.result_options import ConditionOptions, OutputOptions
from msds.cli.saliency import SaliencyOptions
from msds.cli.score_cluster import ClusterOptions, refuse_uris, score_on_cluster
from msds.cli.show import say
from msds.errors import InputError
from msds.files import check_writable, same_file
from msds.pairs import Plan
from msds.text import printable

EXAMPLES = """
[bold]Examples[/bold]

  msds score photo.png photo.jpg --explain

  msds score photo.png photo.jpg photo.webp photo.avif

  msds score photo.png photo.jpg --fail-under 0.9 --quiet

  msds score originals/ encoded/ --out scores.csv

  msds score originals/ encoded/ --pattern '{stem}_q{quality}.webp'

  msds score --manifest pairs.csv --out scores.parquet --resume

  msds score golden/ rendered/ --baseline scores.csv

  msds score golden/ rendered/ --maps maps/ --maps-below 0.9

  msds score originals/ retargeted/ --saliency maps-o/ --saliency maps-r/

  msds score film.mp4 film.mkv --every 5 --frames frames.csv

  msds score --manifest pairs.parquet --cluster local --out scores/

[bold]Exit status[/bold]

  0: done

  1: some pairs failed, or files are not paired

  2: wrong call or unusable input

  3: a score is below --fail-under, or worse than the --baseline
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(unbundled(score))


def score(
    pairing: Pairing,
    model: ModelOptions,
    saliency: SaliencyOptions,
    output: OutputOptions,
    conditions: ConditionOptions,
    engine: EngineOptions,
    clips: ClipOptions,
    cluster: ClusterOptions,
) -> None:
    """Score distorted images or videos against their references: 1 is identical, lower is worse.

    Two files, one against several or a folder, two folders, or the pairs of a table. In two
    folders, files belong together that have the same relative path but for the suffix.
    """
    if cluster.cluster is not None:
        clips.check(Plan(()), output, bool(saliency.saliency))
        raise typer.Exit(
            score_on_cluster(pairing, model, saliency, output, conditions, engine, cluster)
        )
    refuse_uris(pairing, output)
    read = [*pairing.files, *model.files, *([conditions.baseline] if conditions.baseline else [])]
    if output.resume and output.out is None and clips.frames is None:
        raise InputError("--resume goes on with the results of --out FILE: give that too.")
    written = {**output.files, "--frames": clips.frames}
    _refuse_overwriting(written, read)
    _refuse_maps_among_images(output.maps, [path for path in pairing.files if path.is_dir()])
    if output.report is not None:
        from msds.gallery.making import check_page

        check_page(output.report)
    if saliency.saliency and (output.maps is not None or output.check_places):
        raise InputError(
            "--maps and --check-places look at whole images, and not at salient parts: leave "
            "--saliency."
        )
    for file in filter(None, (output.junit, output.summary)):
        check_writable(file)
    alone = _is_one_pair(pairing, output, conditions, engine)

    from msds.cli import score_many

    plan = saliency.planned(score_many.make_plan(pairing), pairing.roots)
    if output.with_size:
        from msds.scoring.weighed import weighed

        plan = weighed(plan)
    if pairing.dry_run:
        raise typer.Exit(
            score_many.dry_run(plan, pairing.allow_unmatched, output.as_json, model.levels or 1)
        )
    images = (chain.from_iterable(pair.images) for pair in plan.pairs)
    files = dict.fromkeys(path for path in chain.from_iterable(images) if path is not None)
    _refuse_overwriting(written, files)
    clips.check(plan, output, bool(saliency.saliency))

    from msds.scoring import Job

    job = Job(
        clips.reading(plan, saliency.reading(model.reading()), conditions.same_size),
        engine.options(),
        conditions.conditions(pairing.allow_unmatched),
        output.out,
        output.resume,
        output.csv_safe,
        output.wanted_maps(),
        clips.scorer(plan, output),
    )
    metrics = [engine.settled(metric) for metric in model.load()]
    _say_idle_gpus(engine.device)
    if output.report is not None and len(metrics) > 1:
        raise InputError("--report makes the page of one model: give one --model.")
    if output.maps is not None and len(metrics) > 1:
        raise InputError("--maps draws the maps of one model: give one --model.")
    display = score_many.Display(
        output.as_json,
        output.quiet,
        output.explain,
        conditions.annotations is not None,
        output.report,
        score_many.Pipeline(output.junit, output.summary, output.report_url),
    )
    scored = score_many.score_one if alone else score_many.score_many
    if clips.frames is not None and len(metrics) > 1:
        raise InputError("--frames holds the frames of one model: give one --model.")
    try:
        status = scored(plan, metrics, job, display)
    except score_many.NoScoreError:
        clips.finish(plan, job, written=False)
        raise
    clips.finish(plan, job)
    if status:
        raise typer.Exit(status)


def _say_idle_gpus(device: str) -> None:
    from msds.scoring.device import idle_gpus

    if idle := idle_gpus(device):
        say(
            f"msds: 1 of {idle + 1} GPUs is used; --manifest FILE --cluster local --out DIR uses "
            "all of them"
        )


def _is_one_pair(
    pairing: Pairing, output: OutputOptions, conditions: ConditionOptions, engine: EngineOptions
) -> bool:
    """Whether two images are named and nothing that is for many."""
    many = {
        "--manifest": pairing.manifest,
        "--pattern": pairing.pattern,
        "--dry-run": pairing.dry_run,
        **output.files,
        "--baseline": conditions.baseline,
        "--annotations": conditions.annotations,
        "--cache": engine.cache,
    }
    given = [name for name, value in many.items() if value]
    if output.explain and (given or not pairing.one_pair):
        found = ", ".join(given) or "more than two images"
        raise InputError(f"--explain shows one pair of images and nothing else; found {found}.")
    return pairing.one_pair and not given


def _refuse_overwriting(written: Mapping[str, Path | None], inputs: Iterable[Path]) -> None:
    read = list(inputs)
    for option, file in written.items():
        if file is not None and file.is_file() and any(same_file(file, path) for path in read):
            raise InputError(
                f"{file}: {option} would replace a file that is read; give another name."
            )


def _refuse_maps_among_images(maps: Path | None, folders: Iterable[Path]) -> None:
    """The next run would take them for images of its own."""
    for folder in folders if maps is not None else ():
        if maps is not None and maps.resolve().is_relative_to(folder.resolve()):
            raise InputError(
                f"{printable(maps)}: maps would lie among the images of {printable(folder)}; give "
                "--maps a folder outside of it."
            )
