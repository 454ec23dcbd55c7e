"""Wrong calls of `msds score`: status 2 and one line that says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.scoring_files import RANDOM, Called

Call = Callable[..., Called]

PATTERN = ("--pattern", "{stem}_q{quality}.jpg")

WRONG: list[tuple[list[str], str]] = [
    ([], "Give a reference and a distorted image or folder, or --manifest FILE"),
    (["refs"], "Give a reference and a distorted image or folder, or --manifest FILE"),
    (["refs", "dist", "--manifest", "m.csv"], "--manifest names the pairs"),
    (["--manifest", "m.csv", "--pattern", "{stem}.png"], "--manifest names the pairs"),
    (["--manifest", "gone.csv"], "gone.csv: no such file"),
    (["refs", "gone"], "gone: no such file"),
    (["refs", "dist/a0_q10.jpg"], "refs is a folder and dist/a0_q10.jpg is a file"),
    (["refs", "dist"], "No image in dist belongs to a reference of refs"),
    (["refs", "dist"], "The names look like --pattern '{stem}_q{version}.jpg'"),
    (["refs", "dist", "--pattern", "{stem}_{x}.gif"], "expected names like {stem}_{x}.gif"),
    (["refs", "dist", "--pattern", "{stem"], "a brace without its partner"),
    (["refs", "dist", "--pattern", "{quality}.jpg"], "expected the field {stem} in it"),
    (["refs", "dist", "--pattern", "{stem}_{score}.jpg"], "Results have a column 'score'"),
    (["refs", "refs"], "was given as both folders"),
    (["refs", "dist", "--resume"], "--resume goes on with the results of --out FILE"),
    (["refs", "dist", "--tolerance", "0.1"], "--tolerance says how much worse"),
    (["refs", "dist", "--annotations", "gitlab"], "Unknown annotations 'gitlab'"),
    (["refs", "dist", "--json", "--quiet"], "Choose one of --json, --explain and --quiet"),
    (["refs", "dist", "--json", "--out", "o.csv"], "Choose one of --json"),
    (["refs", "dist", "--explain"], "--explain shows one pair of images and nothing else"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--explain", "--cache", "c"], "found --cache"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--memory", "much"], "not a size in bytes"),
    (["refs", "dist", "--pattern", "{stem}_{reference}.{f}", "--dry-run"], "column 'reference'"),
    (["refs", "dist", *PATTERN, "--fail-under", "nan"], "--fail-under is a score"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--fail-under", "1.01"], "--fail-under is a score"),
    (["refs", "dist", *PATTERN, "--baseline", "b", "--tolerance", "nan"], "--tolerance is a diff"),
    (["refs", "dist", *PATTERN, "--baseline", "b", "--tolerance", "inf"], "--tolerance is a diff"),
    (["refs", "dist", *PATTERN, "--baseline", "b", "--tolerance", "-1"], "--tolerance is a diff"),
    (["refs/a0.png", "image.csv", "--out", "image.csv"], "--out would replace a file"),
    (["--manifest", "names.csv", "--out", "image.csv"], "--out would replace a file"),
    (["refs", "dist", *PATTERN, "--csv-safe"], "--csv-safe is for results in CSV"),
    (["refs", "dist", *PATTERN, "--csv-safe", "--out", "o.jsonl"], "--csv-safe is for results in"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--max-pixels", "1000"], "at most 1000 are read"),
    (["refs/a0.png", "dist/a0_q10.jpg", "--frame", "1"], "frame 1 was asked for"),
    (["refs", "dist", *PATTERN, "--device", "gpu"], "did you mean cuda?"),
    (["dist", "refs", *PATTERN], "Were the two folders given in the wrong order?"),
    (["dist", "refs/a0.png"], "the reference comes first"),
    (["refs/a0.png", "dist", "refs/a1.png"], "dist is a folder; expected one reference and sever"),
    (["refs/a0.png", "dist/a0_q10.jpg", "gone.png"], "gone.png: no such file"),
    (["refs", "dist", *PATTERN, "--out", "no/such/o.csv"], "there is no folder no/such"),
    (["refs", "dist", *PATTERN, "--junit", "no/j.xml"], "there is no folder no"),
    (["refs", "dist", *PATTERN, "--report-url", "x"], "--report-url is where --summary FILE links"),
    (["refs", "dist", *PATTERN, "--summary", "refs/a0.png"], "--summary would replace a file that"),
    (["refs", "dist", *PATTERN, "-m", "nofile.json"], "There is no model file nofile.json"),
    (["refs", "dist", *PATTERN, "-m", "msds-compct"], "did you mean msds-compact?"),
    (["refs", "dist", *PATTERN, "-m", "m.onnx"], "m.onnx is a model exported for other programs"),
    (["refs", "dist", *PATTERN, "--out", "o.txt"], "the name of results ends in .jsonl"),
    (["refs", "dist", *PATTERN, "--out", "refs"], "the name of results ends in .jsonl"),
    (["refs", "dist", *PATTERN, "--out", "file/o.csv"], "there is no folder file"),
    (["--manifest", "m.csv", "--out", "m.csv"], "--out would replace a file that is read"),
    (["refs", "dist", "--baseline", "b.csv", "--out", "b.csv"], "--out would replace a file"),
    (["refs", "dist", *PATTERN, "--baseline", "gone.csv"], "expected earlier results"),
    (["refs", "dist", *PATTERN, "--baseline", "file"], "the name of results ends in"),
    (["refs", "dist", *PATTERN, "--memory", "much"], "'much' is not a size in bytes"),
    (["refs", "dist", *PATTERN, "--memory", "1K"], "too little memory to work in"),
    (["refs", "dist", *PATTERN, "--device", "abacus"], "Device 'abacus' cannot be used"),
    (["refs", "dist", *PATTERN, "--background", "pink"], "pink"),
    (["refs", "dist", *PATTERN, "--transfer", "gamma"], "gamma"),
    (["refs", "dist", *PATTERN, "--small", "no"], "Unknown small 'no'"),
    (["refs", "dist", *PATTERN, "--cache", "file"], "encodings cannot be kept there"),
]


def test_a_folder_with_nothing_in_it_is_named(here: Path, msds: Call) -> None:
    (here / "bare").mkdir()
    done = msds("score", "refs", "bare")
    assert done.status == 2
    assert done.err.rstrip().endswith("There is no image in bare.")


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=lambda value: " ".join(value)[:40])
def test_a_wrong_call_is_status_two_and_one_line(
    here: Path, msds: Call, arguments: list[str], message: str
) -> None:
    (here / "file").touch()
    (here / "m.csv").write_text("reference,distorted\nrefs/a0.png,dist/a0_q10.jpg\n")
    (here / "b.csv").touch()
    (here / "m.onnx").write_bytes(b"\x08\x08\x12")
    (here / "names.csv").write_text("reference,distorted\nrefs/a0.png,./refs/../image.csv\n")
    (here / "image.csv").write_bytes((here / "refs/a0.png").read_bytes())
    done = msds("score", *arguments, *RANDOM)
    assert done.status == 2, done
    assert done.out == ""
    last = done.err.splitlines()[-1]
    assert last.startswith("msds: error: ")
    assert message in last
