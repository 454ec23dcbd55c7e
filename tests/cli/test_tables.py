"""Tables on a terminal: no word broken, however narrow it is, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.scoring_files import write_image
from msds.cli.show import show_scores
from msds.cli.tables import draw
from msds.pairs import Pair, Plan
from msds.results import Score

COLUMNS = ["metric", "SRCC", "a heading of words", "kind"]
ROWS = [
    ["msds-compact-v3", "0.912 [0.880, 0.931]", "0.125", "the structure of deep features"],
    ["psnr", "0.687 [0.500, 0.801]", "0.250", "[b]pixels[/b]"],
]


def drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    draw(COLUMNS, ROWS, title="What it says", note="A note of several words.", left=(0, 3))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_every_word_and_number_stands_whole_in_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    lines = drawn(monkeypatch, capsys, width)
    assert max(map(len, lines)) <= width
    words = {word for line in lines for word in line.split()}
    cells = " ".join(" ".join(row) for row in ROWS).replace("[b]", "").replace("[/b]", "")
    assert set(cells.split()) <= words
    assert lines[0] == "What it says"
    assert "…" not in "".join(lines)


def test_rows_are_stacked_where_they_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = drawn(monkeypatch, capsys, 50)
    assert lines[1:6] == [
        "msds-compact-v3",
        "  SRCC                0.912 [0.880, 0.931]",
        "  a heading of words  0.125",
        "  kind                the structure of deep",
        "                      features",
    ]
    assert any(line.startswith("A note") for line in lines)
    assert not any(line.startswith("msds-compact-v3  ") for line in lines)


SETTINGS = [
    [codec, str(quality), "24", f"0.{quality}00", "0.9000", f"0.9{quality}0", "38.10", "0.9610"]
    for codec in ("jpeg", "avif")
    for quality in (10, 20)
]
SETTINGS_COLUMNS = ["encoder", "setting", "images", "bpp", "lowest", "score", "psnr", "ssim"]


def settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    draw(SETTINGS_COLUMNS, SETTINGS)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_numbers_that_do_not_fit_stand_in_parts_behind_what_tells_rows_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = settings(monkeypatch, capsys, 60)
    assert max(map(len, lines)) <= 60
    blank = lines.index("")
    parts = [[line.split() for line in part] for part in (lines[:blank], lines[blank + 1 :])]
    heads = [part[0] for part in parts]
    assert [head[:2] for head in heads] == [["encoder", "setting"]] * 2
    assert heads[0] + heads[1][2:] == SETTINGS_COLUMNS
    found = [first + second[2:] for first, second in zip(parts[0][2:], parts[1][2:], strict=True)]
    assert found == SETTINGS
    assert [second[:2] for second in parts[1][2:]] == [row[:2] for row in SETTINGS]


def test_columns_that_would_stand_one_by_one_are_stacked_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = settings(monkeypatch, capsys, 25)
    assert lines[:3] == ["jpeg", "  setting  10", "  images   24"]


def test_a_table_that_fits_has_a_line_for_each_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = drawn(monkeypatch, capsys, 100)
    assert lines[1].split() == [word for name in COLUMNS for word in name.split()]
    assert lines[3].startswith("msds-compact-v3  0.912 [0.880, 0.931]")
    assert lines[4].startswith("psnr")


def test_pairs_of_unequal_size_are_marked_and_the_mark_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    names = ["one.png", "two.png"]
    reference = write_image(tmp_path / "ref.png")
    plan = Plan(
        tuple(Pair("ref.png", n, reference, write_image(tmp_path / n, size=(9, 9))) for n in names)
    )
    scores = [
        Score("ref.png", "one.png", 0.5, reference_size=(40, 36), distorted_size=(40, 36)),
        Score("ref.png", "two.png", 0.25, reference_size=(40, 36), distorted_size=(9, 9)),
    ]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    show_scores(plan, [scores])
    text = capsys.readouterr().out
    assert "0.250000 ≠" in text
    assert "0.500000 ≠" not in text
    assert "≠ images of different size; nothing was resized" in text
