"""`msds study`: the experiments, one command each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msds.cli import study_options as shared

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

app = typer.Typer(help="Experiments: scales, shift, cost, layers.", no_args_is_help=True)

Dataset = Annotated[str, typer.Argument(help="Id, or table of pairs: FILE or FILE:COLUMN.")]
Root = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of the data set, or of several.")
]
Direction = Annotated[
    bool | None,
    typer.Option("--higher-is-better/--lower-is-better", help="Direction of a table's opinions."),
]
Model = Annotated[str, typer.Option("--model", "-m", metavar="ID", help="Id or file of a model.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", "-m", metavar="ID", help="Id or file of a model; repeatable."),
]
Baseline = Annotated[
    str, typer.Option(metavar="NAMES", help="Classic metrics: psnr, ssim, ms-ssim; or ''.")
]
Device = Annotated[str, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, mps.")]
TrunkWeights = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File of the trunk's weights.")
]
Cache = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for finished pairs.")]
Report = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a self-contained HTML report.")
]
Out = Annotated[
    list[Path] | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write the tables: .md, .tex, .csv."),
]
Resamples = Annotated[
    int, typer.Option(metavar="N", min=0, help="Bootstrap samples of references.")
]


@app.command("scales")
def scales(
    dataset: Dataset,
    root: Root = None,
    model: Model = "msds-compact",
    levels: Annotated[
        int, typer.Option(metavar="N", min=2, max=12, help="Levels of the pyramid.")
    ] = 4,
    filters: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Pyramid filters, the main one first; all five if not given.",
            show_default=False,
        ),
    ] = "average,gaussian,bicubic,lanczos,stride",
    folds: Annotated[int, typer.Option(metavar="N", min=2, help="Parts of the references.")] = 5,
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often the split is drawn.")
    ] = 3,
    resamples: Resamples = 1000,
    higher_is_better: Direction = None,
    device: Device = "cpu",
    trunk_weights: TrunkWeights = None,
    cache: Cache = None,
    report: Report = None,
    out: Out = None,
) -> None:
    """Is spatial scale a factor of its own? Levels alone and together, filters, forms of fusion."""
    from msds.models import load_model
    from msds.scoring.device import choose_device
    from msds.study.contenders import DeepContender
    from msds.study.pages.scales import scales_page
    from msds.study.scales import study_scales

    shared.check_outputs(out or [], report, inputs=[dataset])
    data = shared.open_sets([dataset], root, higher_is_better)[0]
    trunk = load_model(model, trunk_weights=trunk_weights).to(choose_device(device)).trunk
    names = [name.strip() for name in filters.split(",") if name.strip()]

    def contender_of(name: str) -> DeepContender:
        from msds.method.fusion import equal_weights
        from msds.metric.modules import MSDS

        metric = MSDS(trunk, levels=levels, weights=equal_weights(levels), filter=name)
        return DeepContender(metric, f"{trunk.name}, {name}")

    with shared.progress_bar() as progress:
        study = study_scales(
            data,
            contender_of,
            names,
            folds=folds,
            seeds=seeds,
            resamples=resamples,
            cache=shared.cache_folder(cache, True),
            progress=progress,
        )
    settings: dict[str, Any] = {
        "trunk": trunk.name,
        "trunk_digest": trunk.parameter_digest(),
        "levels": levels,
        "filters": names,
        "folds": folds,
        "seeds": seeds,
        "resamples": resamples,
    }
    page = scales_page(study, settings, shared.command_line())
    shared.present(page, out or [], report)


@app.command("shift")
def shift(
    images: Annotated[list[Path], typer.Argument(help="Photographs, or folders of them.")],
    model: Models = None,
    baseline: Baseline = "psnr,ssim,ms-ssim",
    device: Device = "cpu",
    trunk_weights: TrunkWeights = None,
    report: Report = None,
    out: Out = None,
) -> None:
    """How much does a metric mind moving, turning, scaling, tilting, bending and cropping?"""
    from msds.study.pages.shift import shift_page
    from msds.study.shift import NOISES, study_shift
    from msds.study.warps import MARGIN, WARPS

    shared.check_outputs(out or [], report, inputs=[str(path) for path in images])
    photographs = [file for path in images for file in _photographs(path)]
    contenders = shared.contenders_of(model or ["msds-compact"], baseline, device, trunk_weights)
    with shared.progress_bar() as progress:
        study = study_shift(photographs, contenders, progress=progress)
    settings = {
        "margin": MARGIN,
        "noises": NOISES,
        "changes": {name: entry[2] for name, entry in WARPS.items()},
    }
    shared.present(
        shift_page(study, contenders, settings, shared.command_line()), out or [], report
    )


_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif")


def _photographs(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES)


@app.command("cost")
def cost(
    model: Models = None,
    baseline: Baseline = "psnr,ssim,ms-ssim",
    size: Annotated[
        str, typer.Option(metavar="WxH", help="Width x height of the images.")
    ] = "512x384",
    repeats: Annotated[
        int, typer.Option(metavar="N", min=1, help="Times of which the median is taken.")
    ] = 7,
    device: Device = "cpu",
    trunk_weights: TrunkWeights = None,
    report: Report = None,
    out: Out = None,
) -> None:
    """Parameters, operations, time and memory of each metric, per level and in total."""
    from msds.errors import InputError
    from msds.study.cost import measure_cost
    from msds.study.pages.cost import cost_page

    shared.check_outputs(out or [], report)
    sides = size.lower().split("x")
    if len(sides) != 2 or not all(side.isdigit() for side in sides):
        raise InputError(f"A size is written as 512x384, not {size!r}.")
    width, height = (int(side) for side in sides)
    contenders = shared.contenders_of(model or ["msds-compact"], baseline, device, trunk_weights)
    costs = []
    with shared.progress_bar() as progress:
        for index, contender in enumerate(contenders):
            costs.append(measure_cost(contender, height, width, repeats))
            progress("metrics", index + 1, len(contenders))
    settings = {"size": size, "repeats": repeats, "device": device}
    page = cost_page(costs, (height, width), contenders, settings, shared.command_line())
    shared.present(page, out or [], report)


@app.command("layers")
def layers(
    dataset: Dataset,
    root: Root = None,
    model: Model = "msds-compact",
    levels: Annotated[
        int, typer.Option(metavar="N", min=1, max=12, help="Levels of the pyramid.")
    ] = 4,
    last: Annotated[
        int, typer.Option(metavar="N", min=1, help="Only so many of the last layers.")
    ] = 6,
    higher_is_better: Direction = None,
    device: Device = "cpu",
    trunk_weights: TrunkWeights = None,
    cache: Cache = None,
    report: Report = None,
    out: Out = None,
) -> None:
    """Which layer of the trunk agrees best with people?"""
    from msds.models import load_model
    from msds.scoring.device import choose_device
    from msds.study.layers import layer_trunks, study_layers
    from msds.study.pages.layers import layers_page

    shared.check_outputs(out or [], report, inputs=[dataset])
    data = shared.open_sets([dataset], root, higher_is_better)[0]
    metric: MSDS = load_model(model, trunk_weights=trunk_weights)
    every = layer_trunks(metric.trunk)
    place = choose_device(device)
    trunks = {name: every[name].to(place) for name in list(every)[-last:]}
    with shared.progress_bar() as progress:
        scores = study_layers(data, trunks, levels, shared.cache_folder(cache, True), progress)
    settings = {"trunk": metric.trunk.name, "digest": metric.trunk_digest, "levels": levels}
    page = layers_page(data, scores, trunks, settings, shared.command_line())
    shared.present(page, out or [], report)
