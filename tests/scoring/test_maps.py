"""Maps of files, and the note on parts that are not in their places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import msds
from msds.errors import InputError
from msds.scoring.maps import write_maps


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


def test_maps_of_a_run_are_named_after_their_images(photo: Path, tmp_path: Path) -> None:
    metric = msds.MSDS()
    pair = photo / "photo.png", photo / "photo.jpg"
    written = write_maps(tmp_path, "sub/photo.jpg", *pair, metric, each_level=True)
    names = [path.relative_to(tmp_path).as_posix() for path in written]
    assert names[:2] == ["sub/photo.jpg.map.png", "sub/photo.jpg.map-level1.png"]
    assert len(names) == 5
    assert all(path.is_file() for path in written)


@pytest.mark.parametrize("name", ["../../photo.jpg", "/photo.jpg"])
def test_nothing_is_written_outside_the_folder(name: str, photo: Path, tmp_path: Path) -> None:
    pair = photo / "photo.png", photo / "photo.jpg"
    written = write_maps(tmp_path / "maps", name, *pair, msds.MSDS())
    assert written == [tmp_path / "maps" / "photo.jpg.map.png"]


def test_images_of_different_size_have_no_map_and_leave_no_file(
    photo: Path, tmp_path: Path
) -> None:
    pair = photo / "photo.png", photo / "narrow.png"
    with pytest.raises(InputError, match=r"narrow\.png: A map needs two images of the same size"):
        write_maps(tmp_path, "narrow.png", *pair, msds.MSDS())
    assert list(tmp_path.iterdir()) == []
