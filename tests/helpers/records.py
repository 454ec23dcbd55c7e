"""Plans and records for tests of results: no images, no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msds.pairs import Pair, Plan
from msds.results import Run, Score

RUN = Run("msds-test", "f" * 64, {"levels": 2, "weights": [0.25, 0.75], "background": "white"})


def plan_of(count: int, **columns: Any) -> Plan:
    """So many pairs, all with these columns."""
    return Plan(
        tuple(
            Pair(f"r{k}.png", f"d{k}.png", Path(f"r{k}.png"), Path(f"d{k}.png"), dict(columns))
            for k in range(count)
        )
    )


def score_of(row: int, run: Run = RUN, **columns: Any) -> Score:
    """A record of the pair of this row in `plan_of`; every fourth one has failed."""
    names = f"r{row}.png", f"d{row}.png"
    if row % 4 == 3:
        error = f'd{row}.png: broken, "really"\n'
        return Score(*names, error=error, reference_size=(3, 4), run=run, columns=columns)
    return Score(
        *names,
        score=0.1 + row / 3,
        levels=(row / 7, 0.5),
        notes=("reference: grey, expanded", "é"),
        reference_size=(40, 30),
        distorted_size=(50, 60),
        reference_sha256="a" * 64,
        distorted_sha256="b" * 64,
        seconds=0.125,
        run=run,
        columns=columns,
    )
