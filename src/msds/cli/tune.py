"""`msds tune`: the cheapest setting of an encoder for every image."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msds.cli.bundles import unbundled
from msds.cli.options import OUTPUT, ComputeOptions, CsvSafe, ModelOptions
from msds.cli.sweep import CODECS, CodecOptions, Images, check_table
from msds.errors import InputError
from msds.status import Status
from msds.text import counted

if TYPE_CHECKING:
    from msds.report.table import Table
    from msds.results import Score
    from msds.sweeps.plan import Source, SweepPlan
    from msds.sweeps.tuning_many import TuneJob

EXAMPLES = """
[bold]Examples[/bold]

  msds tune photos/ --codec avif --target 0.97 --to tuned/

  msds tune photo.png --codec webp --max-bytes 40k --to tuned/

  msds tune photos/ --codec 'cjxl {in} {out}.jxl -d {q}' --settings 6:0.2:-0.2 --target 0.95

[bold]Exit status[/bold]

  0: done

  1: some images could not be encoded or scored, or nothing reaches what was asked for

  2: wrong call or unusable input
"""
_UNITS = {"": 1, "K": 1000, "M": 1000**2}


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(unbundled(tune))


@dataclass(frozen=True)
class TuneOptions(CodecOptions):
    """What is to be reached, with which settings."""

    target: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Score to be reached with the fewest bytes.", rich_help_panel=CODECS
        ),
    ] = None
    max_bytes: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Most bytes of a file, such as 40k; the best score within it is chosen.",
            rich_help_panel=CODECS,
        ),
    ] = None
    settings: Annotated[
        str,
        typer.Option(
            metavar="SETTINGS",
            help="What to choose from, the poorest first.",
            rich_help_panel=CODECS,
        ),
    ] = "1:100"

    def __post_init__(self) -> None:
        if self.target is None and self.max_bytes is None:
            raise InputError("Give --target X, --max-bytes SIZE, or both.")
        if self.target is not None and not math.isfinite(self.target):
            raise InputError(f"--target {self.target} is no score.")
        if self.target is not None and self.target > 1:
            raise InputError(
                f"--target {self.target:g}: no score is above 1, that of equal images."
            )

    @property
    def most(self) -> int | None:
        """Most bytes of a file."""
        if self.max_bytes is None:
            return None
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKM]?)B?", self.max_bytes.strip())
        if match is None or float(match[1]) == 0:
            raise InputError(f"--max-bytes {self.max_bytes!r}: expected a size such as 40k.")
        return int(float(match[1]) * _UNITS[match[2].upper()])


@dataclass(frozen=True)
class TunedOutput:
    """What is written."""

    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="DIR", help="Write the chosen files here.", rich_help_panel=OUTPUT
        ),
    ] = None
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write a row per image: .jsonl, .csv, .parquet.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    csv_safe: CsvSafe = False

    def check(self) -> None:
        """Refuse outputs that cannot be written, before the work."""
        from msds.cli.output import check_csv_safe
        from msds.files import check_writable

        check_table(self.out)
        check_csv_safe(self.csv_safe, [self.out] if self.out is not None else [], "--out")
        if self.to is not None:
            check_writable(self.to, folder=True)

    def refuse_replacing(self, plan: SweepPlan) -> None:
        """Refuse a folder in which an image would be replaced by its own encoding."""
        from msds.files import same_file

        (codec,) = plan.settings
        for source in plan.sources if self.to is not None else ():
            if same_file(Path(self.to or "", f"{source.stem}{codec.suffix}"), source.path):
                raise InputError(f"{source.name}: --to would replace this image; give another DIR.")


def tune(
    images: Images,
    options: TuneOptions,
    model: ModelOptions,
    output: TunedOutput,
    engine: ComputeOptions,
) -> None:
    """Give every image the cheapest setting that reaches a score, or the best within a size."""
    output.check()

    from msds.scoring.compare import run_of
    from msds.sweeps import plan_sweep
    from msds.sweeps.kept import write_records
    from msds.sweeps.qualities import parse_qualities
    from msds.sweeps.tuning_many import TuneJob, tune_images

    codec, *others = options.open()
    if others:
        raise InputError("--codec: one encoder is tuned at a time.")
    settings = parse_qualities(options.settings)
    plan = plan_sweep(images.images, [codec], settings, without=output.to)
    output.refuse_replacing(plan)
    metric, *more = (engine.settled(one) for one in model.load())
    if more:
        raise InputError("--model: images are tuned to the score of one model.")
    work = engine.options()
    job = TuneJob(
        codec,
        settings,
        options.target,
        options.most,
        model.reading().within(work.memory),
        work.memory,
        engine.threads or os.cpu_count() or 1,
        output.to,
    )
    run = run_of(metric, model.reading())
    scores = [score for _, score in tune_images(plan.sources, metric, job, run)]
    if output.out is not None:
        write_records(output.out, run, scores, csv_safe=output.csv_safe)
    done = [one for one in scores if one.error is None]
    _show(plan, scores, done, job, run.model)
    if len(done) < len(scores) or not all(one.columns["reached"] for one in done):
        raise typer.Exit(Status.SOME_FAILED)


def _show(
    plan: SweepPlan, scores: Sequence[Score], done: Sequence[Score], job: TuneJob, model: str
) -> None:
    """A table on standard output, the rest on standard error."""
    from msds.cli import show
    from msds.cli.output import show_tables

    if done:
        show_tables([_table(done, job, model)])
        show.say(_saved(plan.sources, done, job))
    show.show_failures(scores)
    show.show_leftovers(plan.pairs)


def _table(scores: Sequence[Score], job: TuneJob, model: str) -> Table:
    from msds.report.table import Table

    asked = [f"a score of {job.target:g}"] if job.target is not None else []
    asked += [f"at most {job.max_bytes} bytes"] if job.max_bytes is not None else []
    table = Table(
        f"{job.codec.name} for {' and '.join(asked)}",
        ["image", "setting", "score", "bytes", "bpp", "reached", "tries"],
        digits=4,
        note=f"score: {model}; bpp: bits per pixel.",
    )
    for one in scores:
        columns = one.columns
        table.rows.append(
            [
                one.reference,
                f"{columns['quality']:g}",
                one.score,
                columns["bytes"],
                columns["bits_per_pixel"],
                "yes" if columns["reached"] else "no",
                columns["tries"],
            ]
        )
    return table


def _saved(sources: Sequence[Source], scores: Sequence[Score], job: TuneJob) -> str:
    """What is saved against the one setting that is good enough for all that reach the score."""
    from msds.sweeps.tuning_many import bytes_at

    said = f"{counted(len(scores), 'images')}: {_bytes_of(scores)} bytes"
    good = [one for one in scores if one.columns["reached"]]
    if job.target is None or len(good) < 2:
        return said
    common = max((one.columns["quality"] for one in good), key=job.settings.index)
    named = {one.reference for one in good}
    chosen = [source for source in sources if source.name in named]
    alike = sum(bytes_at(chosen, job.codec, common, job.reading, job.threads).values())
    if len(good) < len(scores):
        said += f"; the {len(good)} that reach {job.target:g} take {_bytes_of(good)}"
    share = 100 * (1 - _bytes_of(good) / alike) if alike else 0.0
    return f"{said}, {share:.1f} % less than {alike} at {common:g}, the setting all of them need"


def _bytes_of(scores: Sequence[Score]) -> int:
    return sum(one.columns["bytes"] for one in scores)
