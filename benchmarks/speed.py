"""Time, memory and distance to the machine's limit of this package and of others, in one run.

    python -m benchmarks.speed --out results/            # everything
    python -m benchmarks.speed --out results/ --quick    # below three minutes

Contenders take turns, and the best turn of each counts: what else runs on a machine can only make a
turn slower. All turns are in the JSON file. VGG16 and the authors' steps have the published weights
where they are at hand, and random ones where not; LPIPS and DISTS have random ones.
Writes speed.json, speed.md and speed.png.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from benchmarks.speed_contenders import Contender, Pair, label, metric, others, ours, pair_of

REFERENCE = "DeepSSIM, authors' steps"
SIZES = {"384 x 512": (384, 512), "1080 x 1920": (1080, 1920), "2160 x 3840": (2160, 3840)}
LARGE = ("vgg16, 1 level, winograd", "vgg16, 1 level, torch", "vgg16, 4 levels, winograd")
"""With compact, the metrics of ours that are timed beyond the first size."""

MANY = 25
TIMED_OF_MANY = 5
"""The authors' program does the same for every pair: a few of them are timed, and multiplied."""

LEAST_SECONDS = 0.1
"""A turn repeats quick contenders until it has lasted this long."""


def seconds_of(run: Callable[[], Any]) -> float:
    """Mean time of one call."""
    calls, start = 0, time.perf_counter()
    while True:
        run()
        calls += 1
        if (passed := time.perf_counter() - start) >= LEAST_SECONDS:
            return passed / calls


def machine_limit() -> dict[str, float]:
    """Best rate in GFLOP/s of a matrix product and of a direct convolution, both large enough."""
    a = torch.rand(2048, 2048)
    x = torch.rand(1, 256, 56, 56).contiguous(memory_format=torch.channels_last)
    convolution = torch.nn.Conv2d(256, 256, 3, padding=1).to(memory_format=torch.channels_last)
    product = min(seconds_of(lambda: a @ a) for _ in range(10))
    convolved = min(seconds_of(lambda: convolution(x)) for _ in range(10))
    return {
        "matrix product": 2e-9 * 2048**3 / product,
        "convolution": 2e-9 * 56 * 56 * 256 * 256 * 9 / convolved,
    }


def take_turns(built: dict[str, Pair], size: tuple[int, int], turns: int) -> dict[str, list[float]]:
    """Seconds of every contender in every turn; the first call of each is not counted."""
    a, b = pair_of(*size)
    seconds: dict[str, list[float]] = {name: [] for name in built}
    warm = pair_of(192, 256)
    for run in built.values():
        run(*(warm if size[0] > 500 else (a, b)))
    for turn in range(turns):
        for name, run in built.items():
            seconds[name].append(seconds_of(lambda run=run: run(a, b)))
        print(f"  turn {turn + 1} of {turns}", file=sys.stderr, flush=True)
    return seconds


def pair_rows(
    threads: int, size: str, turns: int, quick: bool, limit: float
) -> list[dict[str, Any]]:
    """Times of one pair for every contender that installs."""
    contenders: list[Contender] = [*others(), *ours(quick)]
    if size != "384 x 512":
        kept = {"MS-SSIM, pytorch-msssim", "compact, 1 level, torch", *LARGE}
        if size == "1080 x 1920":  # beyond, the others take minutes or more memory than there is
            kept |= {REFERENCE, "LPIPS-VGG, arithmetic"}
        contenders = [c for c in contenders if c.name in kept or c.name.startswith("compact, 4")]
        contenders = [c for c in contenders if not c.name.endswith("compile")]  # it compiles again
    built: dict[str, Pair] = {}
    for contender in contenders:
        try:
            built[contender.name] = contender.build()
        except ImportError as error:
            print(f"  without {contender.name}: {error}", file=sys.stderr)
    seconds = take_turns(built, SIZES[size], turns)
    slow = seconds.get(REFERENCE)
    rows = []
    for contender in contenders:
        if contender.name not in seconds:
            continue
        times = seconds[contender.name]
        operations = contender.operations(*SIZES[size])
        rate = operations / min(times) / 1e9 if operations else None
        rows.append(
            {
                "threads": threads,
                "size": size,
                "name": contender.name,
                "seconds": min(times),
                "all": times,
                "ratio": min(slow) / min(times) if slow else None,
                "gflops": rate,
                "share": rate / limit if rate else None,
            }
        )
    return rows


