"""Scores calibrated by saliency, from files: what they are, and that nothing else is mixed in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import msds
from helpers.scoring_files import write_image
from msds.errors import InputError
from msds.metric import MSDS
from msds.metric.saliency import Saliency, saliency_mask
from msds.pairs import Plan, plan_paths
from msds.pairs.saliency import with_maps
from msds.scoring import Job, Options, Reading, run_plan
from msds.status import Status

SIZES = {"a": (48, 40), "b": (48, 40), "c": (40, 64)}
MAPS = Reading(saliency=Saliency())


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact", levels=2, trunk_weights="random")


def write_map(path: Path, size: tuple[int, int], left: float) -> None:
    """A map that keeps a share of the columns on the left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros(size[::-1], np.uint8)
    values[:, : round(left * size[0])] = 200
    PIL.Image.fromarray(values).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k, (name, size) in enumerate(SIZES.items()):
        write_image(tmp_path / "o" / f"{name}.png", k, size)
        write_map(tmp_path / "mo" / f"{name}.png", size, 0.5)
        narrow = (size[0] - 8, size[1])
        write_image(tmp_path / "r" / f"{name}.png", k, narrow)
        write_map(tmp_path / "mr" / f"{name}.png", narrow, 0.6)
    return tmp_path


def plan_of(folder: Path) -> Plan:
    plan = plan_paths(folder / "o", folder / "r")
    return with_maps(plan, [folder / "mo", folder / "mr"], (folder / "o", folder / "r"))


def tensors(metric: MSDS, folder: Path, name: str) -> float:
    """The score of tensors whose masks are made here."""
    images = [msds.load_image(folder / side / f"{name}.png").pixels[None] for side in "or"]
    masks = [
        (msds.load_image(folder / side / f"{name}.png").pixels[:1][None] > 0).float()
        for side in ("mo", "mr")
    ]
    return float(metric(*images, reference_mask=masks[0], distorted_mask=masks[1]))


@pytest.mark.parametrize("memory", [None, 2**26])
def test_scores_of_files_are_those_of_tensors_with_masks(
    metric: MSDS, folder: Path, memory: int | None
) -> None:
    report = run_plan(plan_of(folder), metric, Job(MAPS, Options(memory)))
    found = [score.score for score in report.scores]
    assert found == pytest.approx([tensors(metric, folder, name) for name in SIZES], abs=1e-6)
    assert "reference: saliency keeps 50% of it" in report.scores[0].notes
    whole = run_plan(plan_paths(folder / "o", folder / "r"), metric).scores
    assert all(abs(a.score - b) > 1e-3 for a, b in zip(whole, found, strict=True))  # type: ignore[operator]


def test_a_calibrated_score_names_itself_and_is_not_compared_with_others(
    metric: MSDS, folder: Path
) -> None:
    (plain, *_) = run_plan(plan_paths(folder / "o", folder / "r"), metric).scores
    calibrated = {
        threshold: run_plan(
            plan_of(folder), metric, Job(Reading(saliency=Saliency(threshold=threshold)))
        ).scores[0]
        for threshold in (0.0, 0.25)
    }
    assert calibrated[0.0].model == f"{metric.model_id}+saliency(maps)"
    assert calibrated[0.25].model == f"{metric.model_id}+saliency(maps>0.25)"
    assert calibrated[0.25].settings["saliency_threshold"] == 0.25
    assert "saliency" not in plain.settings
    prints = {plain.fingerprint, *(score.fingerprint for score in calibrated.values())}
    assert len(prints) == 3
    with pytest.raises(InputError, match="two models mean different things"):
        assert plain < calibrated[0.0]


