"""Options that several verbs have: each is said once, and those that travel together in bundles."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from msds.cli import completion
from msds.errors import InputError

if TYPE_CHECKING:
    from msds.encoding.levels import Small
    from msds.engines import Engine, Precision
    from msds.metric.modules import MSDS
    from msds.pairs import Plan
    from msds.scoring import Options, Reading

PAIRING = "Many pairs"
MODEL = "Model and images"
OUTPUT = "Output"
ENGINE = "Engine"
METRICS = "Metrics"

DEFAULT_MODEL = completion.MODELS[0]

OneModel = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="ID",
        help="Id of a model, or a model file.",
        rich_help_panel=MODEL,
        autocompletion=completion.models,
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="ID",
        help=f"Id of a model, or a model file; repeatable. {DEFAULT_MODEL} unless said otherwise.",
        rich_help_panel=MODEL,
        autocompletion=completion.models,
    ),
]
TrunkWeights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The trunk's weights, instead of the usual ones.",
        rich_help_panel=MODEL,
    ),
]
Levels = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=12,
        help="Levels of the pyramid; the weights are those learned for the trunk, else equal.",
        rich_help_panel=MODEL,
    ),
]
SmallImages = Annotated[
    str,
    typer.Option(
        metavar="HOW",
        help="Images too small for all levels: error, or fewer-levels.",
        rich_help_panel=MODEL,
        autocompletion=completion.one_of("error", "fewer-levels"),
    ),
]
Background = Annotated[
    str,
    typer.Option(
        metavar="COLOUR",
        help="What transparency is shown on: white, black, #rrggbb.",
        rich_help_panel=MODEL,
    ),
]
Transfer = Annotated[
    str | None,
    typer.Option(
        metavar="HOW",
        help="How HDR samples are meant: pq, hlg, linear:PEAK, srgb.",
        rich_help_panel=MODEL,
    ),
]
Frame = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        help="Which image of animations and files of several pages, from 0.",
        rich_help_panel=MODEL,
    ),
]
OwnMetrics = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CALL",
        help="A metric of your own, as package.module:callable,higher (or lower), of two "
        "(N, 3, H, W) tensors in [0, 1]; repeatable.",
        rich_help_panel=METRICS,
    ),
]
Baselines = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="Compare with psnr, ssim, ssim-full-size, ms-ssim, lpips-vgg, lpips-alex, dists; "
        "or ''.",
        rich_help_panel=METRICS,
        autocompletion=completion.baselines,
    ),
]
CsvSafe = Annotated[
    bool,
    typer.Option(
        "--csv-safe",
        help="Text in CSV that spreadsheets take for formulas gets an apostrophe in front.",
        rich_help_panel=OUTPUT,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Where to compute: cpu, cuda, cuda:1, mps.",
        rich_help_panel=ENGINE,
        autocompletion=completion.one_of("cpu", "cuda", "mps"),
    ),
]


@dataclass(frozen=True)
class Pairing:
    """Which images are compared."""

    reference: Annotated[
        Path | None, typer.Argument(help="The undistorted image, or a folder.", show_default=False)
    ] = None
    distorted: Annotated[
        list[Path] | None,
        typer.Argument(help="The images to judge, or a folder of them.", show_default=False),
    ] = None
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table of pairs (.csv, .tsv, .jsonl, .parquet; - is standard input) with columns "
            "reference and distorted; paths are relative to it.",
            rich_help_panel=PAIRING,
        ),
    ] = None
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="How distorted images are named, as in '{stem}_q{quality}.webp'; fields become "
            "columns.",
            rich_help_panel=PAIRING,
        ),
    ] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the pairs only.", rich_help_panel=PAIRING)
    ] = False
    allow_unmatched: Annotated[
        bool,
        typer.Option(
            "--allow-unmatched",
            help="Files without a partner do not change the exit status.",
            rich_help_panel=PAIRING,
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.manifest is not None and (self.reference is not None or self.pattern is not None):
            raise InputError("--manifest names the pairs: leave out paths and --pattern.")
        if self.manifest is None and (self.reference is None or not self.distorted):
            raise InputError(
                "Give a reference and a distorted image or folder, or --manifest FILE."
            )

    @property
    def files(self) -> list[Path]:
        """Paths that were given."""
        given = (self.manifest, self.reference, *(self.distorted or ()))
        return [path for path in given if path is not None]

    @property
    def one_pair(self) -> bool:
        """Whether two images are named."""
        return len(self.files) == 2 and not any(path.is_dir() for path in self.files)

    @property
    def roots(self) -> tuple[Path, Path]:
        """The folders that the names of references and of distorted images are taken from."""
        if self.manifest is not None:
            return self.manifest.parent, self.manifest.parent
        reference, distorted = (path if path.is_dir() else path.parent for path in self.files[:2])
        return reference, distorted

    def plan(self) -> Plan:
        """The pairs that are named."""
        from msds.pairs import Pattern, plan_images, plan_paths, read_manifest

        if self.manifest is not None:
            return read_manifest(self.manifest)
        reference, *distorted = self.files
        pattern = None if self.pattern is None else Pattern(self.pattern)
        if len(distorted) > 1:
            return plan_images(reference, distorted, pattern)
        return plan_paths(reference, distorted[0], pattern)


@dataclass(frozen=True)
class ModelOptions:
    """What scores, and how files become images."""

    model: Models = None
    trunk_weights: TrunkWeights = None
    levels: Levels = None
    small: SmallImages = "error"
    background: Background = "white"
    transfer: Transfer = None
    frame: Frame = None
    max_pixels: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Images of more pixels are refused (268435456 unless given).",
            rich_help_panel=MODEL,
        ),
    ] = None

    @property
    def files(self) -> list[Path]:
        """Paths that are read."""
        names = [*map(Path, self.model or ()), self.trunk_weights]
        return [path for path in names if path is not None]

    def reading(self) -> Reading:
        """How files become pixels."""
        from msds.images.limits import MAX_PIXELS
        from msds.scoring import Reading

        most = MAX_PIXELS if self.max_pixels is None else self.max_pixels
        return Reading(self.background, self.transfer, most, self.frame)

    def load(self) -> list[MSDS]:
        """The models, each once."""
        from msds.models import load_model

        found: dict[str, MSDS] = {}
        for name in self.model or [DEFAULT_MODEL]:
            small = cast("Small", self.small)
            metric = load_model(
                name, trunk_weights=self.trunk_weights, levels=self.levels, small=small
            )
            found.setdefault(metric.fingerprint, metric)
        return list(found.values())


@dataclass(frozen=True)
class ComputeOptions:
    """How scores are computed; none of it changes them but for the precision."""

    device: Device = "cpu"
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What computes the features: torch, winograd, ncnn, openvino, onnxruntime, or "
            "auto, the fastest here whose scores agree with torch.",
            rich_help_panel=ENGINE,
            autocompletion=completion.one_of(*completion.ENGINES),
        ),
    ] = "torch"
    precision: Annotated[
        str,
        typer.Option(
            metavar="TYPE",
            help="float32, or bfloat16, which changes scores a little.",
            rich_help_panel=ENGINE,
            autocompletion=completion.one_of(*completion.PRECISIONS),
        ),
    ] = "float32"
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory for images and features, such as 4G; decides batches and pieces.",
            rich_help_panel=ENGINE,
        ),
    ] = None
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Threads that read images.", rich_help_panel=ENGINE),
    ] = None
    compute_threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Threads that compute; unless given, as many as there are cores.",
            rich_help_panel=ENGINE,
        ),
    ] = None

    def options(self) -> Options:
        """How the engine works."""
        from msds.scoring import Options
        from msds.scoring.memory import parse_memory

        return Options(
            memory=None if self.memory is None else parse_memory(self.memory),
            threads=self.threads or min(4, os.cpu_count() or 1),
        )

    def settled(self, metric: MSDS) -> MSDS:
        """The metric where and with what it is to compute."""
        from msds.scoring.device import choose_device, use_threads

        if self.compute_threads is not None:
            use_threads(self.compute_threads)
        engine, precision = cast("Engine", self.engine), cast("Precision", self.precision)
        return metric.to(choose_device(self.device)).set_engine(engine, precision)


@dataclass(frozen=True)
class EngineOptions(ComputeOptions):
    """The same with a folder for encodings."""

    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep the encodings of references here for later runs.",
            rich_help_panel=ENGINE,
        ),
    ] = None

    def options(self) -> Options:
        """How the engine works."""
        return replace(super().options(), cache=self.cache)
