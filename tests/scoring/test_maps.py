"""Maps of files, and the note on parts that are not in their places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import msds
from msds.encoding.streamed import TensorRegions
from msds.errors import InputError
from msds.images import load_image
from msds.metric.maps.position import LIMITS, NOTE
from msds.scoring.maps import (
    Places,
    copied,
    look_for_moved_parts,
    look_of,
    places_of,
    reduced,
)


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
    found = look_for_moved_parts(photo / "photo.png", photo / "narrow.png", metric)
    assert found == Places(None, "not looked at: the sizes differ")


def test_where_parts_have_moved_that_is_said(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metric = msds.MSDS()
    monkeypatch.setitem(LIMITS, (metric.trunk.name, metric.levels), 0.2)
    moved = look_for_moved_parts(photo / "photo.png", photo / "mirrored.png", metric)
    assert moved == Places(NOTE, None)
    assert look_for_moved_parts(photo / "photo.png", photo / "photo.jpg", metric) == Places()


def test_without_a_limit_no_map_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = msds.MSDS()
    monkeypatch.delitem(LIMITS, (metric.trunk.name, metric.levels), raising=False)
    found = look_for_moved_parts("no such file", "nor this", metric)
    assert found == Places(None, f"not looked at: no limit was measured for {metric.model_id}")


def test_a_large_image_is_reduced_before_its_parts_are_looked_for(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metric = msds.MSDS()
    monkeypatch.setitem(LIMITS, (metric.trunk.name, metric.levels), 0.2)
    image = load_image(photo / "photo.png").pixels.repeat_interleave(2, 1).repeat_interleave(2, 2)
    images = TensorRegions(image), TensorRegions(image.flip(-1))
    smaller = reduced(metric, images, 384)
    assert [(one.width, one.height) for one in smaller] == [(384, 256)] * 2
    expected = load_image(photo / "photo.png").pixels
    torch.testing.assert_close(smaller[0].read(3, 5, 50, 60), expected[:, 5:60, 3:50])
    # A strip keeps the pixels that its levels need, and nothing is enlarged.
    strip = TensorRegions(image[:, : 3 * metric.minimum_side])
    assert reduced(metric, (strip, strip), 100)[0].height == metric.minimum_side
    assert reduced(metric, images, 2000) == images
    monkeypatch.setattr("msds.scoring.maps.LOOK_SIDE", 384)
    assert places_of(metric, images) == Places(NOTE, None)
    # What is looked at can be kept, and is looked at as the image is.
    first, second = (look_of(metric, image) for image in images)
    assert (first.width, first.height) == (384, 256)
    assert places_of(metric, (copied(first), second)) == Places(NOTE, None)
    assert torch.equal(copied(first).read(3, 5, 50, 60), first.read(3, 5, 50, 60))
    assert look_of(metric, look_of(metric, strip)).height == look_of(metric, strip).height


def test_what_is_not_known_of_few_levels_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = msds.MSDS(small="fewer-levels")
    monkeypatch.setitem(LIMITS, (metric.trunk.name, metric.levels), 0.2)
    small = TensorRegions(torch.zeros(3, metric.minimum_side // 2, metric.minimum_side))
    unknown = places_of(metric, (small, small)).unknown
    assert unknown is not None
    assert unknown.endswith(f"{metric.model_id} with {metric.levels - 1} levels")
