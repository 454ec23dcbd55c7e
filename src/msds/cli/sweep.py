"""`msds sweep`: what encoders and their settings cost in bytes, and do to the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msds.cli import completion
from msds.cli.bundles import unbundled
from msds.cli.options import (
    OUTPUT,
    Baselines,
    ComputeOptions,
    CsvSafe,
    ModelOptions,
    OwnMetrics,
)
from msds.errors import InputError

if TYPE_CHECKING:
    import torch

    from msds.metric.modules import MSDS
    from msds.sweeps import Codec, SweepPlan, SweepReport
    from msds.sweeps.judges import Beside
    from msds.sweeps.page import SweepContent

EXAMPLES = """
[bold]Examples[/bold]

  msds sweep photos/ --codec jpeg,webp,avif --quality 20:95:5 --out sweep.csv

  msds sweep photos/ --codec jpeg,avif --anchor jpeg:75 --report sweep.html

  msds sweep photo.png --codec avif --quality 30:80:10 --keep encoded/

  msds sweep photos/ --codec jpeg --codec 'cjxl {in} {out}.jxl -q {q}' --quality 40:90:10

[bold]Exit status[/bold]

  0: done

  1: some images could not be encoded or scored

  2: wrong call or unusable input
"""
CODECS = "Encoders"
COMPARISON = "Comparison"


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(unbundled(sweep))


@dataclass(frozen=True)
class CodecOptions:
    """What encodes, and with which settings."""

    codec: Annotated[
        list[str],
        typer.Option(
            metavar="NAMES",
            help="jpeg, webp, avif, jxl, mozjpeg, or a command such as "
            "'cjxl {in} {out}.jxl -q {q}'; repeatable.",
            rich_help_panel=CODECS,
            autocompletion=completion.codecs,
        ),
    ]
    time_limit: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="Time that a command may take for one picture.",
            rich_help_panel=CODECS,
        ),
    ] = 60.0

    def open(self) -> list[Codec]:
        """The encoders."""
        from msds.sweeps import open_codec
        from msds.sweeps.codecs import split_codecs

        codecs = [open_codec(text, self.time_limit) for text in split_codecs(self.codec)]
        if not codecs:
            raise InputError("--codec names no encoder.")
        return codecs


@dataclass(frozen=True)
class SweepOptions(CodecOptions):
    """Which images, encoders and settings."""

    quality: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTINGS",
            help="20:95:5 or 30,50,75, of all encoders; avif=20:80:5 of one; repeatable.",
            rich_help_panel=CODECS,
        ),
    ] = None
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the encoded files here.", rich_help_panel=CODECS),
    ] = None

    def plan(self, images: list[Path]) -> SweepPlan:
        """What is swept."""
        from msds.sweeps import plan_sweep
        from msds.sweeps.qualities import parse_all

        usual, own = parse_all(self.quality or ["20:95:5"])
        return plan_sweep(images, self.open(), usual, own, self.keep)


@dataclass(frozen=True)
class Images:
    """What is encoded."""

    images: Annotated[list[Path], typer.Argument(help="Images, and folders of images.")]


@dataclass(frozen=True)
class BesideOptions:
    """Metrics beside the model."""

    metric: OwnMetrics = None
    baseline: Baselines = "psnr,ssim"

    def open(self, device: torch.device, models: Sequence[MSDS] = ()) -> list[Beside]:
        """The metrics, in the order of their columns; further models come first."""
        from msds.scoring.classics import baseline
        from msds.scoring.contenders import DeepContender
        from msds.scoring.custom import CustomContender
        from msds.sweeps.judges import Beside

        deep = [Beside(one.model_id, DeepContender(one)) for one in models]
        names = [name.strip().lower() for name in self.baseline.split(",") if name.strip()]
        found = deep + [Beside(name, baseline(name, device)) for name in names]
        own = [CustomContender(spec, device) for spec in self.metric or ()]
        return found + [Beside(one.name, one) for one in own]


@dataclass(frozen=True)
class AnchorOptions:
    """What encoders are compared with, and where the comparison goes."""

    anchor: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:SETTING]",
            help="Compare the encoders with this one (BD-rate), and with one of its settings, as "
            "in jpeg:75.",
            rich_help_panel=COMPARISON,
        ),
    ] = None
    tables: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write the tables that are shown: .md, .tex, .csv; repeatable.",
            rich_help_panel=COMPARISON,
        ),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a page with curves, tables and pictures, .html.",
            rich_help_panel=COMPARISON,
        ),
    ] = None

    csv_safe: CsvSafe = False

    @property
    def named(self) -> tuple[str | None, float | None]:
        """The anchor, and the setting of it that is to be matched."""
        if self.anchor is None:
            return None, None
        name, colon, setting = self.anchor.rpartition(":")
        if not colon:
            return self.anchor, None
        try:
            return name, float(setting)
        except ValueError:
            raise InputError(
                f"--anchor {self.anchor}: expected an encoder and one of its settings, as jpeg:75."
            ) from None

    def check(self, *read: Path, others: Sequence[Path | None] = ()) -> None:
        """Refuse what cannot be written or would replace what is read."""
        from msds.cli.output import check_csv_safe, check_outputs

        _ = self.named
        check_outputs(self.tables or [], self.report, *others, inputs=[str(path) for path in read])
        written = [path for path in (*(self.tables or ()), *others) if path is not None]
        check_csv_safe(self.csv_safe, written, "--tables")
        if self.anchor is not None:
            from msds.errors import require

            require("bjontegaard", "sweep")

    def present(self, content: SweepContent) -> None:
        """Show the tables, and write them and the page."""
        from msds.cli.output import command_line, present
        from msds.sweeps.page import sweep_page

        name, setting = self.named
        page = sweep_page(replace(content, anchor=name, quality=setting, command=command_line()))
        present(page, self.tables or [], self.report, csv_safe=self.csv_safe)


def check_table(out: Path | None) -> None:
    """Refuse a table of results that cannot be written, before the work."""
    from msds.files import check_writable
    from msds.results import check_output

    if out is not None:
        check_output(out)
        check_writable(out)


@dataclass(frozen=True)
class SweepOutput:
    """What is written."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write a row per image, encoder and setting: .jsonl, .csv, .parquet.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with --out where a sweep was stopped.", rich_help_panel=OUTPUT
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.resume and self.out is None:
            raise InputError("--resume goes on with the results of --out FILE: give that too.")

    def check(self) -> None:
        """Refuse outputs that cannot be written, before the work."""
        check_table(self.out)


