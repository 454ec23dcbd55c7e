"""What benchmarks measured is kept, and a run that was interrupted measures the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kept import measured

PLAN = [({"kind": kind, "strength": k / 2}, k) for k, kind in enumerate(("blur", "noise", "jpeg"))]


def test_a_run_that_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    keep, done = tmp_path / "kept.jsonl", []

    def square(k: int) -> dict[str, int]:
        done.append(k)
        return {"square": k * k}

    def interrupted() -> Iterator[tuple[dict[str, str | float], int]]:
        yield from PLAN[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(keep, interrupted(), square)
    found = measured(keep, PLAN, square)
    assert done == [0, 1, 2]
    assert found == [about | {"square": k * k} for about, k in PLAN]


def test_what_is_of_another_plan_is_not_gone_on_with(tmp_path: Path) -> None:
    keep = tmp_path / "kept.jsonl"
    measured(keep, PLAN, lambda k: {"square": k * k})
    with pytest.raises(SystemExit, match="line 1 is of another plan"):
        measured(keep, PLAN[::-1], lambda k: {"square": k * k})
