"""The measured results of docs/results: every table of the study, by one command.

    python -m benchmarks.study_results --data ../shared/data --googlenet ../shared/weights/FILE

Benchmarks `compact` and GoogLeNet (a user's own trunk, see `benchmarks.googlenet`) against PSNR,
SSIM and MS-SSIM on parts of TID2013 and LIVE, learns level weights on each, and runs the studies of
scales, robustness, cost and layers. Finished pairs are kept, so an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import torch

from benchmarks.googlenet import googlenet_trunk
from msds import MSDS, __version__
from msds.files import atomic_write
from msds.method.fusion import equal_weights
from msds.report.table import Table
from msds.scoring.classics import MSSSIM, PSNR, SSIM, FullSizeSSIM
from msds.scoring.contenders import DeepContender
from msds.study.benchmark import Settings, run_benchmark
from msds.study.cost import measure_cost
from msds.study.datasets import RatedSet, open_dataset
from msds.study.fitting import fit_weights
from msds.study.layers import layer_trunks, study_layers
from msds.study.pages.benchmark import benchmark_page
from msds.study.pages.cost import cost_tables
from msds.study.pages.layers import layer_table
from msds.study.pages.scales import scales_page
from msds.study.pages.shift import shift_table
from msds.study.pages.weights import gains_table, transfer_table, weights_table
from msds.study.scales import study_scales
from msds.study.shift import study_shift
from msds.study.tables import Work, default_cache, level_scores
from msds.trunks import Trunk

SETS = ("tid2013-part/pairs.csv", "live-part/pairs.csv:dmos_realigned")
FILTERS = ("average", "gaussian", "bicubic", "lanczos", "stride")
RESAMPLES, SEEDS, SCALE_SEEDS = 500, 3, 2
GOOGLENET_LAYERS = ("4a", "4b", "4d")
LEVELS, SIDE = 4, (384, 512)
PARTS = ("agreement", "weights", "scales", "layers", "shift", "cost")


def plain(trunk: Trunk, pyramid_filter: str = "average") -> DeepContender:
    """Four levels of a trunk, equally weighted."""
    metric = MSDS(trunk, levels=LEVELS, weights=equal_weights(LEVELS), filter=pyramid_filter)
    return DeepContender(metric, f"MSDS {trunk.name}, equal weights")


def tell(name: str, done: int, count: int) -> None:
    """Progress on standard error."""
    end = "\n" if done == count else "\r"
    print(f"{name}: {done}/{count}   ", end=end, file=sys.stderr, flush=True)


def agreement(sets: list[RatedSet], trunks: list[Trunk], cache: Path) -> list[Table]:
    """All metrics on both sets."""
    contenders = [*(plain(trunk) for trunk in trunks), PSNR(), SSIM(), FullSizeSSIM(), MSSSIM()]
    settings = Settings(resamples=RESAMPLES)
    found = run_benchmark(sets, contenders, settings=settings, work=Work(cache, progress=tell))
    return benchmark_page(found).tables


def weights(sets: list[RatedSet], trunks: list[Trunk], cache: Path) -> list[Table]:
    """Weights learned on each set and tried on the other."""
    tables = []
    for trunk in trunks:
        work = Work(cache, progress=tell)
        tables_of = [level_scores(data, plain(trunk), work).tables[0] for data in sets]
        for here in range(len(sets)):
            fit = fit_weights(
                sets[here], tables_of[here], seeds=SEEDS, resamples=RESAMPLES, progress=tell
            )
            found = [weights_table(sets[here], fit), gains_table(sets[here], fit)]
            found.append(transfer_table([sets[1 - here]], [tables_of[1 - here]], fit, RESAMPLES))
            for table in found:
                table.title = f"{trunk.name}, learned on {sets[here].title} | {table.name}"
                table.subject = ""
            tables += found
    return tables


def scales(
    sets: list[RatedSet], trunks: list[Trunk], filters: list[str], cache: Path
) -> list[Table]:
    """Levels, filters, fusion."""
    tables = []
    for data in sets:
        for trunk in trunks:
            # All filters for the light trunk; the large one answers the question of scales alone.
            study = study_scales(
                data,
                partial(plain, trunk),
                filters if trunk is trunks[0] else filters[:1],
                seeds=SCALE_SEEDS,
                resamples=RESAMPLES,
                work=Work(cache, progress=tell),
            )
            tables += scales_page(study, {}).tables
    return tables


def layers(data: RatedSet, compact: Trunk, googlenet: Path, cache: Path) -> list[Table]:
    """Layers of both trunks on one set."""
    groups = (
        layer_trunks(compact),
        {f"inception_{last}": googlenet_trunk(googlenet, last) for last in GOOGLENET_LAYERS},
    )
    return [
        layer_table(data, study_layers(data, trunks, LEVELS, cache, tell), trunks)
        for trunks in groups
    ]


def header(command: str, trunks: Iterable[Trunk]) -> str:
    """What made a page."""
    digests = ", ".join(f"{trunk.name} {trunk.parameter_digest()[:16]}" for trunk in trunks)
    return (
        f"Measured with msds {__version__}, torch {torch.__version__}, Python "
        f"{platform.python_version()}, {torch.get_num_threads()} thread(s); trunks by digest: "
        f"{digests}. Made by:\n\n    {command}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--googlenet", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--filters", default=",".join(FILTERS), help="of the part scales")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; repeatable")
    arguments = parser.parse_args()
    sets = [open_dataset(name, arguments.data) for name in SETS]
    trunks: list[Trunk] = [MSDS("compact").trunk, googlenet_trunk(arguments.googlenet, "4d")]
    contenders = [*(plain(trunk) for trunk in trunks), PSNR(), SSIM(), FullSizeSSIM(), MSSSIM()]
    photographs = sorted((arguments.data / "photos/cid22/validation").glob("*"))[:4]
    for part in arguments.part or PARTS:
        if part == "agreement":
            tables = agreement(sets, trunks, arguments.cache)
        elif part == "weights":
            tables = weights(sets, trunks, arguments.cache)
        elif part == "scales":
            tables = scales(sets, trunks, arguments.filters.split(","), arguments.cache)
        elif part == "layers":
            tables = layers(sets[1], trunks[0], arguments.googlenet, arguments.cache)
        elif part == "shift":
            tables = [shift_table(study_shift(photographs, contenders, progress=tell))]
        else:
            tables = cost_tables([measure_cost(c, *SIDE) for c in contenders], *SIDE)
        command = (
            "python -m benchmarks.study_results --data ../shared/data --googlenet "
            f"../shared/weights/{arguments.googlenet.name} --part {part}"
        )
        if part == "scales":
            command += f" --filters {arguments.filters}"
        text = [f"# Measured: {part}\n", header(command, trunks)]
        with atomic_write(arguments.out / f"{part}.md", "w", encoding="utf-8") as file:
            file.write("\n".join([*text, *(table.markdown() for table in tables)]))
        with atomic_write(arguments.out / f"{part}.csv", "w", encoding="utf-8") as file:
            file.write("\n".join(table.csv() for table in tables))


if __name__ == "__main__":
    main()
