"""`msds study`: the experiments, one command each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from msds.cli import completion
from msds.cli import study_options as shared
from msds.cli.bundles import unbundled
from msds.cli.options import DEFAULT_MODEL, OneModel, TrunkWeights
from msds.cli.output import command_line, tell_left_out
from msds.errors import InputError, require

if TYPE_CHECKING:
    from msds.method.pyramid import Filter
    from msds.metric.modules import MSDS
    from msds.scoring.contenders import DeepContender
    from msds.study.datasets import RatedSet

app: typer.Typer = typer.Typer(
    help="Experiments: paper, scales, shift, cost, layers.", no_args_is_help=True
)


@dataclass(frozen=True)
class TrunkOnSet:
    """Which trunk is studied on which set."""

    dataset: Annotated[
        str,
        typer.Argument(
            help="Id, or table of pairs: FILE, FILE:COLUMN[:lower].",
            autocompletion=completion.datasets,
        ),
    ]
    model: OneModel = DEFAULT_MODEL
    trunk_weights: TrunkWeights = None

    def open(self, sets: shared.SetOptions) -> tuple[RatedSet, MSDS]:
        """The set and the model."""
        from msds.models import load_model

        (data,) = sets.open([self.dataset])
        return data, load_model(self.model, trunk_weights=self.trunk_weights)


@dataclass(frozen=True)
class PaperOptions:
    """Which sets the paper's comparison is made on."""

    datasets: Annotated[
        list[str] | None,
        typer.Argument(
            help="Ids, or tables of pairs: FILE, FILE:COLUMN[:lower]; by default those of LIVE, "
            "CSIQ, TID2013, KADID-10k and PIPAL that lie below --root.",
            show_default=False,
            autocompletion=completion.datasets,
        ),
    ] = None
    levels: Annotated[
        int, typer.Option(metavar="N", min=2, max=12, help="Levels of the pyramid.")
    ] = 4
    resamples: Annotated[
        int, typer.Option(metavar="N", min=0, help="Bootstrap samples of references.")
    ] = 1000


@app.command("paper")
@unbundled
def paper(
    options: PaperOptions,
    sets: shared.SetOptions,
    metrics: shared.ContenderOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """The paper's comparison: one level, several, and weights learned on the other sets.

    The model is msds-vgg16, the paper's, unless another is named; every model is compared with
    level 1 of its own trunk.
    """
    from msds.cli.bars import progress_bar
    from msds.method.fusion import equal_weights
    from msds.metric.modules import MSDS
    from msds.scoring.contenders import DeepContender
    from msds.study.benchmark import Settings
    from msds.study.pages.paper import paper_page
    from msds.study.paper import find_sets, study_paper

    require("scipy", "study")  # before anything is scored
    named = options.datasets or []
    output.check(*named)
    chosen = metrics if metrics.model else replace(metrics, model=["msds-vgg16"])
    data, missing = (sets.open(named), {}) if named else find_sets(sets.root or Path())
    if not data:
        raise InputError(
            f"{sets.root or Path()} holds none of the sets of the paper: "
            f"{next(iter(missing.values()))}"
        )
    contenders = chosen.open(engine)
    others = [one for one in contenders if not isinstance(one, DeepContender)]
    trunks = [one.metric.trunk for one in contenders if isinstance(one, DeepContender)]
    settings = Settings(resamples=options.resamples)
    weights = equal_weights(options.levels)
    with progress_bar() as progress:
        studies = [
            study_paper(
                data,
                DeepContender(MSDS(trunk, levels=options.levels, weights=weights)),
                others,
                settings,
                engine.work(progress),
            )
            for trunk in trunks
        ]
    described = {"levels": options.levels, "resamples": options.resamples}
    page = paper_page(studies, trunks, contenders, missing, described, command_line())
    output.present(page)
    left_out: dict[str, dict[str, str]] = {}
    for one in (one for study in studies for one in study.sets):
        left_out.setdefault(one.data.title, {}).update(one.left_out)
    tell_left_out(left_out)


@dataclass(frozen=True)
class ScalesOptions(TrunkOnSet):
    """Which pyramids are compared."""

    levels: Annotated[
        int, typer.Option(metavar="N", min=2, max=12, help="Levels of the pyramid.")
    ] = 4
    filters: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Pyramid filters, the main one first; all five if not given.",
            show_default=False,
        ),
    ] = "average,gaussian,bicubic,lanczos,stride"
    feature_pyramid: Annotated[
        bool,
        typer.Option(
            "--feature-pyramid",
            help="Also take the levels from a pyramid of the trunk's features.",
        ),
    ] = False
    folds: Annotated[int, typer.Option(metavar="N", min=2, help="Parts of the references.")] = 5
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often the split is drawn.")
    ] = 3
    resamples: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Bootstrap samples of references or ladders."),
    ] = 1000