def many_rows(threads: int, quick: bool) -> list[dict[str, Any]]:
    """One reference and 25 distorted images of 384 x 512, the reference encoded once.

    The others are encoded as `msds score` does it, as many together as its memory budget allows;
    the authors' steps take a pair at a time, as their program does.
    """
    a, b = pair_of(384, 512)
    authors = others()[0].build()
    choices = [("vgg16", 1, "torch"), ("vgg16", 1, "winograd"), ("compact", 4, "torch")]
    if not quick:
        choices.append(("vgg16", 4, "winograd"))
    rows: list[dict[str, Any]] = []

    def loop() -> None:
        for _ in range(TIMED_OF_MANY):
            authors(a, b)

    loop_seconds = seconds_of(loop) * MANY / TIMED_OF_MANY
    rows.append({"name": REFERENCE, "seconds": loop_seconds, "ratio": 1.0})
    for trunk, levels, engine in choices:
        made = metric(trunk, levels, engine)
        made(a, b)

        def encode_once(made: Any = made) -> None:
            encoder = made.encoder()
            (reference,) = encoder.encode([a[0]])
            for encoding in encoder.encode([b[0]] * MANY):
                float(made.compare(reference, encoding))

        taken = seconds_of(encode_once)
        name = label(trunk, levels, engine)
        rows.append({"name": name, "seconds": taken, "ratio": loop_seconds / taken})
    return [{"threads": threads, **row} for row in rows]


def folder_row(count: int) -> dict[str, Any]:
    """`msds score` on two folders of PNG files, start-up and reading included."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, image in zip(("a", "b"), pair_of(384, 512), strict=True):
            (root / name).mkdir()
            pixels = (image[0].permute(1, 2, 0) * 255).round().byte().numpy()
            for i in range(count):
                Image.fromarray(pixels).save(root / name / f"{i:04}.png", compress_level=1)
        command = [sys.executable, "-m", "msds", "score", str(root / "a"), str(root / "b")]
        command += ["--out", str(root / "scores.csv")]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken = time.perf_counter() - start
    return {"pairs": count, "seconds": taken, "pairs_per_second": count / taken}


def memory_rows() -> list[dict[str, Any]]:
    """Peak memory of one pair, each in a process of its own, the interpreter and torch included."""
    names = (REFERENCE, "LPIPS-VGG, arithmetic", "MS-SSIM, pytorch-msssim", *LARGE[:2])
    jobs = [(name, SIZES["384 x 512"]) for name in (*names, "compact, 4 levels, torch")]
    rows = []
    for name, (height, width) in jobs:
        command = [sys.executable, "-m", "benchmarks.speed_memory", name, str(height), str(width)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append({"name": name, "size": f"{height} x {width}", **json.loads(done.stdout)})
    return rows


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))


def described(options: argparse.Namespace) -> dict[str, Any]:
    """When, where and with what it was measured, and nothing measured yet."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="minutes"),
        "processor": processor(),
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "settings": {k: str(v) for k, v in vars(options).items() if k != "out"},
        "limits": {},
        "pairs": [],
        "many": [],
    }


def main() -> None:
    """Measure what the command line asks for, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="few turns, the smallest size only")
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--folder", type=int, default=500, help="pairs of the folder; 0: none")
    options = parser.parse_args()
    if options.quick:
        options.turns, options.sizes, options.folder = 1, list(SIZES)[:1], 40
        options.threads = options.threads[:1]
    result = described(options)
    options.out.mkdir(parents=True, exist_ok=True)

    def keep() -> None:
        text = json.dumps(result, indent=1)
        (options.out / "speed.json").write_text(text, encoding="utf-8")

    with torch.inference_mode():
        for threads in options.threads:
            torch.set_num_threads(threads)
            limits = machine_limit()
            result["limits"][str(threads)] = limits
            sizes = options.sizes if threads == options.threads[0] else options.sizes[:1]
            for index, size in enumerate(sizes):
                print(f"{threads} threads, {size}", file=sys.stderr, flush=True)
                turns = options.turns if index == 0 else 1
                best = max(limits.values())
                result["pairs"] += pair_rows(threads, size, turns, options.quick, best)
                keep()
            result["many"] += many_rows(threads, options.quick)
            keep()
    result["memory"] = memory_rows()
    keep()
    if options.folder:
        result["folder"] = folder_row(options.folder)
    keep()
    from benchmarks.speed_report import write_report

    write_report(result, options.out)


if __name__ == "__main__":
    main()
