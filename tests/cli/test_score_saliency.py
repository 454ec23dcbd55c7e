"""`msds score --saliency` and `msds bench --saliency`, as they are typed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from helpers import trees
from helpers.scoring_files import RANDOM, Called, write_image
from msds import MSDS, load_image

pytest.importorskip("scipy")

Call = Callable[..., Called]


def salient(path: Path, size: tuple[int, int], left: float) -> Path:
    """A map that keeps a share of the columns on the left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros(size[::-1], np.uint8)
    values[:, : round(left * size[0])] = 200
    PIL.Image.fromarray(values).save(path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for k, name in enumerate("ab"):
        write_image(Path("o", f"{name}.png"), k, (48, 40))
        write_image(Path("r", f"{name}.png"), k, (40, 40))
        salient(Path("mo", f"{name}.png"), (48, 40), 0.5)
        salient(Path("mr", f"{name}.png"), (40, 40), 0.6)
    return tmp_path


def expected(name: str = "a") -> float:
    metric = MSDS("compact", trunk_weights="random", levels=2)
    images = [load_image(f"{side}/{name}.png").pixels[None] for side in "or"]
    masks = [(load_image(f"m{side}/{name}.png").pixels[:1][None] > 0).float() for side in "or"]
    return float(metric(*images, reference_mask=masks[0], distorted_mask=masks[1]))


def test_one_pair_with_two_maps_and_what_is_explained(here: Path, msds: Call) -> None:
    maps = ("--saliency", "mo/a.png", "--saliency", "mr/a.png")
    found = msds("score", "o/a.png", "r/a.png", *RANDOM, *maps, "--json")
    assert found.status == 0
    record = json.loads(found.out)
    assert record["score"] == pytest.approx(expected(), abs=1e-6)
    assert record["settings"]["saliency"] == "maps"
    assert record["distorted_saliency"] == "mr/a.png"
    shown = msds("score", "o/a.png", "r/a.png", *RANDOM, *maps, "--explain")
    text = " ".join(shown.out.split())
    assert "+saliency(maps)" in text
    assert "saliency maps above 0: mo/a.png, mr/a.png" in text
    assert "reference: saliency keeps 50% of it" in text
    other = msds("score", "o/a.png", "r/a.png", *RANDOM, "--saliency",
                 "spectral-residual", "--saliency-threshold", "0.3", "--explain")  # fmt: skip
    assert "saliency spectral-residual above 0.3" in " ".join(other.out.split())


def test_folders_and_tables_of_maps(here: Path, msds: Call) -> None:
    folders = ("o", "r", *RANDOM, "--saliency", "mo", "--saliency", "mr")
    found = msds("score", *folders, "--out", "scores.csv")
    assert found.status == 0, found.err
    rows = list(csv.DictReader(Path("scores.csv").read_text().splitlines()))
    assert float(rows[1]["score"]) == pytest.approx(expected("b"), abs=1e-6)
    assert rows[1]["reference_saliency"] == "mo/b.png"
    Path("pairs.csv").write_text(
        "reference,distorted,reference_saliency,distorted_saliency\no/a.png,r/a.png,mo/a.png,mr/a.png\n"
    )
    table = ("score", "--manifest", "pairs.csv", *RANDOM, "--quiet")
    calibrated = msds(*table, "--saliency", "columns")
    assert float(calibrated.out) == pytest.approx(expected(), abs=1e-6)
    plain = msds(*table)  # the columns alone change nothing
    assert float(plain.out) != pytest.approx(expected(), abs=1e-3)
    (here / "mr" / "b.png").unlink()
    dry = msds("score", *folders, "--dry-run")
    assert dry.status == 1
    assert "holds no saliency map of it" in " ".join(dry.err.split())


def test_calibrated_results_are_no_baseline_of_others_and_no_map_is_replaced(
    here: Path, msds: Call
) -> None:
    folders = ("score", "o", "r", *RANDOM)
    maps = ("--saliency", "mo", "--saliency", "mr")
    assert msds(*folders, *maps, "--out", "scores.jsonl").status == 0
    mixed = msds(*folders, "--baseline", "scores.jsonl")
    assert mixed.status == 2
    assert "made with another model" in mixed.err
    same = msds(*folders, *maps, "--baseline", "scores.jsonl")
    assert same.status == 0
    Path("mr/b.csv").write_bytes(Path("mr/b.png").read_bytes())
    one = ("score", "o/b.png", "r/b.png", *RANDOM, "--saliency", "mo/b.png")
    replaced = msds(*one, "--saliency", "mr/b.csv", "--out", "mr/b.csv")
    assert replaced.status == 2
    assert "would replace a file that is read" in replaced.err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--saliency-threshold", "0.1"), "is that of --saliency"),
        (("--saliency", "mo", "--saliency", "mr", "--saliency", "mr"), "given 3 times"),
        (("--saliency", "columns", "--saliency", "mr"), "cannot be combined"),
        (("--saliency", "columns"), "no column reference_saliency"),
        (("--saliency", "mo", "--saliency-threshold", "1"), "expected a number in [0, 1)"),
        (("--saliency", "nowhere"), "no such file or folder of saliency maps"),
        (("--saliency", "mo", "--maps", "drawn"), "leave --saliency"),
        (("--saliency", "mo", "--saliency", "mr", "--precision", "bfloat16"), "float32"),
    ],
)
def test_wrong_calls_are_refused_in_a_sentence(
    here: Path, msds: Call, options: tuple[str, ...], reason: str
) -> None:
    found = msds("score", "o", "r", *RANDOM, *options)
    assert found.status == 2
    assert reason in " ".join(found.err.split())


