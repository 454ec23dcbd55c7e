"""What each metric costs: parameters, operations, time and memory, per level and in total."""

from __future__ import annotations

import statistics
import time
import tracemalloc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from msds.images import Image
from msds.method.pyramid import pyramid
from msds.method.similarity import gram
from msds.scoring.contenders import Contender, DeepContender
from msds.trunks import Trunk


@dataclass(frozen=True)
class Times:
    """Seconds that one call took, over some calls: on a busy machine they lie far apart.

    Attributes
    ----------
    median, low, high : of all calls, the quickest and the slowest.
    """

    median: float
    low: float
    high: float

    @property
    def milliseconds(self) -> Times:
        """The same in thousandths."""
        return Times(1000 * self.median, 1000 * self.low, 1000 * self.high)


@dataclass(frozen=True)
class Cost:
    """Cost of one metric on one pair of images.

    Attributes
    ----------
    parameters : of the trunk.
    gmacs : billions of multiply-accumulates for one image, by level; empty for classic metrics.
    level_seconds : to encode one image, by level.
    seconds : of a pair: two images prepared and compared.
    compare_seconds : of the comparison alone.
    megabytes : memory that a pair takes at its peak, tensors and arrays.
    """

    name: str
    parameters: int
    gmacs: tuple[float, ...]
    level_seconds: tuple[Times, ...]
    seconds: Times
    compare_seconds: Times
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
                # An engine computes where nobody counts.
                gmacs.append(_gmacs(partial(_encode, trunk.reference_chain or trunk, level)))
                level_seconds.append(_times(encode, repeats, contender))
    return Cost(
        contender.name,
        parameters,
        tuple(gmacs),
        tuple(level_seconds),
        _times(whole, repeats, contender),
        _times(lambda: contender.compare(*prepared), repeats, contender),
        megabytes,
    )


def _encode(trunk: Trunk, level: torch.Tensor) -> torch.Tensor:
    return gram(trunk(level))


def _gmacs(run: Callable[[], object]) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    # In its inference mode torch 2.4 counts nothing.
    with (
        torch.inference_mode(False),
        torch.no_grad(),
        FlopCounterMode(display=False) as counter,
    ):
        run()
    return float(counter.get_total_flops()) / 2 / 1e9


def _on_gpu(contender: Contender) -> bool:
    return isinstance(contender, DeepContender) and any(
        p.is_cuda for p in contender.metric.parameters()
    )


def _times(run: Callable[[], object], repeats: int, contender: Contender) -> Times:
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
    return Times(statistics.median(times), min(times), max(times))


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows how many bytes of tensors made within are alive, and the most there ever were."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                self._follow(tensor.untyped_storage())
        return out

    def _follow(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._known:
            self._known.add(key)
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def _peak_megabytes(run: Callable[[], object], contender: Contender) -> float:
    """Peak memory of a call: the allocator's on a GPU; on a CPU that of tensors and arrays alive.

    Resident memory says little about one call, because the allocator keeps what it once had.
    """
    if _on_gpu(contender):
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return float(torch.cuda.max_memory_allocated() - before) / 1e6
    with _Alive() as tensors:
        run()
    tracemalloc.start()
    try:
        run()
        arrays = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return float(tensors.peak + arrays) / 1e6
