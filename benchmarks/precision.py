"""What a reduced precision does to scores, to their ranking and to time: offered ones and others.

    python -m benchmarks.precision --data ../shared/data
    python -m benchmarks.precision --data ../shared/data --weights NEW.safetensors --tried

bfloat16 by torch and OpenVINO, int8 by OpenVINO and ONNX Runtime, against float32: on rated pairs,
and on photographs in JPEG, WebP, AVIF and JPEG XL at settings whose scores are near 1, where
"turned" counts neighbouring settings whose order is another one than in float32. Ranges of int8
come from photographs that are in no set here. Times are those of one pair of 384 x 512 at four
levels, all in turns: medians, and medians of the processors' time, which other work changes less.
Prints Markdown tables; `--tried` adds other recipes of int8.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from benchmarks.photographs import from_pil, to_tensor
from benchmarks.quantised import Int8OnnxRuntime, Int8OpenVino, Recipe, quantise
from benchmarks.speed_contenders import pair_of
from benchmarks.thesis import SETS, level_scores
from msds import MSDS, load_image
from msds.engines import open_engine
from msds.errors import MSDSError
from msds.pairs.folders import images_below
from msds.trunks import ChainTrunk, Trunk, load_trunk

CODECS = ("jpeg", "webp", "avif", "jxl")
SETTINGS = (60, 70, 80, 85, 90, 95)
NEAR_ONE = "photographs near 1"
CALIBRATION = ("cid22/training", "clic2025")
INT8 = {
    "int8": Recipe(equalise=0.8),
    "int8, layers 2, 3 and last in float32": Recipe(0.8, fitted=True, floating=(2, 3, -1)),
}
"""What is timed; recipes with the same layers in int8 take the same time."""

TRIED = {
    "range: largest value": Recipe(quantile=1),
    "range: 99.99 % of values": Recipe(quantile=0.9999),
    "range: 99.9 %": Recipe(quantile=0.999),
    "range: least square error": Recipe(),
    "channels equalised by half": Recipe(0.5),
    "channels equalised whole": Recipe(1),
    "equalised 0.8, kernels and biases fitted": Recipe(0.8, fitted=True),
    "equalised 0.8, layer 2 in float32": Recipe(0.8, floating=(2,)),
    "the same, the last layer too": Recipe(0.8, floating=(2, -1)),
    "the same, fitted": Recipe(0.8, fitted=True, floating=(2, -1)),
}


@dataclass
class Scores:
    """Scores of every set, by its name, and what people said of the rated ones."""

    found: dict[str, np.ndarray] = field(default_factory=dict)
    opinions: dict[str, np.ndarray] = field(default_factory=dict)


def near_one(folder: Path, count: int) -> list[tuple[Tensor, list[Tensor]]]:
    """Photographs (1, 3, H, W), each with what encoders leave of it: codec by codec, by setting."""
    from msds.sweeps import open_codec

    codecs = [open_codec(name) for name in CODECS]
    found = []
    for path in images_below(folder)[0][:count]:
        reference = load_image(path).pixels[None]
        raster = (reference[0].permute(1, 2, 0) * 255).round().byte().contiguous().numpy()
        encoded = (codec.encode(raster, setting) for codec in codecs for setting in SETTINGS)
        found.append((reference, [load_image(data).pixels[None] for data in encoded]))
    return found


def scored(metric: MSDS, data: Path, ladders: list[tuple[Tensor, list[Tensor]]]) -> Scores:
    """Scores of all sets by one metric."""
    result = Scores()
    weights = torch.tensor(metric.level_weights, dtype=torch.float64)
    for name, rated in SETS.items():
        levels, opinions = level_scores(metric, data / name, rated)
        result.found[name] = (levels.double() @ weights).numpy()
        result.opinions[name] = opinions.numpy()
    with torch.inference_mode():
        parts = []
        for reference, versions in ladders:
            encoded = metric.encode(reference)
            parts += [metric.compare(encoded, metric.encode(version)) for version in versions]
    result.found[NEAR_ONE] = torch.cat(parts).double().numpy()
    return result


def turned(scores: np.ndarray, expected: np.ndarray) -> tuple[int, int]:
    """How many neighbouring settings of a ladder are ordered otherwise, and of how many."""
    steps, usual = (np.diff(x.reshape(-1, len(SETTINGS)), axis=1) > 0 for x in (scores, expected))
    return int((steps != usual).sum()), steps.size


def rows(name: str, found: Scores, expected: Scores) -> Iterator[str]:
    """Rows of the table of agreement."""
    for label, scores in found.found.items():
        usual = expected.found[label]
        error = scores - usual
        rank = spearmanr(scores, usual).statistic
        people = "-"
        order = "-"
        if label in found.opinions:
            with_people = spearmanr(scores, found.opinions[label]).statistic
            before = spearmanr(usual, found.opinions[label]).statistic
            people = f"{with_people:.4f} ({with_people - before:+.4f})"
        else:
            order = "{} of {}".format(*turned(scores, usual))
        cells = [name, label, str(len(scores)), f"{np.abs(error).max():.4f}"]
        cells += [f"{np.abs(error).mean():.5f}", f"{error.mean():+.5f}", f"{rank:.5f}"]
        yield "| " + " | ".join([*cells, people, order]) + " |"


def calibration(data: Path, count: int) -> list[Tensor]:
    """So many photographs, evenly drawn, that no set here holds."""
    from PIL import Image

    files = [x for name in CALIBRATION for x in images_below(data / "photos" / name)[0]]
    found = []
    for path in files[:: max(1, len(files) // count)][:count]:
        with Image.open(path) as image:
            found.append(to_tensor(from_pil(image)))
    return found


def contenders(
    chain: ChainTrunk, photographs: Sequence[Tensor]
) -> Iterator[tuple[str, str, Trunk]]:
    """Engine, precision and trunk of all that can be computed here."""
    makers: dict[tuple[str, str], Callable[[], Trunk]] = {
        ("torch", "float32"): lambda: chain,
        ("torch", "bfloat16"): lambda: open_engine(chain, "torch", "bfloat16"),
        ("openvino", "float32"): lambda: open_engine(chain, "openvino"),
        ("openvino", "bfloat16"): lambda: open_engine(chain, "openvino", "bfloat16"),
        ("onnxruntime", "float32"): lambda: open_engine(chain, "onnxruntime"),
    }
    for name, recipe in INT8.items():
        model = quantise(chain, photographs, recipe)
        makers["openvino", name] = partial(Int8OpenVino, model)
        makers["onnxruntime", name] = partial(Int8OnnxRuntime, model)
    for (engine, precision), make in makers.items():
        try:
            yield engine, precision, make()
        except MSDSError as error:
            print(f"without {engine} {precision}: {error}")


def timed(metrics: dict[tuple[str, str], MSDS], turns: int) -> dict[tuple[str, str], list[float]]:
    """Median milliseconds of a pair by the clock and of all processors, taken in turns."""
    pair = pair_of(384, 512)
    clock: dict[tuple[str, str], list[float]] = {key: [] for key in metrics}
    busy: dict[tuple[str, str], list[float]] = {key: [] for key in metrics}
    with torch.inference_mode():
        for metric in metrics.values():
            metric(*pair)
        for _ in range(turns):
            for key, metric in metrics.items():
                start, before = time.perf_counter(), time.process_time()
                metric(*pair)
                clock[key].append(1000 * (time.perf_counter() - start))
                busy[key].append(1000 * (time.process_time() - before))
    return {
        key: [statistics.median(clock[key]), min(clock[key]), statistics.median(busy[key])]
        for key in metrics
    }


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trunk", default="compact")
    parser.add_argument("--weights", help="file of weights, or random")
    parser.add_argument("--photographs", type=int, default=24, help="that ranges are found on")
    parser.add_argument("--ladders", type=int, default=10, help="photographs that are encoded")
    parser.add_argument("--turns", type=int, default=31)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only-time", action="store_true", help="no agreement")
    parser.add_argument("--tried", action="store_true", help="other recipes of int8 too")
    options = parser.parse_args()
    chain = load_trunk(options.trunk, options.weights)
    photographs = calibration(options.data, options.photographs)
    weights = MSDS(options.trunk, trunk_weights=options.weights).level_weights
    metrics = {
        (engine, precision): MSDS(trunk, weights=weights)
        for engine, precision, trunk in contenders(chain, photographs)
    }
    print(f"{chain.name}; load {os.getloadavg()[0]:.1f}\n")
    for threads in options.threads:
        torch.set_num_threads(threads)
        print(
            "| threads | engine | precision | median ms | least ms | processors, ms | x float32 |"
        )
        print("|---:|---|---|---:|---:|---:|---:|")
        found = timed(metrics, options.turns)
        for (engine, precision), (median, least, busy) in found.items():
            ratio = found[engine, "float32"][2] / busy
            cells = f"{median:.1f} | {least:.1f} | {busy:.1f} | {ratio:.2f}"
            print(f"| {threads} | {engine} | {precision} | {cells} |", flush=True)
        print()
    if options.only_time:
        return
    ladders = near_one(options.data / "photos" / "cid22" / "validation", options.ladders)
    torch.set_num_threads(options.threads[0])
    expected = scored(metrics["torch", "float32"], options.data, ladders)
    print(
        "| | set | pairs | largest difference | mean | mean with sign | SRCC with float32 | SRCC "
        "with people | turned |\n|---|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    for (engine, precision), metric in metrics.items():
        if precision != "float32":
            found_here = scored(metric, options.data, ladders)
            print("\n".join(rows(f"{engine} {precision}", found_here, expected)), flush=True)
    for name, recipe in TRIED.items() if options.tried else ():
        metric = MSDS(Int8OpenVino(quantise(chain, photographs, recipe)), weights=weights)
        found_here = scored(metric, options.data, ladders)
        print("\n".join(rows(f"int8, {name}", found_here, expected)), flush=True)


if __name__ == "__main__":
    main()
