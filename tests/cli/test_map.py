"""`msds map`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.scoring_files import Called

Command = Callable[..., Called]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, examples_dir: Path) -> Path:
    """The working folder, with photo.png, photo.jpg and a narrow.png."""
    image = Image.open(examples_dir / "chelsea.png").convert("RGB").crop((60, 20, 260, 180))
    image.save(tmp_path / "photo.png")
    image.save(tmp_path / "photo.jpg", quality=20)
    image.crop((0, 0, 160, 160)).save(tmp_path / "narrow.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_picture_is_written_and_named(folder: Path, msds: Command) -> None:
    (folder / "out").mkdir()
    done = msds("map", "photo.png", "photo.jpg", "-o", "out/map.png")
    assert (done.status, done.out.strip()) == (0, "out/map.png")
    with Image.open(folder / "out" / "map.png") as picture:
        assert picture.format == "PNG"


def test_a_frame_of_an_animation_can_be_named(folder: Path, msds: Command) -> None:
    still = Image.open(folder / "photo.jpg")
    black = Image.new("RGB", still.size)
    black.save(folder / "two.tif", save_all=True, append_images=[still])
    with Image.open(folder / "photo.png") as photo:
        photo.save(folder / "same.tif", save_all=True, append_images=[photo])
    second = msds("map", "same.tif", "two.tif", "--frame", "1")
    assert second.status == 0
    assert second.err == msds("map", "photo.png", "photo.jpg").err


def test_levels_and_numbers_lie_beside_it(folder: Path, msds: Command) -> None:
    done = msds("map", "photo.png", "photo.jpg", "-o", "m.png", "--each-level", "--npy")
    assert done.status == 0
    assert done.out.split()[:4] == ["m.png", "m.npy", "m-level1.png", "m-level1.npy"]
    assert np.load(folder / "m.npy").shape == (160, 200)


def test_an_attribution_is_drawn_too(folder: Path, msds: Command) -> None:
    done = msds("map", "photo.png", "photo.jpg", "--kind", "attribution", "--npy")
    assert done.status == 0
    score = float(done.err.split()[2].strip(","))
    # The mean over positions is 1 - score; that over pixels is close to it.
    assert np.load(folder / "map.npy").mean() == pytest.approx(1 - score, rel=0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("photo.png", "narrow.png"), "A map needs two images of the same size"),
        (("photo.png", "none.png"), "none.png: no such file"),
        (("photo.png", "photo.jpg", "-o", "photo.jpg"), "would replace an image that is read"),
        (("photo.png", "photo.jpg", "-o", "gone/map.png"), "there is no folder gone; make it"),
        (("photo.png", "photo.jpg", "-o", "map.gif"), "maps are written as PNG"),
        (("photo.png", "photo.jpg", "--kind", "heat"), "Unknown kind of map 'heat'"),
        (("photo.png", "photo.jpg", "--window", "2"), "odd number of positions"),
        (("photo.png", "photo.jpg", "--top", "-1"), "must be above 0; got -1"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_writes_nothing(
    arguments: tuple[str, ...], message: str, folder: Path, msds: Command
) -> None:
    before = sorted(folder.iterdir())
    done = msds("map", *arguments)
    assert done.status == 2
    assert message in done.err
    assert sorted(folder.iterdir()) == before