@app.command("scales")
@unbundled
def scales(
    options: ScalesOptions,
    sets: shared.SetOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """Is spatial scale a factor of its own? Levels alone and together, filters, forms of fusion."""
    from msds.cli.bars import progress_bar
    from msds.method.fusion import equal_weights
    from msds.metric.modules import MSDS
    from msds.scoring.contenders import DeepContender
    from msds.study.pages.scales import scales_page
    from msds.study.scales import study_scales

    require("scipy", "study")  # before anything is scored
    output.check(options.dataset)
    data, metric = options.open(sets)
    trunk, levels = engine.settled(metric).trunk, options.levels
    names = [name.strip() for name in options.filters.split(",") if name.strip()]

    def contender_of(name: str) -> DeepContender:
        weights, filter_ = equal_weights(levels), cast("Filter", name)
        made = MSDS(trunk, levels=levels, weights=weights, filter=filter_)
        return DeepContender(made, f"{trunk.name}, {name}")

    with progress_bar() as progress:
        study = study_scales(
            data,
            contender_of,
            names,
            folds=options.folds,
            seeds=options.seeds,
            resamples=options.resamples,
            of_features=options.feature_pyramid,
            work=engine.work(progress),
        )
    settings: dict[str, Any] = {
        "trunk": trunk.name,
        "trunk_digest": trunk.digest,
        "levels": levels,
        "filters": names,
        "feature_pyramid": options.feature_pyramid,
        "folds": options.folds,
        "seeds": options.seeds,
        "resamples": options.resamples,
    }
    output.present(scales_page(study, settings, command_line()))
    tell_left_out({data.title: study.left_out})


@dataclass(frozen=True)
class ShiftOptions:
    """Which photographs are changed."""

    images: Annotated[list[Path], typer.Argument(help="Photographs, or folders of them.")]


@app.command("shift")
@unbundled
def shift(
    options: ShiftOptions,
    metrics: shared.ContenderOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """How much does a metric mind moving, turning, scaling, tilting, bending and cropping?"""
    from msds.cli.bars import progress_bar
    from msds.study.pages.shift import shift_page
    from msds.study.shift import NOISES, study_shift
    from msds.study.warps import MARGIN, WARPS

    output.check(*(str(path) for path in options.images))
    photographs = [file for path in options.images for file in _photographs(path)]
    contenders = metrics.open(engine)
    with progress_bar() as progress:
        study = study_shift(photographs, contenders, progress=progress)
    settings = {
        "margin": MARGIN,
        "noises": NOISES,
        "changes": {name: entry[2] for name, entry in WARPS.items()},
    }
    output.present(shift_page(study, contenders, settings, command_line()))


_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif")


def _photographs(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES)


@dataclass(frozen=True)
class CostOptions:
    """What the cost is measured on."""

    size: Annotated[str, typer.Option(metavar="WxH", help="Width x height of the images.")] = (
        "512x384"
    )
    repeats: Annotated[
        int, typer.Option(metavar="N", min=1, help="Times of which the median is taken.")
    ] = 7

    @property
    def sides(self) -> tuple[int, int]:
        """Width and height."""
        width, _, height = self.size.lower().partition("x")
        if not (width.isdigit() and height.isdigit()):
            raise InputError(f"A size is written as 512x384, not {self.size!r}.")
        return int(width), int(height)


@app.command("cost")
@unbundled
def cost(
    options: CostOptions,
    metrics: shared.ContenderOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """Parameters, operations, time and memory of each metric, per level and in total."""
    from msds.cli.bars import progress_bar
    from msds.study.cost import measure_cost
    from msds.study.pages.cost import cost_page

    output.check()
    width, height = options.sides
    contenders = metrics.open(engine)
    costs = []
    with progress_bar() as progress:
        for index, contender in enumerate(contenders):
            costs.append(measure_cost(contender, height, width, options.repeats))
            progress("metrics", index + 1, len(contenders))
    settings = {"size": options.size, "repeats": options.repeats, "device": engine.device}
    page = cost_page(costs, (height, width), contenders, settings, command_line())
    output.present(page)


@dataclass(frozen=True)
class LayersOptions(TrunkOnSet):
    """Whose layers are compared."""

    levels: Annotated[
        int, typer.Option(metavar="N", min=1, max=12, help="Levels of the pyramid.")
    ] = 4
    last: Annotated[
        int, typer.Option(metavar="N", min=1, help="Only so many of the last layers.")
    ] = 6


@app.command("layers")
@unbundled
def layers(
    options: LayersOptions,
    sets: shared.SetOptions,
    engine: shared.WorkOptions,
    output: shared.PageOptions,
) -> None:
    """Which layer of the trunk agrees best with people?"""
    from msds.cli.bars import progress_bar
    from msds.scoring.device import choose_device
    from msds.study.layers import layer_trunks, study_layers
    from msds.study.pages.layers import layers_page

    output.check(options.dataset)
    data, metric = options.open(sets)
    every = layer_trunks(metric.trunk)
    place = choose_device(engine.device)
    trunks = {name: every[name].to(place) for name in list(every)[-options.last :]}
    with progress_bar() as progress:
        found = study_layers(data, trunks, options.levels, engine.work(progress))
    settings = {
        "trunk": metric.trunk.name,
        "digest": metric.trunk_digest,
        "levels": options.levels,
    }
    tables = dict(zip(trunks, found.tables, strict=True))
    output.present(layers_page(found.data, tables, trunks, settings, command_line()))
    tell_left_out({data.title: found.left_out})
