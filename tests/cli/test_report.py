"""`msds report`: a page of results, alone or against earlier ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from msds.cli.main import app
from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.results import Run, Score, write_results

RUN = Run("msds-compact-v3", "f" * 64, {"levels": 1, "background": "white", "transfer": None})


def results(path: Path, folder: str = "out", *scores: float) -> Path:
    """Results of so many pairs, whose images lie beside the file."""
    pairs, records = [], []
    for k, score in enumerate(scores):
        names = ("ref.png", f"{folder}/{k}.png")
        for name in names:
            file = path.parent / name
            file.parent.mkdir(exist_ok=True)
            Image.new("RGB", (30, 20), (7 * k, 0, 0)).save(file)
        pairs.append(Pair(*names, *(path.parent / name for name in names)))
        records.append(Score(*names, score, (score,), run=RUN))
    write_results(path, Plan(tuple(pairs)), RUN, records)
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["report", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_page_of_results_finds_the_images_beside_them(tmp_path: Path, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    file = results(tmp_path / f"scores.{suffix}", "out", 0.5, 0.75)
    page = tmp_path / "report.html"
    text = run(file, "-o", page)
    assert "wrote" in text
    assert "no picture" not in text
    assert "out/1.png" in page.read_text()
    assert "data:image/webp" not in page.read_text().split("<script>")[0]
    assert page.read_text().count('type="text/plain"') == 2


def test_images_elsewhere_are_named_or_else_missed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file = results(tmp_path / "there/scores.csv", "out", 0.5)
    moved = file.rename(tmp_path / "scores.csv")
    page = tmp_path / "report.html"
    assert "no picture: out/0.png: no such file" in run(moved, "-o", page)
    assert "no picture" not in run(moved, "-o", page, "--images", tmp_path / "there")


def test_what_changed_is_counted_and_renamed_folders_are_named(tmp_path: Path) -> None:
    old = results(tmp_path / "old.csv", "v1", 0.5, 0.6, 0.7)
    new = results(tmp_path / "new.csv", "v2", 0.5, 0.5, 0.9, 0.8)
    text = run(new, "--against", old, "-o", tmp_path / "changes.html", "--pictures", "none")
    assert "pairs of v1 were found in v2" in text
    assert "1 same, 1 worse, 1 better, 1 new" in text
    text = run(new, "--against", old, "-o", tmp_path / "c.html", "--tolerance", "0.5")
    assert "3 same, 1 new" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "page.pdf"], "ends in .html"),
        (["-o", "page.html", "--pictures", "outside"], "inside, beside, none; found 'outside'"),
        (["-o", "nowhere.html", "--against", "gone.csv"], "gone.csv: no such file"),
    ],
)
def test_wrong_calls_are_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = results(tmp_path / "scores.csv", "out", 0.5)
    with pytest.raises(InputError, match=message):
        run(file, *arguments)
    assert not list(tmp_path.glob("*.html"))


def photographs(root: Path) -> None:
    """Two folders of a reference each and its distorted version."""
    for k, folder in enumerate(("originals", "compressed")):
        (root / folder).mkdir()
        for name in ("one", "two"):
            image = Image.radial_gradient("L").resize((128, 128)).convert("RGB")
            image.putpixel((k, k), (9 * k, 0, 0))
            image.save(root / folder / f"{name}.png")


@pytest.mark.slow
def test_score_makes_the_page_with_the_run_and_again_when_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path)
    command = ["score", "originals", "compressed", "--out", "scores.csv", "--report", "page.html"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "wrote page.html" in result.output
    first = Path("page.html").read_text()
    assert "compressed/two.png" in first
    # The two references are equal, and so are the two distorted images.
    assert first.count('type="text/plain"') == 2
    again = CliRunner().invoke(app, [*command, "--resume"], catch_exceptions=False)
    assert again.exit_code == 0, again.output
    assert Path("page.html").read_text() == first
    changes = [*command[:4], "new.csv", *command[5:], "--baseline", "scores.csv"]
    result = CliRunner().invoke(app, changes, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "What changed between two runs" in Path("page.html").read_text()


def test_score_refuses_a_page_that_would_replace_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path)
    (tmp_path / "compressed/one.png").rename(tmp_path / "compressed/one.html")
    with pytest.raises(InputError, match="would replace a file that is read"):
        CliRunner().invoke(
            app,
            [
                "score",
                "originals/one.png",
                "compressed/one.html",
                "--report",
                "compressed/one.html",
            ],
            catch_exceptions=False,
        )
    with pytest.raises(InputError, match="ends in .html"):
        CliRunner().invoke(
            app, ["score", "originals", "compressed", "--report", "page"], catch_exceptions=False
        )


def test_a_page_shows_the_frame_that_was_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    colours = {"a": (10, 200, 30), "b": (200, 60, 30)}
    for name, colour in colours.items():
        pages = [Image.new("RGB", (128, 128), shade) for shade in ("white", colour)]
        pages[0].save(f"{name}.tif", save_all=True, append_images=pages[1:])
    score = ["score", "a.tif", "b.tif", "--frame", "1", "-o", "s.csv"]
    assert CliRunner().invoke(app, score, catch_exceptions=False).exit_code == 0
    result = CliRunner().invoke(app, ["report", "s.csv", "-o", "s.html"], catch_exceptions=False)
    assert result.output.splitlines() == ["msds: wrote s.html"], (
        "neither picture nor map is missing"
    )
