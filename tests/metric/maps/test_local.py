"""Windows of features, against the float64 transcription of the equations."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from helpers import oracle
from msds.errors import InputError
from msds.metric.maps.local import local_similarity


def features(seed: int, channels: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(channels, height, width, generator=generator, dtype=torch.float64)


def window_by_oracle(a: Tensor, b: Tensor, y: int, x: int, window: int, block: int = 4) -> float:
    """DeepSSIM of one window, its Gram matrices divided by the positions in it."""
    reach = window // 2
    rows, columns = slice(max(0, y - reach), y + reach + 1), slice(max(0, x - reach), x + reach + 1)
    grams = []
    for image in (a, b):
        part = image[:, rows, columns].flatten(1)
        grams.append([[v / part.shape[1] for v in row] for row in oracle.gram(part.tolist())])
    return oracle.block_similarity(*grams, block=block)


@given(
    seed=st.integers(0, 1000),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    window=st.sampled_from([1, 3, 5]),
)
def test_every_window_is_deepssim_of_its_features(
    seed: int, height: int, width: int, window: int
) -> None:
    a, b = features(seed, 8, height, width), features(seed + 1, 8, height, width)
    found = local_similarity(a, b, window)
    assert found.shape == (height, width)
    for y, x in {(0, 0), (height - 1, width - 1), (height // 2, width // 2)}:
        assert float(found[y, x]) == pytest.approx(window_by_oracle(a, b, y, x, window), abs=1e-9)


def test_float32_agrees_with_float64_on_features_with_a_large_mean() -> None:
    a, b = features(1, 16, 5, 5) + 30, features(2, 16, 5, 5) + 30
    exact = local_similarity(a, b)
    # The shorter form of variances would be off by tenths.
    torch.testing.assert_close(
        local_similarity(a.float(), b.float()).double(), exact, atol=1e-4, rtol=0
    )


def test_equal_windows_score_exactly_one_and_a_change_reaches_as_far_as_its_windows() -> None:
    a = features(3, 8, 9, 9).float()
    b = a.clone()
    b[:, 4, 4] *= 2
    found = local_similarity(a, b, 3)
    near = torch.zeros(9, 9, dtype=torch.bool)
    near[3:6, 3:6] = True
    assert bool((found[~near] == 1).all())
    assert bool((found[near] < 1).all())


def test_one_block_of_all_channels_is_the_lite_form() -> None:
    a, b = features(4, 8, 4, 4), features(5, 8, 4, 4)
    found = local_similarity(a, b, 5, block=8, divisor=8.0)
    # In the corner the window of five holds a 3 x 3 of the map.
    rows = [image[:, :3, :3].flatten(1).tolist() for image in (a, b)]
    assert float(found[0, 0]) == pytest.approx(oracle.deepssim_lite(*rows), abs=1e-9)


def test_strips_of_rows_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = features(6, 8, 11, 5), features(7, 8, 11, 5)
    whole = local_similarity(a, b, 3)
    monkeypatch.setattr("msds.metric.maps.local.STRIP_BYTES", 1)
    torch.testing.assert_close(local_similarity(a, b, 3), whole, atol=1e-12, rtol=0)


@pytest.mark.parametrize("window", [0, 2, -1, True, 1.5])
def test_a_window_that_has_no_middle_is_refused(window: int) -> None:
    a = features(8, 4, 3, 3)
    with pytest.raises(InputError, match="odd number of positions"):
        local_similarity(a, a, window)


def test_features_of_different_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"equal shape; got \(4, 3, 3\) and \(4, 3, 2\)"):
        local_similarity(features(0, 4, 3, 3), features(0, 4, 3, 2))
