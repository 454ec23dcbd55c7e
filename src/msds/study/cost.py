"""What each metric costs: parameters, operations, time and memory, per level and in total."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from msds.images import Image
from msds.pyramid import pyramid
from msds.similarity import gram
from msds.study.contenders import Contender, DeepContender
from msds.study.layout import Table
from msds.trunks import Trunk

_SAMPLING = 0.001


@dataclass(frozen=True)
class Cost:
    """Cost of one metric on one pair of images.

    Attributes
    ----------
    parameters : of the trunk.
    gmacs : billions of multiply-accumulates for one image, by level; empty for classic metrics.
    level_seconds : median time to encode one image, by level.
    seconds : median time of a pair: two images prepared and compared.
    compare_seconds : median time of the comparison alone.
    megabytes : memory that a pair takes at its peak beyond what was in use before.
    """

    name: str
    parameters: int
    gmacs: tuple[float, ...]
    level_seconds: tuple[float, ...]
    seconds: float
    compare_seconds: float
    megabytes: float


def measure_cost(
    contender: Contender, height: int = 384, width: int = 512, repeats: int = 5
) -> Cost:
    """Measure one metric on noise of this size, on the device and threads as they are."""
    random = np.random.default_rng(0)
    pair = [
        Image(torch.from_numpy(random.random((3, height, width), dtype=np.float32)), (), "noise")
        for _ in range(2)
    ]
    prepared = [contender.prepare(image) for image in pair]

    def whole() -> None:
        contender.compare(*(contender.prepare(image) for image in pair))

    whole()
    megabytes = _peak_megabytes(whole, contender)
    parameters, gmacs, level_seconds = 0, [], []
    if isinstance(contender, DeepContender):
        trunk = contender.metric.trunk
        parameters = sum(p.numel() for p in trunk.state_dict().values())
        device = next(contender.metric.parameters(), torch.zeros(())).device
        images = pair[0].pixels[None].to(device)
        levels = pyramid(images, contender.metric.levels, contender.metric.filter)
        with torch.inference_mode():
            for level in levels:
                encode = partial(_encode, trunk, level)
                gmacs.append(_gmacs(encode))
                level_seconds.append(_median_seconds(encode, repeats, contender))
    return Cost(
        contender.name,
        parameters,
        tuple(gmacs),
        tuple(level_seconds),
        _median_seconds(whole, repeats, contender),
        _median_seconds(lambda: contender.compare(*prepared), repeats, contender),
        megabytes,
    )


def _encode(trunk: Trunk, level: torch.Tensor) -> torch.Tensor:
    return gram(trunk(level))


def _gmacs(run: Callable[[], object]) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops()) / 2 / 1e9


def _on_gpu(contender: Contender) -> bool:
    return isinstance(contender, DeepContender) and any(
        p.is_cuda for p in contender.metric.parameters()
    )


def _median_seconds(run: Callable[[], object], repeats: int, contender: Contender) -> float:
    gpu = _on_gpu(contender)
    times = []
    for _ in range(repeats):
        if gpu:
            torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        if gpu:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _peak_megabytes(run: Callable[[], object], contender: Contender) -> float:
    """Peak memory of a call: the allocator's on a GPU; on a CPU resident memory, sampled."""
    if _on_gpu(contender):
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return float(torch.cuda.max_memory_allocated() - before) / 1e6
    status = Path("/proc/self/statm")
    if not status.is_file():
        return float("nan")
    before = _resident(status)
    peak, finished = [before], threading.Event()

    def watch() -> None:
        while not finished.wait(_SAMPLING):
            peak.append(_resident(status))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        finished.set()
        watcher.join()
    return (max(peak) - before) / 1e6


def _resident(status: Path) -> int:
    import resource

    return int(status.read_text().split()[1]) * resource.getpagesize()


def cost_tables(costs: Sequence[Cost], height: int, width: int) -> list[Table]:
    """Costs in total, and per level relative to the first."""
    device = f"torch with {torch.get_num_threads()} threads"
    total = Table(
        f"Cost of a pair of {width} x {height} images ({device})",
        ["metric", "parameters", "GMAC per image", "ms per pair", "ms to compare", "MB"],
        digits=2,
        note="Median times; a pair is two images prepared and compared; a prepared reference can "
        "be kept. MB: resident memory at the peak of a pair, less what was resident before.",
    )
    levels = Table(
        f"Cost of each level ({width} x {height} images)",
        ["metric", "level", "GMAC", "of all levels", "ms", "of level 1"],
        digits=3,
    )
    for cost in costs:
        total.rows.append(
            [
                cost.name,
                cost.parameters,
                sum(cost.gmacs) if cost.gmacs else None,
                1000 * cost.seconds,
                1000 * cost.compare_seconds,
                cost.megabytes,
            ]
        )
        for index, (gmac, seconds) in enumerate(zip(cost.gmacs, cost.level_seconds, strict=True)):
            share = gmac / sum(cost.gmacs)
            relative = seconds / cost.level_seconds[0]
            levels.rows.append([cost.name, index + 1, gmac, share, 1000 * seconds, relative])
    return [table for table in (total, levels) if table.rows]
