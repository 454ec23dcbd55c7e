"""A run without a terminal: what it reports, keeps, and goes on with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from helpers.scoring_files import write_folders, write_image
from msds.errors import InputError
from msds.metric import MSDS
from msds.pairs import Pair, Pattern, Plan, plan_paths
from msds.results import Conditions, Score, read_results
from msds.scoring import Job, Reading, Watcher, run_plan, score, score_pairs
from msds.status import Status


class Heard(Watcher):
    """Remembers what it hears, and stops the run after so many scores."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.begun: tuple[int, int] | None = None
        self.rows: list[int] = []

    def begin(self, total: int, kept: int) -> None:
        self.begun = (total, kept)

    def scored(self, row: int, score: Score) -> None:
        self.rows.append(row)
        if len(self.rows) == self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact", levels=2, trunk_weights="random")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folders(tmp_path)
    return tmp_path


def plan_of(folder: Path) -> Plan:
    return plan_paths(folder / "refs", folder / "dist", Pattern("{stem}_q{quality}.jpg"))


def values(scores: tuple[Score, ...]) -> list[float | None]:
    return [one.score for one in scores]


def test_a_run_reports_every_pair_in_order_and_prints_nothing(
    metric: MSDS, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    heard = Heard()
    report = run_plan(plan_of(folder), metric, watcher=heard)
    assert capfd.readouterr() == ("", "")
    assert heard.begun == (6, 0)
    assert sorted(heard.rows) == list(range(6))
    assert [one.distorted for one in report.scores] == [p.distorted for p in report.plan.pairs]
    assert values(report.scores) == pytest.approx(
        [score(p.reference_path, p.distorted_path, model=metric).score for p in report.plan.pairs],
        abs=1e-5,
    )
    assert report.status is Status.DONE
    assert {path.name for path in folder.iterdir()} == {"refs", "dist"}


def test_the_status_of_a_run_is_what_became_of_it(metric: MSDS, folder: Path) -> None:
    def status(**conditions: object) -> Status:
        job = Job(conditions=Conditions(**conditions))  # type: ignore[arg-type]
        return run_plan(plan_of(folder), metric, job).status

    assert status() == 0
    assert status(fail_under=1.0) == 3
    write_image(folder / "refs/alone.png")
    assert status() == 1
    assert status(allow_unmatched=True) == 0
    (folder / "dist/a0_q99.jpg").write_bytes(b"broken")
    assert status(allow_unmatched=True) == 1
    assert status(fail_under=1.0) == 3


def test_a_run_that_is_stopped_goes_on_with_what_it_kept(metric: MSDS, folder: Path) -> None:
    job = Job(output=folder / "o.csv")
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan_of(folder), metric, job, Heard(stop_after=2))
    heard = Heard()
    resume = Job(output=folder / "o.csv", resume=True)
    report = run_plan(plan_of(folder), metric, resume, heard)
    assert heard.begun == (6, 2)
    assert len(heard.rows) == 4
    assert (report.kept, report.changed) == (2, 0)
    assert read_results(folder / "o.csv") == list(report.scores)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("stopped", [False, True])
def test_added_images_are_scored_and_the_others_kept(
    metric: MSDS, folder: Path, suffix: str, stopped: bool
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    out = folder / f"o{suffix}"
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            run_plan(plan_of(folder), metric, Job(output=out), Heard(stop_after=6))
        assert not out.exists()
    else:
        run_plan(plan_of(folder), metric, Job(output=out))
    write_image(folder / "dist/a1_q20.jpg", 1, (44, 36), quality=20)
    heard = Heard()
    report = run_plan(plan_of(folder), metric, Job(output=out, resume=True), heard)
    assert (heard.begun, len(heard.rows)) == ((7, 6), 1)
    assert report.scores[heard.rows[0]].distorted.endswith("a1_q20.jpg")
    assert [row.distorted for row in read_results(out)] == [p.distorted for p in report.plan.pairs]
    whole = run_plan(plan_of(folder), metric)
    assert values(report.scores) == pytest.approx(values(whole.scores), abs=1e-5)


@pytest.mark.parametrize("stopped", [False, True])
def test_images_that_have_changed_are_scored_again(
    metric: MSDS, folder: Path, stopped: bool
) -> None:
    out = folder / "o.csv"
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            run_plan(plan_of(folder), metric, Job(output=out), Heard(stop_after=6))
    else:
        run_plan(plan_of(folder), metric, Job(output=out))
    path = folder / "dist/a1_q80.jpg"
    state = path.stat()
    write_image(path, 5, (44, 36), quality=80)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))  # as old as it was
    report = run_plan(plan_of(folder), metric, Job(output=out, resume=True))
    assert (report.kept, report.changed) == (5, 1)
    whole = run_plan(plan_of(folder), metric)
    assert values(report.scores) == pytest.approx(values(whole.scores), abs=1e-5)
    again = run_plan(plan_of(folder), metric, Job(output=out, resume=True))
    assert (again.kept, again.changed) == (6, 0)


