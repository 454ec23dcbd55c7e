"""Pictures of images: what the metric saw, each content once, and none of what has changed."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from msds.files import sha256_file
from msds.gallery import Album
from msds.images import open_regions
from msds.report.pictures import reduced


def image(path: Path, width: int, height: int, seed: int = 0) -> Path:
    """A smooth image, whose small versions are well defined."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 100 * np.sin((x * (c + 1) + seed * y) / 40) for c in range(3)]
    Image.fromarray(np.uint8(np.stack(waves, -1))).save(path)
    return path


def opened(content: bytes | None) -> Image.Image:
    assert content is not None
    return Image.open(io.BytesIO(content))


def test_an_image_has_a_small_and_a_large_picture_of_its_shape(tmp_path: Path) -> None:
    path = image(tmp_path / "a.png", 3000, 1500)
    with Album(large=1024) as album:
        album.add(path)
    key = album.key(path)
    assert key is not None
    assert opened(album.pictures[key].large).size == (1024, 512)
    assert opened(album.pictures[key].small).size == (160, 80)
    assert album.problems == {}


@pytest.mark.parametrize("longest", [100, 333, 800])
def test_a_reduced_image_is_pillows_own_to_within_a_grey_level(
    tmp_path: Path, longest: int
) -> None:
    path = image(tmp_path / "a.png", 1700, 900)
    with open_regions(path) as regions:
        found = reduced(regions, longest)
    # The reducing gap is the same idea, by an independent implementation.
    expected = Image.open(path).resize(found.size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    difference = np.abs(np.float64(found) - np.float64(expected))
    assert difference.mean() < 1
    assert np.percentile(difference, 99) < 4


def test_a_small_image_keeps_every_pixel(tmp_path: Path) -> None:
    path = image(tmp_path / "a.png", 64, 48)
    with open_regions(path) as regions:
        assert np.array_equal(np.asarray(reduced(regions, 1024)), np.asarray(Image.open(path)))


def test_equal_contents_share_a_picture_and_are_made_once_beside_a_page(tmp_path: Path) -> None:
    first = image(tmp_path / "a.png", 100, 60)
    second = tmp_path / "b.png"
    second.write_bytes(first.read_bytes())
    folder = tmp_path / "page-files"
    with Album(folder) as album:
        album.add(first)
        album.add(second)
    assert album.key(first) == album.key(second)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"{album.key(first)}-small.webp", f"{album.key(first)}.webp"]
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}

    def never(path: Path) -> None:
        raise AssertionError(f"{path} was read again")

    with Album(folder, never) as again:  # type: ignore[arg-type]
        again.add(first)
    assert again.key(first) == album.key(first)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


def test_a_file_that_has_changed_since_it_was_scored_is_not_shown(tmp_path: Path) -> None:
    path = image(tmp_path / "a.png", 100, 60)
    digest = sha256_file(path)
    image(path, 100, 60, seed=1)
    with Album() as album:
        album.add(path, digest)
    assert album.key(path) is None
    assert "has changed since it was scored" in album.problems[path]


def test_a_damaged_file_costs_its_own_picture(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    good = image(tmp_path / "good.png", 20, 20)
    with Album() as album:
        for path in (tmp_path / "bad.png", tmp_path / "gone.png", good):
            album.add(path)
    assert album.key(good) is not None
    assert set(album.problems) == {tmp_path / "bad.png", tmp_path / "gone.png"}


def test_how_files_are_read_is_part_of_what_a_picture_is(tmp_path: Path) -> None:
    path = image(tmp_path / "a.png", 20, 20)
    keys = []
    for kind in ("background white", "background black"):
        with Album(kind=kind) as album:
            album.add(path)
        keys.append(album.key(path))
    assert keys[0] != keys[1]
