"""What a run on a cluster costs: its plan, its workers, its memory.

    python -m benchmarks.cluster plan --rows 10000000
    python -m benchmarks.cluster speed --pairs 960
    python -m benchmarks.cluster memory --pairs 20000

`plan` makes a manifest and plans it in a process of its own, whose largest memory it tells. `speed`
scores the same pairs by the local engine and by one and two workers, in turns. `memory` follows the
process of one worker over very many small pairs. All print rows of Markdown. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from benchmarks.speed_memory import peak
from msds.text import counted

BATCH = 200_000
PAIRS_OF_A_REFERENCE = 20


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("plan", "speed", "memory", "planned"))
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--pairs", type=int, default=960)
    parser.add_argument("--side", type=int, default=256, help="Of the images, in pixels.")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="For plan: where the manifest lies.")
    options = parser.parse_args()
    if options.what == "planned":
        planned(options.folder)
        return
    with tempfile.TemporaryDirectory(prefix="msds-benchmark-") as folder:
        if options.what == "plan":
            plan(Path(folder), options.rows)
        elif options.what == "speed":
            speed(Path(folder), options.pairs, options.side, options.turns)
        else:
            memory(Path(folder), options.pairs)


def plan(folder: Path, rows: int) -> None:
    """Plan a manifest whose rows are in an order that has nothing to do with the references."""
    manifest = folder / "pairs.parquet"
    names = pa.schema([("reference", pa.string()), ("distorted", pa.string())])
    references = max(1, rows // PAIRS_OF_A_REFERENCE)
    random = np.random.default_rng(0)
    with pq.ParquetWriter(manifest, names) as writer:
        for start in range(0, rows, BATCH):
            drawn = random.integers(0, references, min(BATCH, rows - start))
            table = {
                "reference": [f"references/{k % 1000:03d}/image-{k:09d}.png" for k in drawn],
                "distorted": [
                    f"distorted/{k % 1000:03d}/image-{k:09d}-{start + i:09d}.jpg"
                    for i, k in enumerate(drawn)
                ],
            }
            writer.write_table(pa.table(table, schema=names))
    command = [sys.executable, "-m", "benchmarks.cluster", "planned", "--folder", str(folder)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    size = manifest.stat().st_size / 1e6
    print(
        f"| {rows:,} | {size:.0f} MB | {found['seconds']:.0f} s | {found['cpu']:.0f} s "
        f"| {found['peak']:.0f} MB | {found['blocks']:,} |"
    )


def planned(folder: Path) -> None:
    """Plan the manifest of a folder, and tell as JSON what it took."""
    from msds.cluster.plan import make_plan

    start, before = time.perf_counter(), time.process_time()
    files, _ = make_plan(folder / "pairs.parquet", str(folder / "out"), 4, 100)
    told = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - before,
        "peak": peak(),
        "blocks": sum(map(len, files)),
    }
    print(json.dumps(told))


class Sample(NamedTuple):
    """What had been done at a moment: pairs, and processor time of all processes together."""

    seconds: float
    pairs: int
    cpu: float


class Took(NamedTuple):
    """Seconds of a run; from three tenths of it on, pairs per second and CPU time of each."""

    seconds: float
    rate: float
    milliseconds: float


def speed(folder: Path, pairs: int, side: int, turns: int) -> None:
    """The local engine with one and two threads, and as many workers with one each, in turns.

    No image comes twice: the engine would encode it once for all of its run, a worker once a block.
    """
    manifest = write_images(folder, pairs, side, -(-pairs // 4))
    journal, out = folder / "local.jsonl.journal", folder / "out"
    found: dict[str, list[Took]] = {}

    def journaled() -> int:
        return max(0, journal.read_bytes().count(b"\n") - 1) if journal.exists() else 0

    def written() -> int:
        return sum(pq.read_metadata(part).num_rows for part in out.glob("part-*.parquet"))

    for _ in range(turns):
        for cores in (1, 2):
            shutil.rmtree(out, ignore_errors=True)
            common = ["--manifest", str(manifest), "--threads", "1", "--compute-threads"]
            alone = [*common, str(cores), "--out", str(folder / "local.jsonl")]
            many = [*common, "1", "--out", str(out), "--cluster", "local", "--workers", str(cores)]
            name = f"local engine, {counted(cores, 'threads')}"
            found.setdefault(name, []).append(took(alone, journaled, pairs))
            found.setdefault(counted(cores, "workers"), []).append(took(many, written, pairs))
    for name, all_took in found.items():
        rates = [one.rate for one in all_took]
        cpu = statistics.median(one.milliseconds for one in all_took)
        seconds = statistics.median(one.seconds for one in all_took)
        print(
            f"| {name} | {statistics.median(rates):.1f} | {min(rates):.1f} to {max(rates):.1f} "
            f"| {cpu:.1f} ms | {seconds:.0f} s |"
        )


def took(arguments: list[str], done: Callable[[], int], pairs: int) -> Took:
    """Run `msds score`, and look how far it is, again and again."""
    command = [sys.executable, "-m", "msds", "score", *arguments]
    start = time.perf_counter()
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    samples: list[Sample] = []
    cpu: dict[int, float] = {}
    while run.poll() is None:
        count = done()
        for pid in below(run.pid):
            cpu[pid] = _cpu(pid) or cpu.get(pid, 0.0)
        if count >= pairs * 0.3 and (not samples or count > samples[-1].pairs):
            samples.append(Sample(time.perf_counter(), count, sum(cpu.values())))
        time.sleep(0.1)
    seconds = time.perf_counter() - start
    first, last = samples[0], samples[-1]
    count = last.pairs - first.pairs
    return Took(
        seconds,
        count / (last.seconds - first.seconds),
        1000 * (last.cpu - first.cpu) / count,
    )


def write_images(folder: Path, pairs: int, side: int, distinct: int = 60) -> Path:
    """A manifest of so many pairs of rather few images, four distorted ones of each reference."""
    random = np.random.default_rng(0)
    for k in range(distinct):
        noise = random.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
        image = Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)
        image.save(folder / f"r{k}.png")
        for quality in (10, 30, 50, 80):
            image.save(folder / f"d{k}_{quality}.jpg", quality=quality)
    rows = []
    for number in range(pairs):
        turn, k = divmod(number, 4)
        name = f"{turn % distinct}_{(10, 30, 50, 80)[k]}"
        # Another name for each reference that comes again: nothing is known of it.
        again = turn // distinct
        reference = folder / f"r{turn % distinct}.png"
        if again:
            reference = folder / f"r{turn % distinct}_{again}.png"
            if not reference.exists():
                os.link(folder / f"r{turn % distinct}.png", reference)
        rows.append((reference.name, f"d{name}.jpg"))
    manifest = folder / "pairs.parquet"
    reference, distorted = zip(*rows, strict=True)
    pq.write_table(pa.table({"reference": reference, "distorted": distorted}), manifest)
    return manifest


def memory(folder: Path, pairs: int) -> None:
    """The memory of one worker's process, and of the worker, as pairs are scored."""
    manifest = write_images(folder, pairs, 64)
    out = folder / "out"
    command = [sys.executable, "-m", "msds", "score", "--manifest", str(manifest), "--out"]
    command += [str(out), "--levels", "2", "--threads", "1", "--cluster", "local", "--workers", "1"]
    with open(folder / "said", "w") as said:
        run = subprocess.Popen(command, stderr=said)
        total = 0
        while run.poll() is None:
            done = len(list(out.glob("part-*.parquet"))) if out.exists() else 0
            if not total and (out / "_run.json").exists():
                blocks = json.loads((out / "_run.json").read_text())["blocks"]
                total = sum(map(len, blocks))
                marks = [1, *(max(1, total * k // 5) for k in range(1, 6))]
            while total and marks and done >= marks[0]:
                marks.pop(0)
                child, worker = (_memory(run.pid, text) for text in ("cluster.child", "ScoreBlo"))
                if child:
                    share = done / total
                    print(f"| {share:.0%} | {child:.0f} MB | {worker:.0f} MB |", flush=True)
            time.sleep(0.2)
    print((folder / "said").read_text().splitlines()[-1], file=sys.stderr)


def _memory(driver: int, text: str) -> float:
    """Resident memory in MB of the process below a driver whose command holds a text."""
    for pid in below(driver):
        try:
            if text in Path(f"/proc/{pid}/cmdline").read_text():
                status = Path(f"/proc/{pid}/status").read_text()
                return int(status.split("VmRSS:")[1].split()[0]) / 1024
        except (OSError, IndexError):
            continue
    return 0.0


def below(driver: int) -> list[int]:
    """A process and all that it began, and those began."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = []
    for pid in parents:
        above = pid
        while above in parents and above != driver:
            above = parents[above]
        if above == driver:
            found.append(pid)
    return found


def _cpu(pid: int) -> float:
    """Processor time of a process in seconds; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
