"""What is resampled: references where they suffice, else ladders, else nothing."""

from __future__ import annotations

import numpy as np
import pytest

from msds.study import statistics as ours


def test_ladders_are_drawn_whole() -> None:
    references = ["r0"] * 12 + ["r1"] * 12
    distortions = (["blur"] * 4 + ["noise"] * 4 + ["jpeg"] * 4) * 2
    samples = ours.ladder_resamples(references, distortions, 40, seed=3)
    assert (samples.unit, samples.units, len(samples)) == ("ladder", 6, 40)
    for sample in samples:
        counts = np.bincount(sample, minlength=24).reshape(6, 4)
        assert (counts == counts[:, :1]).all()
        assert counts.sum() == 24


@pytest.mark.parametrize(
    ("references", "kinds", "expected"),
    [
        (["a", "b", "c", "d", "e"] * 8, ["x", "y"] * 20, "reference"),
        # One reference has more than half of the pairs.
        (["a"] * 30 + ["b", "c", "d", "e", "f"], [f"k{i // 3}" for i in range(35)], "ladder"),
        (["a"] * 30 + ["b"] * 30, [f"k{i // 5}" for i in range(60)], "ladder"),
        (["a"] * 30 + ["b"] * 30, [f"k{i // 10}" for i in range(60)], None),
        # Nobody says which pairs form a ladder.
        (["a"] * 30 + ["b"] * 30, [""] * 60, None),
        # One ladder has more than a quarter of the pairs.
        (["a"] * 40, ["x"] * 20 + [f"k{i}" for i in range(20)], None),
    ],
)
def test_references_are_resampled_where_they_suffice_else_ladders_else_nothing(
    references: list[str], kinds: list[str], expected: str | None
) -> None:
    assert ours.resampling_unit(references, kinds) == expected
    samples = ours.resamples_of(references, kinds, 10)
    assert (samples.unit if samples is not None else None) == expected
    assert ours.resamples_of(references, kinds, 0) is None
