"""Robustness to small changes of geometry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import trees
from helpers.contenders import deep
from msds.errors import InputError
from msds.images import load_image
from msds.scoring.classics import PSNR
from msds.study import warps
from msds.study.pages.shift import shift_table
from msds.study.shift import equivalent_noise, study_shift


def test_changes_of_no_strength_change_nothing_but_the_window() -> None:
    image = warps.window(load_image(trees.photograph(2, 160)).pixels)
    whole = load_image(trees.photograph(2, 160)).pixels
    for name in ("translation", "rotation", "scaling", "perspective", "cropping"):
        np.testing.assert_allclose(warps.WARPS[name][0](whole, 0.0, 0), image, atol=2e-6)
    shifted = warps.translate(whole, 3.0, seed=1)
    assert float((shifted - image).abs().max()) > 0.01
    with pytest.raises(InputError, match="too strong"):
        warps.translate(whole, 60.0)


def test_a_whole_pixel_translation_is_the_shifted_photograph() -> None:
    whole = load_image(trees.photograph(2, 100)).pixels
    y, x = warps._places(100, 100)
    moved = warps._sample(whole, y, x + 2)
    np.testing.assert_allclose(moved, whole[:, 12:88, 14:90], atol=2e-6)


def test_equivalent_noise_is_found_between_the_steps_of_the_yardstick() -> None:
    yardstick = np.array([1.0, 0.9, 0.8, 0.6, 0.5, 0.3, 0.2, 0.1])
    assert equivalent_noise(1.0, yardstick) == 0
    assert equivalent_noise(0.9, yardstick) == pytest.approx(1.0)
    assert equivalent_noise(0.7, yardstick) == pytest.approx(3.0)
    assert equivalent_noise(0.05, yardstick) == np.inf


def test_noise_is_as_bad_as_itself_and_sizes_may_differ_where_the_metric_allows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "photo.png"
    trees.save(path, trees.photograph(4, 128))
    study = study_shift([path], [PSNR(), deep(2)], ["translation", "cropping"])
    assert np.isnan(study.equivalent["PSNR"]["cropping", 8.0]).all()
    assert np.isfinite(study.scores["deep average"]["cropping", 8.0]).all()
    small = study.equivalent["PSNR"]["translation", 0.5][0]
    large = study.equivalent["PSNR"]["translation", 8.0][0]
    assert 0 < small < large
    assert len(shift_table(study).rows) == 9
    with pytest.raises(InputError, match="Unknown change"):
        study_shift([path], [PSNR()], ["melting"])
