"""How much of a sweep's time goes into scores, and what a plain loop takes for the same.

    python -m benchmarks.sweep FOLDER --count 24 --side 512 --out sweep.csv

The photographs of a folder are cut to their middle and encoded by JPEG, WebP, AVIF and JPEG XL at
ten settings each: once with nothing but encoding and decoding, once with MSDS and what a sweep
scores beside it, and once by the loop that one writes by hand, with MS-SSIM of `pytorch-msssim`.
What scoring takes is the difference of the first two, in seconds by the clock and in seconds of all
processors, which other work on the machine changes less. Medians of the repeats are given.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
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
    from msds.sweeps.pictures import Picture

    pictures = {s.name: Picture(s, Reading(), 1) for s in plan.sources}

    def one(cell: Cell) -> None:
        raster = pictures[cell.source.name].read()[1]
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


def seconds(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median time by the clock, and of all processors."""
    taken, busy = [], []
    for _ in range(repeats):
        start, before = time.perf_counter(), time.process_time()
        work()
        taken.append(time.perf_counter() - start)
        busy.append(time.process_time() - before)
    return statistics.median(taken), statistics.median(busy)


def measured(
    arguments: argparse.Namespace, folder: Path
) -> Iterator[tuple[str, tuple[float, float]]]:
    """What is done, and the seconds it takes by the clock and of all processors."""
    files = cut(arguments.folder, arguments.count, arguments.side, folder)
    codecs = [open_codec(name) for name in CODECS]
    plan = plan_sweep(files, codecs, QUALITIES)
    threads = arguments.threads or os.cpu_count() or 1
    metric = msds.load_model().set_engine(arguments.engine)
    beside = [Beside(name, baseline(name)) for name in ("psnr", "ssim")]
    only = SweepJob(threads=threads)
    whole = SweepJob(threads=threads, beside=beside)
    small = plan_sweep(files[:1], codecs, QUALITIES[:2])
    run_sweep(small, metric, whole)
    by_hand(files[:1], codecs[:1])
    repeats = arguments.repeats
    yield "encoded and decoded only", seconds(lambda: only_encoded(plan, threads), repeats)
    yield "sweep with MSDS", seconds(lambda: run_sweep(plan, metric, only), repeats)
    yield "sweep with MSDS, PSNR and SSIM", seconds(lambda: run_sweep(plan, metric, whole), repeats)
    yield "loop with MS-SSIM", seconds(lambda: by_hand(files, codecs), repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of photographs")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--engine", default="torch", help="as of msds sweep")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows: list[tuple[str, float, float, float, float]] = []
        for what, (taken, busy) in measured(arguments, Path(name)):
            first = rows[0] if rows else ("", taken, busy)
            shares = 1 - first[1] / taken, 1 - first[2] / busy
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