def with_images(root: Path, maps: Path) -> None:
    """Make images of the files of a miniature tree, with a map of each in a tree beside it."""
    files = [p for p in sorted(root.rglob("*")) if p.suffix.lower() in (".png", ".bmp")]
    for k, path in enumerate(files):
        size = (64, 48 + 4 * (k % 3))
        write_image(path, k // 3, size)
        salient((maps / path.relative_to(root)).with_suffix(".png"), size, 0.4 + 0.05 * (k % 5))


def miniature(name: str, root: Path) -> None:
    """A set as its authors distribute it, with enough pairs to measure."""
    if name == "retargetme":
        trees.retargetme(root)
    elif name == "qads":
        trees.qads(root)
        with (root / "mos_with_names.txt").open("a") as file:
            for k in (2, 3):
                trees.touch(root / "super-resolved_images" / f"img01_{k}_7.bmp")
                file.write(f"{0.3 + k / 9:.5f}  img01_{k}_7.bmp\n")
    else:
        rows = "".join(f"i.png,i_{k}.png,{40 + 9 * k},scl\n" for k in range(4))
        for file in ("i", *(f"i_{k}" for k in range(4))):
            trees.touch(root / f"{file}.png")
        (root / "pairs.csv").write_text("reference,distorted,mos,distortion\n" + rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["qads", "retargetme", "cuhk-retargeting"])
def test_sets_of_other_geometry_are_benched_with_and_without_saliency(
    name: str, tmp_path: Path, msds: Call
) -> None:
    root, maps = tmp_path / "set", tmp_path / "maps"
    miniature(name, root)
    with_images(root, maps)
    bench = ("bench", name, "--root", root, "--model", "deepssim-compact", "--baseline", "",
             "--resamples", "0", "--cache", tmp_path / "cache",
             "--out", tmp_path / "out.csv")  # fmt: skip
    found = msds(*bench, "--saliency", maps)
    assert found.status == 0, found.err
    table = (tmp_path / "out.csv").read_text()
    assert "+saliency(maps)" in table
    again = msds(*bench, "--saliency", maps)
    assert again.status == 0
    assert (tmp_path / "out.csv").read_text() == table
    image = next(p for p in sorted(maps.rglob("*.png")) if "_" in p.name)
    image.unlink()
    lacking = msds(*bench, "--saliency", maps)
    assert lacking.status == 1
    assert "holds no saliency map of it" in " ".join(lacking.err.split())


def test_a_table_of_pairs_names_the_maps_of_a_bench(here: Path, msds: Call) -> None:
    rows = [
        f"o/{n}.png,r/{m}.png,{k},mo/{n}.png,mr/{m}.png"
        for k, (n, m) in enumerate(("aa", "ab", "ba", "bb"))
    ]
    head = "reference,distorted,mos,reference_saliency,distorted_saliency"
    Path("pairs.csv").write_text("\n".join([head, *rows]) + "\n")
    bench = ("bench", "pairs.csv", "--model", "deepssim-compact", "--baseline", "", "--no-cache",
             "--resamples", "0")  # fmt: skip
    found = msds(*bench, "--saliency", "columns")
    assert found.status == 0, found.err
    assert "deepssim-compact-v3+saliency(maps)" in found.out
    two = msds(*bench, "pairs.csv", "--saliency", "mo")
    assert "holds the maps of one set; found 2" in " ".join(two.err.split())