def test_encodings_with_and_without_a_map_are_kept_apart(metric: MSDS, folder: Path) -> None:
    options = Options(cache=folder / "cache")
    plain = run_plan(plan_paths(folder / "o", folder / "r"), metric, Job(options=options)).scores
    first = run_plan(plan_of(folder), metric, Job(MAPS, options)).scores
    assert len(list((folder / "cache").iterdir())) == 6
    again = run_plan(plan_of(folder), metric, Job(MAPS, options)).scores
    assert [s.score for s in again] == pytest.approx([s.score for s in first], abs=1e-6)
    assert [s.notes for s in again] == [s.notes for s in first]
    write_map(folder / "mo" / "a.png", SIZES["a"], 0.9)
    changed = run_plan(plan_of(folder), metric, Job(MAPS, options)).scores
    assert changed[0].score == pytest.approx(tensors(metric, folder, "a"), abs=1e-6)
    assert changed[0].score != first[0].score
    # Which images are in a batch with which changes the last digits.
    assert [s.score for s in changed[1:]] == pytest.approx([s.score for s in again[1:]], abs=1e-6)
    repeated = run_plan(plan_paths(folder / "o", folder / "r"), metric, Job(options=options))
    assert [s.score for s in repeated.scores] == pytest.approx([s.score for s in plain], abs=1e-6)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_run_goes_on_only_where_images_and_maps_are_the_same(
    metric: MSDS, folder: Path, suffix: str
) -> None:
    job = Job(MAPS, output=folder / f"scores.{suffix}", resume=True)
    first = run_plan(plan_of(folder), metric, job)
    assert (first.kept, first.changed) == (0, 0)
    assert "distorted_saliency_sha256" in (folder / f"scores.{suffix}").read_text()
    again = run_plan(plan_of(folder), metric, job)
    assert (again.kept, again.changed) == (3, 0)
    write_map(folder / "mr" / "b.png", (40, 40), 0.2)
    changed = run_plan(plan_of(folder), metric, job)
    assert (changed.kept, changed.changed) == (2, 1)
    assert changed.scores[1].score == pytest.approx(tensors(metric, folder, "b"), abs=1e-6)
    with pytest.raises(InputError, match="made with another model"):
        run_plan(plan_paths(folder / "o", folder / "r"), metric, replace(job, reading=Reading()))


def test_digests_of_maps_in_a_table_are_its_own_where_saliency_does_not_count(
    metric: MSDS, folder: Path
) -> None:
    # As where results calibrated by saliency are the manifest of a run that is not.
    (pair, *_) = plan_paths(folder / "o", folder / "r").pairs
    plan = Plan((replace(pair, columns={"distorted_saliency_sha256": "0" * 64}),))
    job = Job(output=folder / "plain.csv", resume=True)
    run_plan(plan, metric, job)
    again = run_plan(plan, metric, job)
    assert (again.kept, again.changed) == (1, 0)


def test_the_same_image_with_two_maps_is_two_images(metric: MSDS, folder: Path) -> None:
    write_map(folder / "other.png", (40, 40), 1.0)
    pair = plan_of(folder).pairs[0]
    plan = Plan((pair, replace(pair, distorted_saliency=folder / "other.png")))
    one, two = run_plan(plan, metric, Job(MAPS)).scores
    assert one.score != two.score
    assert one.columns["distorted_saliency_sha256"] != two.columns["distorted_saliency_sha256"]


def test_a_bad_map_costs_its_own_pair(metric: MSDS, folder: Path) -> None:
    (folder / "mr" / "a.png").write_bytes(b"no image")
    write_map(folder / "mr" / "b.png", (40, 40), 0.0)
    report = run_plan(plan_of(folder), metric, Job(MAPS))
    first, second, third = report.scores
    assert "mr/a.png" in (first.error or "")
    assert "no saliency above 0, the greatest is 0" in (second.error or "")
    assert third.score is not None
    assert report.status is Status.SOME_FAILED


def test_an_image_that_is_read_in_parts_is_refused_with_the_reason(
    metric: MSDS, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("msds.scoring.memory.PARTS_BYTES", 12 * 41 * 40)
    first, *_, third = run_plan(plan_of(folder), metric, Job(MAPS)).scores
    assert "read in parts cannot be calibrated by saliency" in (first.error or "")
    assert third.error is not None


def test_saliency_can_be_computed_and_asked_for_in_python(metric: MSDS, folder: Path) -> None:
    files = [folder / side / "a.png" for side in "or"]
    images = [msds.load_image(file).pixels[None] for file in files]
    masks = [saliency_mask(image, threshold=0.2) for image in images]
    expected = float(metric(*images, reference_mask=masks[0], distorted_mask=masks[1]))
    options = {"model": metric, "saliency": "spectral-residual", "saliency_threshold": 0.2}
    assert msds.score(*files, **options).score == pytest.approx(expected, abs=1e-6)
    (listed,) = msds.score([files[0]], [files[1]], **options)
    assert listed.score == pytest.approx(expected, abs=1e-6)
    maps = (folder / "mo" / "a.png", folder / "mr" / "a.png")
    given = msds.score(*files, model=metric, saliency=maps)
    assert given.score == pytest.approx(tensors(metric, folder, "a"), abs=1e-6)
    assert given.model == f"{metric.model_id}+saliency(maps)"
    with pytest.raises(InputError, match="two maps belong to one pair"):
        msds.score([files[0]], [files[1]], model=metric, saliency=maps)
    with pytest.raises(InputError, match="expected one of spectral-residual"):
        msds.score(*files, model=metric, saliency="gbvs")


def test_reduced_precision_is_refused(folder: Path) -> None:
    metric = MSDS("compact", levels=2, trunk_weights="random").set_engine("torch", "bfloat16")
    with pytest.raises(InputError, match="in float32, not in bfloat16"):
        run_plan(plan_of(folder), metric, Job(MAPS))
