"""Small files that would take very much memory are read in parts or refused, by their headers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.abuse.bombs import REFUSED, SCORED, TOO_MANY_PIXELS, encoded
from msds.errors import InputError
from msds.images import load_image, open_regions
from msds.models import load_model
from msds.pairs import Pair
from msds.scoring import Options, score_pairs

pytest.importorskip("imagecodecs")
pytest.importorskip("OpenEXR")
pytest.importorskip("pyvips")
pytest.importorskip("tifffile")

BUDGET = 64
"""MiB, what --memory says."""

SCORE_ALL = """
import json, sys
from pathlib import Path
from msds.models import load_model
from msds.pairs import Pair
from msds.scoring import Options, Reading, score_pairs

paths = sorted(Path(sys.argv[1]).iterdir())
pairs = [Pair(p.name, p.name, p, p) for p in paths]
reading = Reading(transfer="srgb", max_pixels=2**40 if "raised" in sys.argv else 2**28)
options = Options(memory=int(sys.argv[2]) * 2**20, threads=2)
for row, score in score_pairs(load_model("msds-compact"), pairs, reading=reading, options=options):
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    print(json.dumps([paths[row].name, score.score, score.error, peak]), flush=True)
"""


def score_all(folder: Path, files: dict[str, Callable[[], bytes]]) -> dict[str, tuple]:  # type: ignore[type-arg]
    """Name to score, error and the peak of memory so far in MiB."""
    for name, make in files.items():
        (folder / name).write_bytes(make())
    result = subprocess.run(
        [sys.executable, "-c", SCORE_ALL, str(folder), str(BUDGET)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(name for name, *_ in found) == sorted(files)
    return {name: tuple(rest) for name, *rest in found}


@pytest.mark.slow
def test_what_decoding_needs_is_told_by_the_header_of_every_format(tmp_path: Path) -> None:
    for name, (score, error, peak) in score_all(tmp_path, REFUSED).items():
        assert score is None, name
        assert "MiB of memory; 48 MiB are allowed (--memory " in error, error
        assert peak < BUDGET + 400, (name, peak)


@pytest.mark.slow
def test_files_that_unpack_to_more_than_the_memory_are_scored_within_it(tmp_path: Path) -> None:
    for name, (score, error, peak) in score_all(tmp_path, SCORED).items():
        assert score == 1.0, error
        assert peak < BUDGET + 400, (name, peak)


@pytest.mark.parametrize("name", TOO_MANY_PIXELS)
def test_few_bytes_that_claim_very_many_pixels_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(TOO_MANY_PIXELS[name]())
    for read in (load_image, open_regions):
        with pytest.raises(InputError, match=rf"{name}: .* pixels; at most 268435456 are read"):
            read(path, transfer="srgb")


@pytest.mark.slow
def test_with_the_amount_of_memory_that_is_named_a_file_is_scored(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded("JPEG", (3000, 3000)))
    metric, pair = load_model("msds-compact"), Pair("a", "b", path, path)
    ((_, refused),) = score_pairs(metric, [pair], options=Options(memory=BUDGET * 2**20))
    told = re.search(r"--memory (\d+)M would do", str(refused.error))
    assert told is not None
    ((_, scored),) = score_pairs(metric, [pair], options=Options(memory=int(told[1]) * 2**20))
    assert scored.score == 1.0
    less = Options(memory=(int(told[1]) - 2) * 2**20)
    ((_, still),) = score_pairs(metric, [pair], options=less)
    assert str(still.error) == str(refused.error).replace(
        "48 MiB are", f"{(int(told[1]) - 2) * 3 // 4} MiB are"
    )
