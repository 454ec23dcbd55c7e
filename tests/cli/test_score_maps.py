"""`msds score --maps` and `--check-places`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from helpers.scoring_files import RANDOM, Called, write_folders

Command = Callable[..., Called]
FOLDERS = ("refs", "dist", "--pattern", "{stem}_q{quality}.jpg", *RANDOM)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_folders(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_maps_of_a_run_are_written_and_counted(folder: Path, msds: Command) -> None:
    done = msds("score", *FOLDERS, "--maps", "maps")
    assert done.status == 0
    assert "maps: 2 written in maps" in done.err
    assert sorted(path.name for path in (folder / "maps").iterdir()) == [
        "a0_q10.jpg.map.png",
        "a0_q80.jpg.map.png",
    ]


def test_no_pair_below_the_limit_no_maps(folder: Path, msds: Command) -> None:
    done = msds("score", *FOLDERS, "--maps", "maps", "--maps-below", "-1")
    assert done.status == 0
    assert "maps: 0 written in maps" in done.err
    assert not (folder / "maps").exists()


def test_one_pair_has_a_map_too(folder: Path, msds: Command) -> None:
    done = msds("score", "refs/a0.png", "dist/a0_q10.jpg", *RANDOM, "--json", "--maps", "maps")
    assert done.status == 0
    assert json.loads(done.out)["score"] < 1
    assert (folder / "maps" / "a0_q10.jpg.map.png").is_file()


def test_a_mirrored_image_is_explained_as_moved_and_not_in_words_of_others(
    tmp_path: Path, examples_dir: Path, msds: Command
) -> None:
    photo = Image.open(examples_dir / "coffee.png").convert("RGB").resize((384, 256))
    photo.save(tmp_path / "a.png")
    ImageOps.mirror(photo).save(tmp_path / "b.png")
    photo.save(tmp_path / "c.jpg", quality=30)
    moved = msds("score", tmp_path / "a.png", tmp_path / "b.png", "--explain").out
    assert "the parts are alike but not in the same places" in " ".join(moved.split())
    assert "rated pairs" not in moved
    record = msds("score", tmp_path / "a.png", tmp_path / "b.png", "--json", "--check-places").out
    assert json.loads(record)["notes"] == ["the parts are alike but not in the same places"]
    words = " ".join(msds("score", tmp_path / "a.png", tmp_path / "c.jpg", "--explain").out.split())
    assert "rated pairs with such a score" in words
    assert "position" not in words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--maps-below", "0.9"), "give that too"),
        (("--maps", "m", "--maps-below", "nan"), "must be a number; got nan"),
        (("--maps", "dist/maps"), "maps would lie among the images of dist"),
        (("--check-places",), "no limit was measured"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    arguments: tuple[str, ...], message: str, folder: Path, msds: Command
) -> None:
    done = msds("score", *FOLDERS, *arguments)
    assert done.status == 2
    assert message in done.err
