"""Fuzz one target, guided by coverage: `python -m benchmarks.abuse.fuzz TARGET --corpus DIR`.

Needs `pip install atheris`. Only lines of `msds` count as reached. What libFuzzer prints tells the
number of runs and of edges; an input that fails is written into the folder, as `crash-...`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import sys
from pathlib import Path
from typing import Any

TARGETS = ("form", "headers", "images", "journals", "models", "parts", "tables")
LONGEST, SLOWEST, LARGEST = 8192, 20, 3072
"""Bytes of an input, seconds for one, and MiB of the process."""


def main() -> None:
    """Run until the time is over or something fails."""
    chosen = _arguments()
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["msds"]):
        targets = importlib.import_module("benchmarks.abuse.fuzz.targets")
    run, seeds = targets.TARGETS[chosen.target]
    chosen.corpus.mkdir(parents=True, exist_ok=True)
    for data in seeds():
        (chosen.corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    options = {
        "max_total_time": chosen.seconds,
        "max_len": LONGEST,
        "timeout": SLOWEST,
        "rss_limit_mb": LARGEST,
        "print_final_stats": 1,
        "artifact_prefix": f"{chosen.corpus}/",
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, str(chosen.corpus)], run)
    atheris.Fuzz()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.abuse.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--corpus", type=Path, required=True, help="inputs that are gone on from")
    return parser.parse_args()


if __name__ == "__main__":
    main()
