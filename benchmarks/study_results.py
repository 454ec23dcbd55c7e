"""The measured results of docs/results: every table of the study, by one command.

    python -m benchmarks.study_results --data ../shared/data

VGG16, the paper's trunk with its published weights, and `compact`, each with one level and with
several, against PSNR, SSIM, MS-SSIM, LPIPS and DISTS on parts of TID2013, LIVE and KADID-10k; level
weights learned on each set, on all but each and on all, and tried on every other; and the studies
of scales, layers, robustness and operations. `--googlenet FILE` adds a trunk of one's own (see
`benchmarks.googlenet`). Finished pairs are kept, so an interrupted run goes on. `--part others`,
made only where it is asked for, sets metrics of piq beside them: `pip install piq` first.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from benchmarks.googlenet import googlenet_trunk
from msds import MSDS, __version__
from msds.engines import open_engine
from msds.files import atomic_write
from msds.method.fusion import equal_weights
from msds.report.table import Table
from msds.scoring.classics import baseline
from msds.scoring.contenders import Contender, DeepContender
from msds.scoring.custom import CustomContender
from msds.study.benchmark import Settings, run_benchmark
from msds.study.cost import measure_cost
from msds.study.datasets import RatedSet, open_dataset
from msds.study.layers import layer_trunks, study_layers
from msds.study.learning import Plan, learn
from msds.study.measuring import Work, default_cache, level_scores
from msds.study.pages.benchmark import benchmark_page
from msds.study.pages.cost import cost_tables
from msds.study.pages.layers import layer_table
from msds.study.pages.paper import average_table, gain_table
from msds.study.pages.scales import scales_page
from msds.study.pages.shift import shift_table
from msds.study.pages.transfer import matrix_table, source_table, splits_table, unseen_table
from msds.study.pages.weights import gains_table
from msds.study.paper import study_paper
from msds.study.scales import study_scales
from msds.study.shift import study_shift
from msds.trunks import Trunk, load_trunk

SETS = ("tid2013-part", "live-part", "kadid-part")
TRUNKS = ("vgg16", "compact")
RIVALS = ("psnr", "ssim", "ssim-full-size", "ms-ssim", "lpips-vgg", "lpips-alex", "dists")
OTHERS = (
    *(f"piq:{name},higher" for name in ("vsi", "fsim", "haarpsi")),
    *(f"piq:{name},lower" for name in ("gmsd", "mdsi")),
    *(f"benchmarks.piq_turned:{name},higher" for name in ("iw_ssim", "vif")),
)
"""Of piq, as `msds bench --metric` takes them."""
LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_1")
"""Of VGG16: the last of each block."""
FILTERS = ("average", "gaussian", "bicubic", "lanczos", "stride")
LEVELS, MOST_LEVELS, SIDE = 4, 5, (384, 512)
WITHOUT_TIMES = ("metric", "parameters", "GMAC per image", "level", "GMAC", "of all levels")


@dataclass(frozen=True)
class Study:
    """What is measured, and how.

    Attributes
    ----------
    sets, trunks : the first trunk is the paper's.
    rivals : names of classic metrics and of networks of others.
    seeds, splits, resamples : cross-validations, random splits, bootstrap samples.
    """

    sets: Sequence[RatedSet]
    trunks: Sequence[Trunk]
    rivals: Sequence[str] = RIVALS
    filters: Sequence[str] = FILTERS
    work: Work = field(default_factory=Work)
    photographs: Sequence[Path] = ()
    seeds: int = 3
    splits: int = 100
    resamples: int = 1000

    @property
    def contenders(self) -> list[Contender]:
        """Several levels and one of each trunk, and the rivals."""
        deep = [make(trunk) for trunk in self.trunks for make in (several, one)]
        return [*deep, *(baseline(name) for name in self.rivals)]


def several(trunk: Trunk, pyramid_filter: str = "average", levels: int = LEVELS) -> DeepContender:
    """Levels of a trunk, equally weighted."""
    metric = MSDS(trunk, levels=levels, weights=equal_weights(levels), filter=pyramid_filter)
    return DeepContender(metric, f"MSDS {trunk.name}, {levels} levels")


def one(trunk: Trunk) -> DeepContender:
    """Level 1, from the numbers of all levels."""
    metric = MSDS(trunk, levels=LEVELS, weights=(1.0, *[0.0] * (LEVELS - 1)))
    return DeepContender(metric, f"DeepSSIM {trunk.name}, level 1")


def tell(name: str, done: int, count: int) -> None:
    """Progress on standard error."""
    end = "\n" if done == count else "\r"
    print(f"{name}: {done}/{count}   ", end=end, file=sys.stderr, flush=True)


def agreement(study: Study) -> list[Table]:
    """All metrics on all sets, and those of this package against each."""
    return _against(study, study.contenders)


def others(study: Study) -> list[Table]:
    """Several levels of each trunk against metrics of piq."""
    return _against(study, [*map(several, study.trunks), *map(CustomContender, OTHERS)])


def _against(study: Study, contenders: Sequence[Contender]) -> list[Table]:
    settings = Settings(resamples=study.resamples)
    found = run_benchmark(study.sets, contenders, settings=settings, work=study.work)
    ours = [several(trunk).name for trunk in study.trunks]
    for result in found.sets:
        # p-values stay those after Holm's correction over all pairs of metrics.
        result.duels[:] = [d for d in result.duels if d.first in ours or d.second in ours]
    return benchmark_page(found).tables


def paper(study: Study) -> list[Table]:
    """One level against several, with tests."""
    tables = []
    for trunk in study.trunks:
        settings = Settings(resamples=study.resamples)
        found = study_paper(study.sets, several(trunk), settings=settings, work=study.work)
        tables += [gain_table(found), average_table(found)]
    return tables


def weights(study: Study) -> list[Table]:
    """Weights learned on each set, on all but each and on all; tried on every set."""
    tables = []
    plan = Plan(seeds=study.seeds, splits=study.splits, resamples=study.resamples)
    for trunk in study.trunks:
        measured = [level_scores(data, several(trunk), study.work) for data in study.sets]
        found = learn(measured, plan=plan, progress=study.work.progress)
        tables += [
            matrix_table(found.transfer, trunk.name),
            unseen_table(found.transfer, trunk.name),
            source_table(found.transfer, trunk.name),
            splits_table(list(found.splits.items()), trunk.name),
        ]
        for data in measured:
            alone = learn([data], plan=replace(plan, splits=0), progress=study.work.progress)
            if alone.fit is not None:
                table = gains_table(data.data, alone.fit)
                table.title = f"{table.title} ({trunk.name})"
                tables.append(table)
    return tables


def scales(study: Study) -> list[Table]:
    """Levels, filters, fusion, and levels of features."""
    tables = []
    for trunk in study.trunks:
        for data in study.sets:
            found = study_scales(
                data,
                partial(several, trunk, levels=MOST_LEVELS),
                study.filters,
                seeds=study.seeds,
                resamples=study.resamples,
                of_features=True,
                work=study.work,
            )
            tables += scales_page(found, {}).tables
    return [table for table in tables if table.rows and table.title != "Settings"]


def layers(study: Study) -> list[Table]:
    """Layers of every trunk whose layers are known, on each set."""
    tables = []
    for trunk in study.trunks:
        chain = trunk.reference_chain
        if chain is None:
            continue
        every = layer_trunks(chain)
        chosen = {n: t for n, t in every.items() if n in LAYERS} or every
        for data in study.sets:
            found = study_layers(data, chosen, LEVELS, study.work)
            scores = dict(zip(chosen, found.tables, strict=True))
            table = layer_table(found.data, scores, chosen)
            table.title = f"{table.title} ({trunk.name})"
            tables.append(table)
    return tables


def shift(study: Study) -> list[Table]:
    """Changes of geometry."""
    found = study_shift(study.photographs, study.contenders, progress=study.work.progress)
    return [shift_table(found)]


def cost(study: Study) -> list[Table]:
    """Parameters and operations; times are those of docs/performance.md."""
    deep = [several(trunk) for trunk in study.trunks]
    tables = cost_tables([measure_cost(one, *SIDE, repeats=1) for one in deep], *SIDE)
    for table in tables:
        kept = [k for k, name in enumerate(table.columns) if name in WITHOUT_TIMES]
        table.columns = [table.columns[k] for k in kept]
        table.rows = [[row[k] for k in kept] for row in table.rows]
        table.title = table.title.replace("Cost", "Operations").partition(" (torch")[0]
        table.note = ""
    return tables


PARTS: dict[str, Callable[[Study], list[Table]]] = {
    part.__name__: part for part in (agreement, paper, weights, scales, layers, shift, cost, others)
}
USUAL = [part for part in PARTS if part != "others"]
TITLES = {
    "agreement": "agreement with people",
    "paper": "one scale or several",
    "weights": "learned weights",
    "shift": "robustness",
    "others": "metrics of piq",
}
"""Of the pages whose part has another name in code."""


def header(command: str, trunks: Iterable[Trunk]) -> str:
    """What made a page."""
    digests = ", ".join(f"{trunk.name} {trunk.digest[:16]}" for trunk in trunks)
    return (
        f"Measured with msds {__version__}, torch {torch.__version__}, Python "
        f"{platform.python_version()}; trunks by digest: {digests}. Made by:\n\n    {command}\n"
    )


def section(table: Table) -> str:
    """A table below a heading of its own, which the page's contents show."""
    bold, _, rest = table.markdown().partition("\n")
    title = bold.strip("*")
    return f"## {title[:1].upper()}{title[1:]}\n{rest}"


