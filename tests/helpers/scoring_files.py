"""Small images on disk, and the command called within this process."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL.Image
import pytest

RANDOM = ("--trunk-weights", "random", "--levels", "2")
"""A model that needs no weights and takes images from 32 pixels a side."""

FRAMES = 10
"""Of each video that `write_clips` makes."""


def write_image(
    path: Path, seed: int = 0, size: tuple[int, int] = (40, 36), **options: int
) -> Path:
    """An image of smooth noise, (width, height), in the format of the file's suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).resize(size, PIL.Image.Resampling.BICUBIC).save(path, **options)
    return path


def write_folders(root: Path, references: int = 3, qualities: tuple[int, ...] = (10, 80)) -> None:
    """`root`/refs/a0.png ... and `root`/dist/a0_q10.jpg ..."""
    for k in range(references):
        size = (40 + 4 * (k % 2), 36)
        write_image(root / "refs" / f"a{k}.png", k, size)
        for quality in qualities:
            write_image(root / "dist" / f"a{k}_q{quality}.jpg", k, size, quality=quality)


def write_clips(root: Path) -> None:
    """`root`/refs and `root`/dist with two videos and an image each, and `root`/worse.mkv."""
    from helpers.clips import remux, scene, write_clip

    for name in ("refs", "dist"):
        (root / name).mkdir()
    for seed, name in enumerate(("a", "b")):
        reference = write_clip(root / "refs" / f"{name}.mp4", scene(FRAMES, seed))
        remux(reference, root / "dist" / f"{name}.mkv")
    worse = {"crf": "45", "preset": "ultrafast"}
    write_clip(root / "worse.mkv", scene(FRAMES), options=worse)
    write_image(root / "refs" / "photo.png", 1, (64, 64))
    write_image(root / "dist" / "photo.jpg", 1, (64, 64))


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table in CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Called(NamedTuple):
    """What a call of the command left behind."""

    status: int
    out: str
    err: str


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> Called:
    """Run `msds` with these arguments in this process."""
    from msds.cli.main import main

    monkeypatch.setattr("sys.argv", ["msds", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "80")
    capsys.readouterr()
    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Called(status, *capsys.readouterr())
