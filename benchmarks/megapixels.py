"""Time per megapixel and memory of one image, from 0.2 to 100 megapixels.

    python -m benchmarks.megapixels --out results
    python -m benchmarks.megapixels --out results --parts

Every size is encoded in a process of its own, on every level, with random weights, as speed does
not depend on them. With `--parts` the image is never in memory as a whole: a reader makes up rows
as they are asked for, as one of a file would decode them. Writes JSON, a Markdown table and a plot.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.speed_contenders import label, metric
from benchmarks.speed_memory import peak

SIZES = ((384, 512), (768, 1024), (1080, 1920), (2160, 3840), (4320, 7680), (8192, 12288))
PARTS = ((4320, 7680), (16384, 16384))
CHOICES = (("compact", 4, "torch"), ("vgg16", 1, "torch"), ("vgg16", 1, "winograd"))
BYTES_PER_PIXEL = 12
"""Of the image, three float32 values."""

FEW = 4e6
"""Pixels from which on one timed call is enough: it takes seconds."""


@dataclass(frozen=True)
class Noise:
    """An image that is made up as it is read."""

    height: int
    width: int

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Tensor:
        return torch.rand(3, y1 - y0, x1 - x0)


def measure(
    trunk: str, levels: int, engine: str, height: int, width: int, parts: bool
) -> dict[str, float]:
    """Seconds to encode one image and this process's peak memory, before and after, in MB."""
    made = metric(trunk, levels, engine)
    with torch.inference_mode():
        made.encode(torch.rand(1, 3, 256, 256))
        encode = partial(made.encode, Noise(height, width))
        if not parts:
            encode = partial(made.encode, torch.rand(1, 3, height, width))
        before = peak()
        taken = []
        for _ in range(1 if height * width > FEW else 5):
            start = time.perf_counter()
            encode()
            taken.append(time.perf_counter() - start)
    return {"seconds": min(taken), "before_mb": before, "peak_mb": peak()}


def table(rows: list[dict[str, Any]]) -> str:
    """The measurements as a Markdown table."""
    lines = ["| metric | image | megapixels | s | s per megapixel | peak MB |"]
    lines.append("|---|---|---:|---:|---:|---:|")
    lines += [
        f"| {row['name']} | {row['width']} x {row['height']} | {row['megapixels']:.1f} | "
        f"{row['seconds']:.2f} | {row['seconds'] / row['megapixels']:.3f} | {row['peak_mb']:.0f} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Time per megapixel and peak memory over the size, a line for each metric."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    time_axes, memory_axes = figure.subplots(1, 2)
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        sizes = [row["megapixels"] for row in own]
        per = [row["seconds"] / row["megapixels"] for row in own]
        time_axes.plot(sizes, per, marker="o", label=name)
        beside = [row["peak_mb"] - BYTES_PER_PIXEL * row["megapixels"] for row in own]
        memory_axes.plot(sizes, beside, marker="o", label=name)
    titles = ("s per megapixel", "peak memory beside the image, MB")
    for axes, title in zip((time_axes, memory_axes), titles, strict=True):
        axes.set(xscale="log", xlabel="megapixels", title=title)
        axes.grid(alpha=0.3)
    time_axes.set_yscale("log")
    memory_axes.set_ylim(bottom=0)
    time_axes.legend(frameon=False, loc="center right")
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure every choice at every size, or the one that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--most", type=float, nargs=3, default=(110, 9, 40), help="megapixels, for each metric"
    )
    parser.add_argument("--parts", action="store_true", help="images that are read in parts")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.one:
        trunk, levels, engine, height, width = options.one
        size = int(height), int(width)
        print(json.dumps(measure(trunk, int(levels), engine, *size, options.parts)))
        return
    if options.out is None:
        parser.error("--out FOLDER is needed")
    options.out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    stem = "megapixels_parts" if options.parts else "megapixels"
    for (trunk, levels, engine), most in zip(CHOICES, options.most, strict=True):
        for height, width in PARTS if options.parts else SIZES:
            if height * width > most * 1e6:
                continue
            one = [trunk, str(levels), engine, str(height), str(width)]
            command = [sys.executable, "-m", "benchmarks.megapixels", "--one", *one]
            command += ["--threads", str(options.threads), *(["--parts"] if options.parts else [])]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            name = label(trunk, levels, engine)
            size = {"height": height, "width": width, "megapixels": height * width / 1e6}
            rows.append({"name": name, **size, **json.loads(done.stdout)})
            print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
            (options.out / f"{stem}.json").write_text(json.dumps(rows, indent=1))
    (options.out / f"{stem}.md").write_text(table(rows), encoding="utf-8")
    if not options.parts:
        plot(rows, options.out / f"{stem}.png")


if __name__ == "__main__":
    main()
