"""How long a score takes where other programs keep the processors busy, by what waiting threads do.

    python -m benchmarks.busy --others 3

Threads of OpenMP that wait for each other spin by default. Where the one that they wait for has no
processor, they take what it needs. Every way takes its turn in a process of its own, whose first
score is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

PHOTOS = Path(__file__).resolve().parents[1] / "examples" / "photos"
PAIR = (str(PHOTOS / "chelsea.png"), str(PHOTOS / "distorted" / "chelsea_jpeg10.jpg"))

SCORES = f"""
import json, time, msds
metric, seconds, work = msds.load_model(), [], []
for _ in range(12):
    start, before = time.perf_counter(), time.process_time()
    msds.score(*{PAIR!r}, model=metric)
    seconds.append(time.perf_counter() - start)
    work.append(time.process_time() - before)
print(json.dumps([seconds[1:], work[1:]]))
"""
WAYS = {
    "one thread": {"OMP_NUM_THREADS": "1"},
    "spinning a while (default of libgomp)": {},
    "spinning (active)": {"OMP_WAIT_POLICY": "active"},
    "sleeping (passive)": {"OMP_WAIT_POLICY": "passive"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--others", type=int, default=3, help="programs that compute all the time")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    busy = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(busy) for _ in range(options.others)]
    found: dict[str, list[list[float]]] = {way: [[], []] for way in WAYS}
    try:
        for _ in range(options.turns):
            for way, settings in WAYS.items():
                environment = {k: v for k, v in os.environ.items() if "OMP_" not in k}
                environment |= {"OMP_NUM_THREADS": str(options.threads), **settings}
                done = subprocess.run(
                    [sys.executable, "-c", SCORES],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                for known, more in zip(found[way], json.loads(done.stdout), strict=True):
                    known += more
    finally:
        for other in others:
            other.kill()
    print("| | median, s | slowest, s | processor time, s |\n|---|---:|---:|---:|")
    for way, (seconds, work) in found.items():
        median, slowest = statistics.median(seconds), max(seconds)
        print(f"| {way} | {median:.3f} | {slowest:.3f} | {statistics.median(work):.3f} |")


if __name__ == "__main__":
    main()
