"""`msds score`: how close distorted images are to their references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from msds.cli.bundles import unbundled
from msds.cli.clip_options import ClipOptions
from msds.cli.options import EngineOptions, ModelOptions, Pairing
from msds.cli.result_options import ConditionOptions, OutputOptions
from msds.cli.saliency import SaliencyOptions
from msds.cli.score_cluster import ClusterOptions, refuse_uris, score_on_cluster
from msds.cli.show import say
from msds.errors import InputError
from msds.files import check_writable, same_file
from msds.pairs import Plan
from msds.text import printable

if TYPE_CHECKING:
    from msds.cli.score_many import Display
    from msds.metric.modules import MSDS
    from msds.scoring import Job

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
    call = _Call(pairing, model, saliency, output, conditions, engine, clips)
    call.check()
    alone = call.is_one_pair()

    from msds.cli import score_many

    plan = call.plan()
    if pairing.dry_run:
        raise typer.Exit(
            score_many.dry_run(plan, pairing.allow_unmatched, output.as_json, model.levels or 1)
        )
    call.check_plan(plan)
    job = call.job(plan)
    metrics = call.metrics()
    scored = score_many.score_one if alone else score_many.score_many
    try:
        status = scored(plan, metrics, job, call.display())
    except score_many.NoScoreError:
        clips.finish(plan, job, written=False)
        raise
    clips.finish(plan, job)
    if status:
        raise typer.Exit(status)


@dataclass(frozen=True)
class _Call:
    """What was asked for, and what of it does not go together."""

    pairing: Pairing
    model: ModelOptions
    saliency: SaliencyOptions
    output: OutputOptions
    conditions: ConditionOptions
    engine: EngineOptions
    clips: ClipOptions

    @property
    def written(self) -> dict[str, Path | None]:
        """Files that are written, by their options."""
        return {**self.output.files, "--frames": self.clips.frames}

    def check(self) -> None:
        """Refuse what the options alone show to be wrong."""
        refuse_uris(self.pairing, self.output)
        output, baseline = self.output, self.conditions.baseline
        if output.resume and output.out is None and self.clips.frames is None:
            raise InputError("--resume goes on with the results of --out FILE: give that too.")
        read = [*self.pairing.files, *self.model.files, *([baseline] if baseline else [])]
        _refuse_overwriting(self.written, read)
        folders = [path for path in self.pairing.files if path.is_dir()]
        _refuse_maps_among_images(output.maps, folders)
        if output.report is not None:
            from msds.gallery.making import check_page

            check_page(output.report)
        if self.saliency.saliency and (output.maps is not None or output.check_places):
            raise InputError(
                "--maps and --check-places look at whole images, and not at salient parts: leave "
                "--saliency."
            )
        for file in filter(None, (output.junit, output.summary)):
            check_writable(file)

    def is_one_pair(self) -> bool:
        """Whether two images are named and nothing that is for many."""
        many = {
            "--manifest": self.pairing.manifest,
            "--pattern": self.pairing.pattern,
            "--dry-run": self.pairing.dry_run,
            **self.output.files,
            "--baseline": self.conditions.baseline,
            "--annotations": self.conditions.annotations,
            "--cache": self.engine.cache,
        }
        given = [name for name, value in many.items() if value]
        if self.output.explain and (given or not self.pairing.one_pair):
            found = ", ".join(given) or "more than two images"
            raise InputError(f"--explain shows one pair of images and nothing else; found {found}.")
        return self.pairing.one_pair and not given

    def plan(self) -> Plan:
        """The pairs, with what their records are to hold besides scores."""
        from msds.cli.score_many import make_plan

        plan = self.saliency.planned(make_plan(self.pairing), self.pairing.roots)
        if self.output.with_size:
            from msds.scoring.weighed import weighed

            plan = weighed(plan)
        return plan

    def check_plan(self, plan: Plan) -> None:
        """Refuse what does not go with the files of a plan."""
        images = (chain.from_iterable(pair.images) for pair in plan.pairs)
        files = dict.fromkeys(path for path in chain.from_iterable(images) if path is not None)
        _refuse_overwriting(self.written, files)
        self.clips.check(plan, self.output, bool(self.saliency.saliency))

    def job(self, plan: Plan) -> Job:
        """How a plan is scored."""
        from msds.scoring import Job

        usual = self.saliency.reading(self.model.reading())
        return Job(
            self.clips.reading(plan, usual, self.conditions.same_size),
            self.engine.options(),
            self.conditions.conditions(self.pairing.allow_unmatched),
            self.output.out,
            self.output.resume,
            self.output.csv_safe,
            self.output.wanted_maps(),
            self.clips.scorer(plan, self.output),
        )

    def metrics(self) -> list[MSDS]:
        """The models, where and with what they are to compute."""
        metrics = [self.engine.settled(metric) for metric in self.model.load()]
        _say_idle_gpus(self.engine.device)
        if len(metrics) > 1:
            for option, value, does in (
                ("--report", self.output.report, "makes the page"),
                ("--maps", self.output.maps, "draws the maps"),
                ("--frames", self.clips.frames, "holds the frames"),
            ):
                if value is not None:
                    raise InputError(f"{option} {does} of one model: give one --model.")
        return metrics

    def display(self) -> Display:
        """What is shown and written besides the results."""
        from msds.cli.score_many import Display, Pipeline

        output = self.output
        return Display(
            output.as_json,
            output.quiet,
            output.explain,
            self.conditions.annotations is not None,
            output.report,
            Pipeline(output.junit, output.summary, output.report_url),
        )


def _say_idle_gpus(device: str) -> None:
    from msds.scoring.device import idle_gpus

    if idle := idle_gpus(device):
        say(
            f"msds: 1 of {idle + 1} GPUs is used; --manifest FILE --cluster local --out DIR uses "
            "all of them"
        )


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