def write(out: Path, part: str, tables: Sequence[Table], above: str) -> None:
    """A page and a table of numbers."""
    text = [f"# Measured: {TITLES.get(part, part)}\n", above, *map(section, tables)]
    with atomic_write(out / f"{part}.md", "w", encoding="utf-8") as file:
        file.write("\n".join(text))
    with atomic_write(out / f"{part}.csv", "w", encoding="utf-8") as file:
        file.write("\n".join(table.csv() for table in tables))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--googlenet", type=Path, help="a trunk of one's own as well")
    parser.add_argument("--engine", default="auto", help="that computes the trunks' features")
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--filters", default=",".join(FILTERS), help="of the part scales")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; repeatable")
    parser.add_argument("--set", action="append", choices=SETS, help="only this; repeatable")
    parser.add_argument("--trunk", action="append", choices=TRUNKS, help="only this; repeatable")
    arguments = parser.parse_args()
    trunks: list[Trunk] = [load_trunk(name) for name in arguments.trunk or TRUNKS]
    if arguments.googlenet:
        trunks.append(googlenet_trunk(arguments.googlenet, "4d"))
    study = Study(
        [open_dataset(name, arguments.data) for name in arguments.set or SETS],
        [open_engine(trunk, arguments.engine) for trunk in trunks],
        filters=arguments.filters.split(","),
        work=Work(arguments.cache, progress=tell),
        photographs=sorted((arguments.data / "photos/cid22/validation").glob("*"))[:4],
    )
    given = f" --googlenet {arguments.googlenet}" if arguments.googlenet else ""
    given += "".join(f" --set {name}" for name in arguments.set or ())
    given += "".join(f" --trunk {name}" for name in arguments.trunk or ())
    for part in arguments.part or USUAL:
        command = f"python -m benchmarks.study_results --data ../shared/data{given} --part {part}"
        if part == "scales" and study.filters != list(FILTERS):
            command += f" --filters {arguments.filters}"
        write(arguments.out, part, PARTS[part](study), header(command, study.trunks))


if __name__ == "__main__":
    main()
