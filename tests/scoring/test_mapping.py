"""Maps of a run: which pairs get one, how it is named, and what the records say."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest

from helpers.scoring_files import write_folders, write_image
from msds.errors import InputError
from msds.metric import MSDS
from msds.metric.maps.position import LIMITS, NOTE
from msds.pairs import Pair, Pattern, Plan, plan_paths
from msds.scoring import Job, Maps, run_plan
from msds.scoring.mapping import picture_names


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact", levels=2, trunk_weights="random")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folders(tmp_path, 2)
    return tmp_path


def plan_of(folder: Path) -> Plan:
    return plan_paths(folder / "refs", folder / "dist", Pattern("{stem}_q{quality}.jpg"))


def pair(name: str, reference: str = "a.png") -> Pair:
    return Pair(reference, name, Path(reference), Path(name))


def below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_every_pair_has_a_picture_named_after_its_distorted_image(
    metric: MSDS, folder: Path
) -> None:
    report = run_plan(plan_of(folder), metric, Job(maps=Maps(folder / "maps")))
    names = [f"a{k}_q{quality}.jpg.map.png" for k in (0, 1) for quality in (10, 80)]
    assert below(folder / "maps") == names
    assert sorted(path.name for path in report.maps) == names
    with PIL.Image.open(report.maps[0]) as picture:
        assert picture.format == "PNG"


def test_only_pairs_that_fell_short_have_one(metric: MSDS, folder: Path) -> None:
    scores = run_plan(plan_of(folder), metric).scores
    values = sorted(float(score) for score in scores)
    limit = (values[1] + values[2]) / 2
    run_plan(plan_of(folder), metric, Job(maps=Maps(folder / "maps", below=limit)))
    expected = sorted(f"{Path(s.distorted).name}.map.png" for s in scores if float(s) < limit)
    assert below(folder / "maps") == expected
    assert len(expected) == 2


def test_pictures_are_named_below_the_folder_that_all_images_share() -> None:
    names = picture_names((pair("x/y/a.jpg"), pair("x/b.jpg"), pair("../x/../x/b.jpg")))
    assert [name.as_posix() for name in names][1].endswith("x/b.jpg.map.png")
    names = picture_names((pair("x/y/a.jpg"), pair("x/b.jpg"), pair("x/b.jpg", "c.png")))
    assert [str(name) for name in names] == [
        "y/a.jpg.map.png",
        "b.jpg.map.png",
        "b.jpg.map-2.png",
    ]
    assert picture_names(()) == []


def test_a_resumed_run_makes_the_pictures_that_are_missing(metric: MSDS, folder: Path) -> None:
    output = folder / "scores.csv"
    first = run_plan(plan_of(folder), metric, Job(output=output))
    job = Job(output=output, resume=True, maps=Maps(folder / "maps"))
    second = run_plan(plan_of(folder), metric, job)
    assert second.kept == len(first.scores) == len(second.maps) == 4
    assert run_plan(plan_of(folder), metric, job).maps == ()


def test_sizes_that_differ_cost_a_pair_its_map_and_nothing_else(
    metric: MSDS, tmp_path: Path
) -> None:
    files = [write_image(tmp_path / name, size=size) for name, size in (
        ("a.png", (48, 40)), ("b.png", (40, 40)), ("c.png", (48, 40)))]  # fmt: skip
    plan = Plan(
        tuple(Pair("a", name, files[0], file) for name, file in zip("bc", files[1:], strict=True))
    )
    report = run_plan(plan, metric, Job(maps=Maps(tmp_path / "maps")))
    assert below(tmp_path / "maps") == ["c.png.map.png"]
    assert all(score.score is not None for score in report.scores)


def test_the_record_says_where_parts_have_moved(
    metric: MSDS, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, (metric.trunk.name, 2), -1.0)
    for maps in (Maps(check=True), Maps(folder / "maps")):
        report = run_plan(plan_of(folder), metric, Job(maps=maps))
        assert all(NOTE in score.to_dict()["notes"] for score in report.scores)
    monkeypatch.setitem(LIMITS, (metric.trunk.name, 2), 1.0)
    report = run_plan(plan_of(folder), metric, Job(maps=Maps(check=True)))
    assert not any(score.notes for score in report.scores)
    assert report.maps == ()


def test_a_model_without_a_limit_is_not_checked_in_silence(metric: MSDS, folder: Path) -> None:
    with pytest.raises(InputError, match="no limit was measured"):
        run_plan(plan_of(folder), metric, Job(maps=Maps(check=True)))


def test_a_map_never_replaces_an_image_that_is_read(metric: MSDS, tmp_path: Path) -> None:
    image = write_image(tmp_path / "a.png")
    taken = write_image(tmp_path / "b.png.map.png")
    other = write_image(tmp_path / "b.png")
    plan = Plan((Pair("a", "b", image, other), Pair("a", "c", image, taken)))
    before = taken.read_bytes()
    with pytest.raises(InputError, match="would replace an image that is read"):
        run_plan(plan, metric, Job(maps=Maps(tmp_path)))
    assert taken.read_bytes() == before
