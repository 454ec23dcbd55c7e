"""Maps over pictures: colour where two images differ, and a sentence where there can be none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import msds
from helpers.trees import noisy, photograph, save
from msds.errors import InputError
from msds.gallery.making import Illustrated, make_gallery
from msds.gallery.maps import maps_of, model_of
from msds.results import Run, Score


@pytest.fixture(scope="module")
def metric() -> msds.MSDS:
    return msds.load_model()


@pytest.fixture
def run(metric: msds.MSDS) -> Run:
    return Run(metric.model_id, metric.fingerprint, metric.settings)


def pair(folder: Path, run: Run) -> tuple[Score, dict[str, Path]]:
    """A photograph, and the same with noise in its upper left corner."""
    image = photograph(side=512)
    distorted = image.copy()
    distorted[:128, :128] = noisy(image[:128, :128], 40)
    files = {name: folder / name for name in ("ref.png", "out.png")}
    save(files["ref.png"], image)
    save(files["out.png"], distorted)
    return Score("ref.png", "out.png", 0.9, (0.9,), run=run), files


def alpha(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"), dtype=float)[..., 3]


def test_a_map_is_opaque_where_the_images_differ(
    tmp_path: Path, metric: msds.MSDS, run: Run
) -> None:
    score, files = pair(tmp_path, run)
    found = maps_of([score], [0], files, metric)
    assert found.problems == []
    seen = alpha(found.pictures[0])
    assert seen.shape == (512, 512)
    inside, outside = seen[16:112, 16:112].mean(), seen[256:, 256:].mean()
    assert inside > 4 * outside
    assert inside > 60


def test_pairs_without_files_scores_or_equal_sizes_have_no_map(
    tmp_path: Path, metric: msds.MSDS, run: Run
) -> None:
    score, files = pair(tmp_path, run)
    others = [
        Score("ref.png", "gone.png", 0.5, run=run),
        Score("ref.png", "out.png", None, run=run),
        Score("ref.png", "out.png", 0.5, reference_size=(512, 512), distorted_size=(9, 9), run=run),
    ]
    found = maps_of([score, *others], [1, 2, 3], files, metric)
    assert found.pictures == {}
    (tmp_path / "out.png").write_bytes(b"no image")
    assert "out.png" in maps_of([score], [0], files, metric).problems[0]


def test_a_model_that_is_another_one_by_now_makes_no_maps(run: Run) -> None:
    assert model_of(run).fingerprint == run.fingerprint
    with pytest.raises(InputError, match="has "):
        model_of(Run(run.model, "0" * 64, run.settings))


@pytest.mark.parametrize("place", ["inside", "beside"])
def test_the_page_names_the_maps_of_its_worst_pairs(tmp_path: Path, run: Run, place: str) -> None:
    score, _ = pair(tmp_path, run)
    page = tmp_path / "page.html"
    illustrated = Illustrated([tmp_path], place, maps=1)  # type: ignore[arg-type]
    assert make_gallery(page, [score], None, illustrated) == []
    text = page.read_text()
    if place == "inside":
        assert '"maps":{"0":"data:image/webp;base64,' in text
    else:
        (name,) = (path.name for path in (tmp_path / "page-files").glob("*-map.webp"))
        assert f'"maps":{{"0":"page-files/{name}"}}' in text


def test_a_page_whose_model_is_not_at_hand_says_so_and_is_written(tmp_path: Path, run: Run) -> None:
    score, _ = pair(tmp_path, Run("somebody-s-model", "0" * 64, run.settings))
    page = tmp_path / "page.html"
    problems = make_gallery(page, [score], None, Illustrated([tmp_path], "inside", maps=1))
    assert len(problems) == 1
    assert "somebody-s-model" in problems[0]
    assert page.is_file()