def test_a_reference_that_has_changed_is_that_of_all_its_pairs(metric: MSDS, folder: Path) -> None:
    out = folder / "o.csv"
    run_plan(plan_of(folder), metric, Job(output=out))
    write_image(folder / "refs/a0.png", 7)
    report = run_plan(plan_of(folder), metric, Job(output=out, resume=True))
    assert (report.kept, report.changed) == (4, 2)


def test_a_pair_that_failed_is_kept_until_its_file_changes(metric: MSDS, folder: Path) -> None:
    out = folder / "o.csv"
    (folder / "dist/a0_q99.jpg").write_bytes(b"broken")
    run_plan(plan_of(folder), metric, Job(output=out))
    report = run_plan(plan_of(folder), metric, Job(output=out, resume=True))
    assert (report.kept, report.changed, report.status) == (7, 0, Status.SOME_FAILED)
    write_image(folder / "dist/a0_q99.jpg", quality=99)
    report = run_plan(plan_of(folder), metric, Job(output=out, resume=True))
    assert (report.kept, report.changed, report.status) == (6, 1, Status.DONE)


def test_results_of_pairs_that_are_not_asked_for_are_not_thrown_away(
    metric: MSDS, folder: Path
) -> None:
    out = folder / "o.csv"
    run_plan(plan_of(folder), metric, Job(output=out))
    before = out.read_bytes()
    (folder / "dist/a2_q80.jpg").unlink()
    with pytest.raises(InputError, match=r"holds other pairs, such as .*a2_q80.jpg"):
        run_plan(plan_of(folder), metric, Job(output=out, resume=True))
    assert out.read_bytes() == before


def test_a_column_that_has_changed_is_written_without_scoring_again(
    metric: MSDS, folder: Path
) -> None:
    out = folder / "o.jsonl"
    plan = plan_of(folder)
    run_plan(plan, metric, Job(output=out))
    pairs = tuple(
        Pair(p.reference, p.distorted, p.reference_path, p.distorted_path, {"mos": row})
        for row, p in enumerate(plan.pairs)
    )
    report = run_plan(Plan(pairs), metric, Job(output=out, resume=True))
    assert report.kept == 6
    assert [json.loads(line)["mos"] for line in out.read_text().splitlines()] == list(range(6))


class Overflowing(MSDS):
    """Gives features that are not finite."""

    def fuse(self, level_scores: torch.Tensor) -> torch.Tensor:
        return super().fuse(level_scores) * float("nan")


def test_features_that_overflow_are_the_same_error_for_one_pair_and_for_many(
    folder: Path,
) -> None:
    metric = Overflowing("compact", levels=2, trunk_weights="random")
    pair = plan_of(folder).pairs[0]
    ((_, one),) = score_pairs(metric, [pair])
    with pytest.raises(InputError) as error:
        score(pair.reference_path, pair.distorted_path, model=metric)
    assert one.error == str(error.value)
    assert one.error == "The score is not a finite number: the trunk's features overflow."


def test_one_pair_and_many_give_the_same_record(metric: MSDS, tmp_path: Path) -> None:
    write_image(tmp_path / "r.png", 1, (50, 40))
    PIL.Image.fromarray(np.zeros((36, 44, 4), np.uint8)).save(tmp_path / "d.png")
    paths = tmp_path / "r.png", tmp_path / "d.png"
    pair = Pair(*map(str, paths), *paths)
    ((_, many),) = score_pairs(metric, [pair], reading=Reading("black"))
    alone = score(pair.reference_path, pair.distorted_path, model=metric, background="black")
    assert alone.notes
    assert alone.to_dict().keys() == many.to_dict().keys()
    one, other = alone.to_dict(), many.to_dict()
    for name in ("score", "levels"):
        assert one.pop(name) == pytest.approx(other.pop(name), abs=1e-5)
    del one["seconds"], other["seconds"]
    assert one == other
