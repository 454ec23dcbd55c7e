"""Maps of files, and the note on parts that are not in their places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import msds
from msds.errors import InputError
from msds.metric.maps.position import LIMITS, NOTE
from msds.scoring.maps import explain_position


@pytest.fixture(scope="module")
def photo(examples_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph, and what can become of it, in one folder."""
    folder = tmp_path_factory.mktemp("photo")
    image = Image.open(examples_dir / "coffee.png").convert("RGB").resize((384, 256))
    image.save(folder / "photo.png")
    image.save(folder / "photo.jpg", quality=20)
    ImageOps.mirror(image).save(folder / "mirrored.png")
    image.crop((0, 0, 383, 256)).save(folder / "narrow.png")
    return folder


def test_files_arrays_and_pictures_give_the_same_map(photo: Path) -> None:
    paths = photo / "photo.png", photo / "photo.jpg"
    found = msds.map_pair(*paths)
    assert found.fused.shape == (256, 384)
    assert found.score == pytest.approx(msds.score(*paths).score, abs=1e-6)
    for other in (
        [Image.open(path) for path in paths],
        [np.asarray(Image.open(path).convert("RGB")) for path in paths],
    ):
        torch.testing.assert_close(msds.map_pair(*other).fused, found.fused)


def test_a_file_read_in_parts_gives_the_same_map(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = photo / "photo.png", photo / "mirrored.png"
    found = msds.map_pair(*paths, kind="attribution")
    monkeypatch.setattr("msds.scoring.maps.PARTS_BYTES", 0)
    parts = msds.map_pair(*paths, kind="attribution")
    torch.testing.assert_close(parts.fused, found.fused)


def test_images_of_different_size_have_no_map(photo: Path) -> None:
    with pytest.raises(InputError, match=r"narrow\.png: A map needs two images of the same size"):
        msds.map_pair(photo / "photo.png", photo / "narrow.png")
    metric = msds.MSDS()
    assert explain_position(photo / "photo.png", photo / "narrow.png", metric) is None


def test_where_parts_have_moved_that_is_said(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metric = msds.MSDS()
    monkeypatch.setitem(LIMITS, (metric.trunk.name, metric.levels), 0.2)
    assert explain_position(photo / "photo.png", photo / "mirrored.png", metric) == NOTE
    assert explain_position(photo / "photo.png", photo / "photo.jpg", metric) is None


def test_without_a_limit_no_map_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = msds.MSDS()
    monkeypatch.delitem(LIMITS, (metric.trunk.name, metric.levels), raising=False)
    assert explain_position("no such file", "nor this", metric) is None
