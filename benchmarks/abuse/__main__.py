"""Run the campaigns and print their tables: `python -m benchmarks.abuse [SUBJECT...]`."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import benchmarks.abuse as package
from benchmarks.abuse.attempt import Attempt, Trial, table, total

Subjects = dict[str, Any]


def main() -> int:
    """Status 1 if anything failed that must not."""
    subjects = _subjects()
    chosen = _arguments(subjects)
    names = chosen.subjects or list(subjects)
    done = _Done(chosen.out, f"{chosen.scale:g} {chosen.seed}")
    found = {}
    for name in names:
        trials = subjects[name].trials(chosen.scale, chosen.seed)
        found[name] = [done.run(name, trial) for trial in trials]
        print(f"## {subjects[name].TITLE}\n\n{table(found[name])}\n", flush=True)
    for attempt in (attempt for attempts in found.values() for attempt in attempts):
        for outcome, count in attempt.failures.items():
            print(f"FAILED {attempt.what}: {outcome} ({count:,} times)")
    print(_overview((subjects[name].TITLE, attempts) for name, attempts in found.items()))
    return int(any(attempt.failed for attempts in found.values() for attempt in attempts))


def _subjects() -> Subjects:
    """Modules by name, in their order."""
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    modules = {
        name: importlib.import_module(f"{package.__name__}.{name}")
        for name in names
        if not name.startswith("_")
    }
    return {name: module for name, module in modules.items() if hasattr(module, "trials")}


def _arguments(subjects: Subjects) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.abuse", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(subjects))
    parser.add_argument("--scale", type=float, default=1.0, help="share of the whole campaign")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="keep what is done here, and go on with it")
    chosen = parser.parse_args()
    unknown = set(chosen.subjects) - subjects.keys()
    if unknown:
        parser.error(f"no subject {', '.join(sorted(unknown))}; there are {', '.join(subjects)}")
    return chosen


class _Done:
    """Attempts that are done, in a file of JSON Lines if there is one."""

    def __init__(self, path: Path | None, settings: str) -> None:
        self._path, self._settings = path, settings
        lines = path.read_text().splitlines() if path and path.exists() else []
        self._known = {record.pop("key"): record for record in map(json.loads, lines)}

    def run(self, subject: str, trial: Trial) -> Attempt:
        """What came of a trial, tried now if it was not before."""
        key = f"{subject} {trial.what} {self._settings}"
        if key not in self._known:
            attempt = trial.run()
            if self._path:
                with self._path.open("a") as file:
                    file.write(json.dumps({"key": key, **asdict(attempt)}) + "\n")
            return attempt
        return Attempt(**self._known[key])


def _overview(found: Iterable[tuple[str, list[Attempt]]]) -> str:
    """One row a subject."""
    lines = ["| | kinds | tried | failed |", "|---|---:|---:|---:|"]
    for title, attempts in found:
        whole = total(title, attempts)
        lines.append(f"| {title} | {len(attempts):,} | {whole.tried:,} | {whole.failed:,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
