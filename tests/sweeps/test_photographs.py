"""What is known of encoders holds when photographs are swept: their order, and more is more."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from msds.models import load_model
from msds.results import Score
from msds.sweeps import SweepJob, open_codec, plan_sweep, run_sweep
from msds.sweeps.comparison import Comparison
from msds.sweeps.points import LEAD, points_of

pytest.importorskip("bjontegaard")
NOISE = 0.003
"""The score fell by at most 0.0029 from one setting to the next better one, on 24 photographs of
CID22 (1488 steps of JPEG, WebP, AVIF and JPEG XL, of which 81 fell at all): see docs/sweeps.md."""


def swept(images: list[Path], codecs: str, *qualities: int) -> tuple[Score, ...]:
    plan = plan_sweep(images, [open_codec(name) for name in codecs.split()], qualities)
    return run_sweep(plan, load_model(), SweepJob()).scores


@pytest.mark.slow
def test_a_better_setting_never_scores_lower_by_more_than_noise(examples_dir: Path) -> None:
    photos = [examples_dir / "chelsea.png", examples_dir / "coffee.png"]
    scores = swept(photos, "jpeg webp avif", *range(20, 90, 10))
    for before, after in pairwise(scores):
        if (before.reference, before.columns["codec"]) == (after.reference, after.columns["codec"]):
            assert after.score is not None
            assert before.score is not None
            assert after.score > before.score - NOISE, after.distorted


@pytest.mark.slow
def test_avif_comes_before_webp_and_webp_before_jpeg_on_photographs(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "photos" / "cid22" / "validation"
    photos = sorted(folder.glob("*.webp"))[:3]
    if not photos:
        pytest.skip("the photographs of CID22 are not in ../shared/data/photos")
    scores = swept(photos, "jpeg webp avif", 20, 30, 45, 60, 75)
    rates = {
        one.codec: one.rate().value
        for one in Comparison(points_of(scores), "jpeg").versus
        if one.metric == LEAD
    }
    assert rates["avif"] < rates["webp"] < 0
