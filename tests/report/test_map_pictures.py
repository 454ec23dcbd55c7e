"""Pictures of maps: what their colours, bars and files say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor

from helpers.small_trunk import small_trunk
from msds import MSDS
from msds.encoding.streamed import TensorRegions
from msds.errors import InputError
from msds.metric.maps import LevelMap, QualityMap
from msds.report.colours import table
from msds.report.maps import MARGIN, draw_map, round_up, write_map


def made_up(values: Tensor, height: int, width: int, kind: str = "local") -> QualityMap:
    """A map of one level whose cells are known."""
    spacing = height / values.shape[0]
    level = LevelMap(values, 0.9, 1.0, (spacing - 1) / 2, spacing)
    return QualityMap(kind, (level,), height, width, 0.9, 3, "msds-made-up", "", "made up")


def grey(height: int, width: int) -> TensorRegions:
    return TensorRegions(torch.full((3, height, width), 0.5))


def lightness_and_steps(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lab = rgb2lab(colours[None].astype(float))[0][::8]
    return lab[:, 0], deltaE_ciede2000(lab[:-1], lab[1:])


def test_colours_grow_lighter_in_steps_as_even_as_those_of_matplotlib() -> None:
    lightness, steps = lightness_and_steps(table() / 255)
    _, known = lightness_and_steps(matplotlib.colormaps["plasma"](np.arange(256))[:, :3])
    assert bool((np.diff(lightness) > 0).all())
    assert steps.std() / steps.mean() < known.std() / known.mean()


def test_signed_colours_are_pale_at_zero_and_as_dark_on_either_side() -> None:
    colours = table(signed=True)
    assert colours.shape == (256, 3)
    lightness, _ = lightness_and_steps(colours / 255)
    assert int(lightness.argmax()) in (15, 16)
    assert abs(lightness[0] - lightness[-1]) < 8
    assert colours[0, 2] > colours[0, 0]
    assert colours[-1, 0] > colours[-1, 2]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 1), (0.003, 0.005), (0.2, 0.2), (0.21, 0.5), (1, 1), (7, 10), (1e-9, 1e-9), (51, 100)],
)
def test_the_bar_ends_at_the_next_round_number(value: float, expected: float) -> None:
    assert round_up(value) == pytest.approx(expected)


def test_the_strongest_colour_stands_where_the_map_is_greatest() -> None:
    values = torch.zeros(4, 4)
    values[1, 2] = 1.0
    picture = np.asarray(draw_map(made_up(values, 512, 512), grey(512, 512))).astype(int)
    shown = picture[MARGIN : MARGIN + 512, MARGIN : MARGIN + 512]
    y, x = divmod(int(shown.reshape(-1, 3)[:, 0].argmax()), 512)
    assert 128 <= y < 256
    assert 256 <= x < 384
    # Nothing is yellow, the last colour, where there is nothing.
    yellow, away = table()[-1].astype(int), shown[400, 100]
    assert abs(shown[y, x] - yellow).max() < 40
    assert abs(away - yellow).max() > 60


@pytest.mark.parametrize(
    ("height", "width", "shown"), [(100, 130, 390), (600, 900, 900), (90, 5000, 1667)]
)
def test_small_images_are_shown_larger_and_large_ones_smaller(
    height: int, width: int, shown: int
) -> None:
    picture = draw_map(made_up(torch.rand(3, 4), height, width), grey(height, width))
    assert MARGIN + shown < picture.width < MARGIN + shown + 120


def test_words_grow_with_large_pictures() -> None:
    feet = [
        draw_map(made_up(torch.rand(3, 4), side, side), grey(side, side)).height - side
        for side in (512, 600, 1200)
    ]
    assert feet[0] == feet[1]
    assert feet[2] > 1.5 * feet[1]


def test_the_same_top_gives_the_same_colours_to_the_same_values() -> None:
    weak, strong = torch.full((2, 2), 0.1), torch.full((2, 2), 0.4)
    strong[0, 0] = 0.1

    def corner(values: Tensor, top: float | None) -> tuple[int, ...]:
        picture = draw_map(made_up(values, 512, 512), grey(512, 512), top=top)
        return picture.getpixel((MARGIN + 2, MARGIN + 2))

    assert corner(weak, 0.5) == corner(strong, 0.5)
    assert corner(weak, None) != corner(strong, None)


def test_files_hold_the_fused_map_and_the_levels(
    tmp_path: Path, pair: tuple[Tensor, Tensor]
) -> None:
    found = MSDS(small_trunk(), levels=2).map(*pair)
    image = TensorRegions(pair[1])
    written = write_map(tmp_path / "m.png", found, image, each_level=True, arrays=True)
    assert [path.name for path in written] == [
        "m.png", "m.npy", "m-level1.png", "m-level1.npy", "m-level2.png", "m-level2.npy",
    ]  # fmt: skip
    np.testing.assert_array_equal(np.load(tmp_path / "m.npy"), found.fused.numpy())
    for k in (0, 1):
        saved = np.load(tmp_path / f"m-level{k + 1}.npy")
        np.testing.assert_array_equal(saved, found.levels[k].values.numpy())
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.format == "PNG"


def test_a_large_array_is_written_in_strips(
    tmp_path: Path, pair: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = MSDS(small_trunk(), levels=2).map(*pair)
    monkeypatch.setattr("msds.report.maps.STRIP_PIXELS", 500)
    write_map(tmp_path / "m.png", found, TensorRegions(pair[1]), arrays=True)
    torch.testing.assert_close(torch.from_numpy(np.load(tmp_path / "m.npy")), found.fused)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, i, p: write_map(p / "m.jpg", m, i), "maps are written as PNG"),
        (lambda m, i, p: draw_map(m, grey(5, 5)), "This map is of 40 x 32 pixels, the image to"),
        (lambda m, i, p: draw_map(m, i, top=0.0), "must be above 0; got 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    call: Callable[..., object], message: str, tmp_path: Path, pair: tuple[Tensor, Tensor]
) -> None:
    found = made_up(torch.rand(4, 5), 32, 40)
    with pytest.raises(InputError, match=message):
        call(found, TensorRegions(pair[1]), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    """Two images of 40 x 32 pixels."""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 3, 32, 40, generator=generator)
    return a, b
