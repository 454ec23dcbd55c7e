"""The page of a run: what it holds, whatever the names in it."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from msds.gallery import compared, write_gallery
from msds.gallery.content import common_folder, facts, level_medians, lowest, rows_of, strips
from msds.gallery.making import Illustrated, located, make_gallery
from msds.results import Run, Score

RUN = Run("msds-compact-v3", "f" * 64, {"levels": 2})
HOSTILE = "</script><script>alert(1)</script><!-- \u2028 \x1b[2J 'a' \"b\" $x$ .png"


def pair(name: str, score: float | None = 0.9, **more: Any) -> Score:
    return Score("ref/a.png", name, score, (0.8, 1.0) if score is not None else (), run=RUN, **more)


def data_of(path: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text())
    assert found is not None
    values: dict[str, Any] = json.loads(found[1])
    return values


def test_the_page_holds_every_pair_of_the_run(tmp_path: Path) -> None:
    scores = [
        pair("out/1.png", 0.5, columns={"quality": 20, "codec": "webp"}),
        pair("out/2.png", None, error="it is broken"),
        pair(
            "out/3.png",
            0.7,
            notes=("resized", "twice"),
            reference_size=(4, 3),
            distorted_size=(2, 1),
        ),
    ]
    path = tmp_path / "page.html"
    write_gallery(path, scores)
    data = data_of(path)
    rows = [dict(zip(data["fields"], row, strict=True)) for row in data["rows"]]
    assert [row["score"] for row in rows] == [0.5, None, 0.7]
    assert rows[0]["columns"] == ["20", "webp"]
    assert rows[1]["error"] == "it is broken"
    assert rows[2]["notes"] == "resized; twice"
    assert rows[2]["sizes"] == [4, 3, 2, 1]
    assert data["low"] == 0.5
    assert "msds-compact-v3" in path.read_text()


def test_no_name_ends_the_data_or_becomes_a_script(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    score = pair(HOSTILE, notes=(HOSTILE,), columns={HOSTILE: HOSTILE})
    write_gallery(path, [score], title=HOSTILE)
    text = path.read_text()
    assert "alert(1)</script>" not in text
    assert text.count("<script>") == 1
    assert "\x1b" not in text
    row = data_of(path)["rows"][0]
    assert row[0].startswith("</script><script>alert(1)</script><!--")


def test_scores_that_are_no_numbers_are_written_as_none(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_gallery(path, [pair("a.png", math.nan), pair("b.png", 0.95)])
    assert data_of(path)["rows"][0][2] is None


@pytest.mark.parametrize("count", [0, 1])
def test_a_run_of_no_or_one_pair_has_a_page(tmp_path: Path, count: int) -> None:
    path = tmp_path / "page.html"
    write_gallery(path, [pair("a.png")] * count)
    assert len(data_of(path)["rows"]) == count


def test_the_worst_and_the_best_are_by_score_or_by_change() -> None:
    new = [pair(f"{k}.png", k / 100) for k in range(50)]
    old = [pair(f"{k}.png", 0.25) for k in range(50)]
    rows = rows_of(new, None)
    assert strips(rows, False) == (list(range(8)), list(range(49, 41, -1)))
    comparison = compared(new, old)
    assert strips(comparison.pairs, True) == (list(range(8)), list(range(49, 41, -1)))
    assert strips(compared(old, old).pairs, True) == ([], [])
    few = rows_of(new[:3], None)
    assert strips(few, False) == ([0], [2])


def test_the_run_in_numbers() -> None:
    rows = rows_of([pair("a", 0.5), pair("b", 0.75), pair("c", 1.0), pair("d", None)], None)
    assert facts(rows, None) == [
        *(("4", "pairs"), ("0.7500", "median"), ("0.5000", "lowest"), ("1", "failed"))
    ]
    assert level_medians(rows) == [
        *(("level 1, fine detail", 0.8), ("level 2, overall layout", 1.0))
    ]
    assert lowest(rows) == 0.5


def test_what_all_names_start_with_is_their_common_folder() -> None:
    assert common_folder(["a/b/1.png", "a/b/c/2.png"]) == "a/b/"
    assert common_folder(["a/b/1.png", "a/bc/2.png"]) == "a/"
    assert common_folder(["1.png", "a/2.png"]) == ""
    assert common_folder([]) == ""


def test_images_are_found_below_the_first_root_that_has_them(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    (tmp_path / "two/a.png").touch()
    (tmp_path / "one/b.png").touch()
    (tmp_path / "two/b.png").touch()
    score = Score("a.png", "b.png", 0.5)
    found = located([score], [tmp_path / "one", tmp_path / "two"])
    assert found == {"a.png": tmp_path / "two/a.png", "b.png": tmp_path / "one/b.png"}


def test_pictures_stand_in_the_page_or_beside_it_and_those_missing_are_named(
    tmp_path: Path,
) -> None:
    for name, colour in (("ref.png", (9, 9, 9)), ("out.png", (8, 8, 8))):
        Image.new("RGB", (30, 20), colour).save(tmp_path / name)
    scores = [Score("ref.png", name, 0.5, run=RUN) for name in ("out.png", "gone.png")]
    page = tmp_path / "a page.html"
    problems = make_gallery(page, scores, None, Illustrated([tmp_path], "inside"))
    assert problems == ["no picture: gone.png: no such file"]
    keys = data_of(page)["rows"][0][-1]
    assert all(f'id="p-{key}"' in page.read_text() for key in keys)
    assert data_of(page)["rows"][1][-1] == [keys[0], None]
    make_gallery(page, scores, None, Illustrated([tmp_path], "beside"))
    assert data_of(page)["base"] == "a%20page-files/"
    assert len(list((tmp_path / "a page-files").iterdir())) == 4
    assert "p-" + keys[0] not in page.read_text()
    make_gallery(page, scores, None, Illustrated([tmp_path], "none"))
    assert data_of(page)["rows"][0][-1] == [None, None]
