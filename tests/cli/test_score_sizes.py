"""`msds score` of images of different size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest

from helpers.scoring_files import RANDOM, Called, write_image
from msds.results import read_results

Call = Callable[..., Called]

PATTERN = ("--pattern", "{stem}_q{quality}.jpg")


def test_pairs_of_different_size_are_scored_and_noticed(here: Path, msds: Call) -> None:
    write_image(here / "dist/a0_q80.jpg", 0, (60, 50))
    done = msds("score", "refs", "dist", *PATTERN, *RANDOM)
    assert done.status == 0
    assert "; 1 with images of different size, nothing was resized; " in done.err
    one = ("score", "refs/a0.png", "dist/a0_q80.jpg", *RANDOM)
    line = "msds: sizes differ: 40 x 36 against 60 x 50; nothing was resized\n"
    assert msds(*one).err == msds(*one, "--json").err == msds(*one, "--quiet").err == line
    explained = msds(*one, "--explain").out
    for size in ("40 x 36", "60 x 50", "20 x 18", "30 x 25"):
        assert size in explained


def test_what_made_sizes_differ_is_said_as_far_as_it_is_known(here: Path, msds: Call) -> None:
    upright = PIL.Image.open(write_image(here / "upright.png", 3, (40, 60)))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # "the image is to be turned by a quarter": EXIF 2.3, orientation
    upright.save(here / "turned.png", exif=exif)
    write_image(here / "lying.png", 3, (60, 40))
    write_image(here / "cropped.png", 3, (40, 58))
    for name, cause in (
        ("turned.png", "60 x 40 (EXIF orientation 6 of the distorted image turned it)"),
        ("lying.png", "60 x 40 (one of them is turned)"),
        ("cropped.png", "40 x 58 (cropped or padded)"),
    ):
        done = msds("score", "upright.png", name, *RANDOM, "--quiet")
        assert done.err == f"msds: sizes differ: 40 x 60 against {cause}; nothing was resized\n"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_where_sizes_must_be_the_same_a_pair_of_others_is_an_error_of_its_own(
    here: Path, msds: Call, suffix: str
) -> None:
    write_image(here / "dist/a0_q80.jpg", 0, (60, 50))
    many = ("score", "refs", "dist", *PATTERN, *RANDOM)
    text = "dist/a0_q80.jpg (refs/a0.png): sizes differ: 40 x 36 against 60 x 50."
    strict = msds(*many, "--same-size", "--out", f"strict{suffix}")
    assert strict.status == 1
    assert "6 pairs: 5 scored, 1 failed" in strict.err
    assert text in strict.err
    assert [row.score is None for row in read_results(here / f"strict{suffix}")].count(True) == 1
    assert msds(*many, "--out", f"o{suffix}").status == 0
    resumed = msds(*many, "--out", f"o{suffix}", "--resume")
    assert (resumed.status, "1 with images of different size" in resumed.err) == (0, True)
    again = msds(*many, "--out", f"o{suffix}", "--resume", "--same-size")
    assert (again.status, text in again.err) == (1, True)
    alone = msds("score", "refs/a0.png", "dist/a0_q80.jpg", *RANDOM, "--same-size")
    assert alone.status == 2
    assert "dist/a0_q80.jpg: sizes differ: 40 x 36 against 60 x 50." in alone.err
