"""How much of a sweep's time goes into scores, and what a plain loop takes for the same.

    python -m benchmarks.sweep FOLDER --count 24 --side 512 --out sweep.csv
    python -m benchmarks.sweep FOLDER --reduced torch openvino

The photographs of a folder are cut to their middle and encoded by JPEG, WebP, AVIF and JPEG XL at
ten settings each: once with nothing but encoding and decoding, once with MSDS and what a sweep
scores beside it, and once by the loop that one writes by hand, with MS-SSIM of `pytorch-msssim`.
What scoring takes is the difference of the first two, in seconds by the clock and in seconds of all
processors, which other work on the machine changes less. All take turns, and medians are given;
`--reduced` adds sweeps in bfloat16 by these engines.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import torch

import msds
from msds.pairs.folders import images_below
from msds.scoring.classics import baseline
from msds.sweeps import Codec, SweepJob, open_codec, plan_sweep, run_sweep
from msds.sweeps.judges import Beside
from msds.sweeps.pictures import encoded
from msds.sweeps.plan import Cell, SweepPlan

CODECS = ("jpeg", "webp", "avif", "jxl")
QUALITIES = tuple(range(50, 100, 5))
ENCODED = "encoded and decoded only"


def cut(folder: Path, count: int, side: int, to: Path) -> list[Path]:
    """The middle of so many photographs that are large enough, as PNG."""
    files: list[Path] = []
    for path in images_below(folder)[0]:
        with PIL.Image.open(path) as picture:
            if min(picture.size) < side:
                continue
            left, top = ((length - side) // 2 for length in picture.size)
            files.append(to / f"{path.stem}.png")
            picture.convert("RGB").crop((left, top, left + side, top + side)).save(files[-1])
        if len(files) == count:
            return files
    raise SystemExit(f"{folder}: {len(files)} photographs of {side} pixels a side, not {count}")


def only_encoded(plan: SweepPlan, threads: int) -> None:
    """Everything that a sweep does but for scores."""
    from concurrent.futures import ThreadPoolExecutor

    from msds.scoring import Reading
    from msds.sweeps.pictures import Original

    originals = {s.name: Original(s, Reading(), 1) for s in plan.sources}

    def one(cell: Cell) -> None:
        raster = originals[cell.source.name].read()[1]
        encoded(raster, cell.codec, cell.quality, Reading(), "x")

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(one, plan.cells):
            pass


def by_hand(files: Sequence[Path], codecs: Sequence[Codec]) -> None:
    """The loop that one writes: encode, decode, score one pair after the other."""
    from pytorch_msssim import ms_ssim

    def tensor(picture: PIL.Image.Image) -> torch.Tensor:
        pixels = torch.from_numpy(np.array(picture.convert("RGB")))
        return pixels.permute(2, 0, 1)[None].float() / 255

    for file in files:
        with PIL.Image.open(file) as picture:
            raster, reference = np.asarray(picture.convert("RGB")), tensor(picture)
        for codec in codecs:
            for quality in QUALITIES:
                data = codec.encode(raster, quality)
                if codec.name == "jxl":
                    decoded = msds.load_image(data).pixels[None]
                else:
                    decoded = tensor(PIL.Image.open(io.BytesIO(data)))
                with torch.inference_mode():
                    float(ms_ssim(reference, decoded, data_range=1.0))


def seconds(
    works: Mapping[str, Callable[[], object]], repeats: int
) -> dict[str, tuple[float, float]]:
    """Median time of each by the clock, and of all processors; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    busy: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            start, before = time.perf_counter(), time.process_time()
            work()
            taken[name].append(time.perf_counter() - start)
            busy[name].append(time.process_time() - before)
    return {name: (statistics.median(taken[name]), statistics.median(busy[name])) for name in works}


def measured(arguments: argparse.Namespace, folder: Path) -> dict[str, tuple[float, float]]:
    """What is done, and the seconds it takes by the clock and of all processors."""
    files = cut(arguments.folder, arguments.count, arguments.side, folder)
    codecs = [open_codec(name) for name in CODECS]
    plan = plan_sweep(files, codecs, QUALITIES)
    small = plan_sweep(files[:1], codecs, QUALITIES[:2])
    threads = arguments.threads or os.cpu_count() or 1
    beside = [Beside(name, baseline(name)) for name in ("psnr", "ssim")]
    only = SweepJob(threads=threads)
    whole = SweepJob(threads=threads, beside=beside)
    metric = msds.load_model().set_engine(arguments.engine)
    works: dict[str, Callable[[], object]] = {
        ENCODED: lambda: only_encoded(plan, threads),
        "sweep with MSDS": lambda: run_sweep(plan, metric, only),
    }
    for engine in arguments.reduced:
        lower = msds.load_model().set_engine(engine, "bfloat16")
        run_sweep(small, lower, only)
        works[f"sweep with MSDS, {engine} bfloat16"] = partial(run_sweep, plan, lower, only)
    works["sweep with MSDS, PSNR and SSIM"] = lambda: run_sweep(plan, metric, whole)
    run_sweep(small, metric, whole)
    if not arguments.no_loop:
        by_hand(files[:1], codecs[:1])
        works["loop with MS-SSIM"] = lambda: by_hand(files, codecs)
    return seconds(works, arguments.repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of photographs")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--engine", default="torch", help="as of msds sweep")
    parser.add_argument("--reduced", nargs="*", default=[], help="engines for bfloat16")
    parser.add_argument("--no-loop", action="store_true", help="leave out the loop by hand")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows: list[tuple[str, float, float, float, float]] = []
        found = measured(arguments, Path(name))
        for what, (taken, busy) in found.items():
            shares = 1 - found[ENCODED][0] / taken, 1 - found[ENCODED][1] / busy
            rows.append((what, taken, busy, *shares))
            told = " ".join(f"{100 * share:5.1f} %" for share in shares)
            print(f"{taken:8.1f} s {busy:8.1f} s  {told} not encoding  {what}", flush=True)
    if arguments.out:
        with arguments.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            names = ("seconds", "processor seconds")
            shares = (f"share of {name} that is not encoding" for name in names)
            writer.writerow(["work", *names, *shares])
            writer.writerows(rows)


if __name__ == "__main__":
    main()