def sweep(
    images: Images,
    options: SweepOptions,
    beside: BesideOptions,
    model: ModelOptions,
    output: SweepOutput,
    anchor: AnchorOptions,
    engine: ComputeOptions,
) -> None:
    """Encode images with every encoder at every setting, and score the results.

    Bytes, bits per pixel, the time to encode and to decode, MSDS, PSNR and SSIM of every file.
    """
    output.check()
    anchor.check(*images.images, others=[output.out])
    plan = options.plan(images.images)
    _refuse_unknown_anchor(anchor, plan)

    from msds.cli.progress import Progress
    from msds.cli.score_many import Display
    from msds.sweeps import SweepJob, run_sweep

    metric, *more = (engine.settled(one) for one in model.load())
    work = engine.options()
    job = SweepJob(
        reading=model.reading(),
        beside=beside.open(metric.trunk.device, more),
        memory=work.memory,
        threads=engine.threads,
        output=output.out,
        resume=output.resume,
        keep=options.keep,
        csv_safe=anchor.csv_safe,
    )
    with Progress(Display(), keeps=output.out is not None) as progress:
        report = run_sweep(plan, metric, job, progress)
    _show(report, anchor)
    if report.status:
        raise typer.Exit(report.status)


def _refuse_unknown_anchor(anchor: AnchorOptions, plan: SweepPlan) -> None:
    name, setting = anchor.named
    found = {codec.name: settings for codec, settings in plan.settings.items()}
    if name is not None and name not in found:
        raise InputError(f"--anchor {name} is not among the encoders: {', '.join(found)}.")
    if name is not None and setting is not None and setting not in found[name]:
        raise InputError(f"--anchor: {setting:g} is not among the settings of {name}.")


def _show(report: SweepReport, anchor: AnchorOptions) -> None:
    """Tables on standard output, the rest on standard error."""
    from msds.cli import show
    from msds.sweeps.encoded_again import EncodedAgain
    from msds.sweeps.page import SweepContent
    from msds.sweeps.points import points_of

    names = [one.column for one in report.job.beside]
    points = points_of(report.scores, names)
    if points:
        encoders = {codec.name: codec.described() for codec in report.plan.settings}
        pictures = EncodedAgain(report.plan, report.job.reading)
        content = SweepContent(
            points, names, report.run.model, pictures=pictures, encoders=encoders
        )
        anchor.present(content)
    show.show_failures(report.scores)
    show.show_leftovers(report.plan.pairs)
    done, seconds = len(report.scores) - report.kept, report.seconds
    earlier = f", {report.kept} before" if report.kept else ""
    show.say(f"{len(report.scores)} encodings: {done} made in {seconds:.1f} s{earlier}")
