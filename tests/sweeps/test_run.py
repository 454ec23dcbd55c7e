"""A sweep: what its rows tell, what it keeps, and how it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread, current_thread

import numpy as np
import PIL.Image
import pytest
import torch

from helpers.scoring_files import write_image
from msds.engines.threads import own_threads
from msds.errors import InputError
from msds.images import Image
from msds.metric import MSDS
from msds.results import Score, read_results
from msds.scoring import Watcher, score
from msds.scoring.classics import PSNR, SSIM
from msds.status import Status
from msds.sweeps import Codec, SweepJob, SweepPlan, open_codec, plan_sweep, run_sweep
from msds.sweeps.judges import Beside, Lead
from msds.trunks import ModuleTrunk

BESIDE = (Beside("psnr", PSNR()), Beside("ssim", SSIM()))
QUALITIES = (20, 80)


class Counting(Codec):
    """JPEG that remembers what it was asked for, and fails where it is told to."""

    name, suffix = "counting", ".jpg"

    def __init__(self, version: str = "1", fails_at: float | None = None) -> None:
        self.asked: list[float] = []
        self._version, self._fails_at = version, fails_at
        self._jpeg = open_codec("jpeg")

    def described(self) -> str:
        return f"counting {self._version}"

    def encode(self, raster: np.ndarray, quality: float) -> bytes:
        self.asked.append(quality)
        if quality == self._fails_at:
            raise RuntimeError("out of ink")
        return self._jpeg.encode(raster, quality)


class Stopping(Watcher):
    """Stops the sweep after so many rows, as Ctrl-C does."""

    def __init__(self, count: int) -> None:
        self.left = count

    def scored(self, row: int, score: Score) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact", levels=2, trunk_weights="random")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_image(tmp_path / "photos/a.png", 1, (72, 64))
    write_image(tmp_path / "photos/deep/b.png", 2, (80, 64))
    return tmp_path / "photos"


def plan_of(photos: Path, codecs: Sequence[Codec], *qualities: float) -> SweepPlan:
    return plan_sweep([photos], codecs, qualities or QUALITIES)


def test_a_row_tells_what_its_file_costs_and_how_it_scores(
    metric: MSDS, photos: Path, tmp_path: Path
) -> None:
    plan = plan_of(photos, [open_codec("jpeg"), open_codec("webp")])
    job = SweepJob(beside=BESIDE, keep=tmp_path / "kept", threads=2)
    report = run_sweep(plan, metric, job)
    assert report.status is Status.DONE
    assert len(report.scores) == 2 * 2 * 2
    for row in report.scores:
        file, columns = tmp_path / "kept" / row.distorted, row.columns
        alone = score(row.reference, file, model=metric)
        assert row.score == pytest.approx(alone.score, abs=1e-6)
        assert row.levels == pytest.approx(alone.levels, abs=1e-6)
        assert row.distorted_sha256 == alone.distorted_sha256
        before, after = (
            np.asarray(PIL.Image.open(path).convert("RGB")) / 255.0
            for path in (row.reference, file)
        )
        assert columns["bytes"] == file.stat().st_size
        pixels = before.shape[0] * before.shape[1]
        assert columns["bits_per_pixel"] == pytest.approx(8 * columns["bytes"] / pixels, abs=1e-6)
        error = np.mean((before - after) ** 2)
        assert columns["psnr"] == pytest.approx(-10 * np.log10(error), abs=1e-4)
        assert -1 <= columns["ssim"] < 1
        assert columns["encode_seconds"] > 0
        assert columns["decode_seconds"] > 0
    first = report.scores[0].columns
    assert (first["codec"], first["quality"]) == ("jpeg", 20)
    assert "Pillow" in first["encoder"]


def test_without_an_output_nothing_is_left_on_disk(metric: MSDS, photos: Path) -> None:
    before = sorted(photos.parent.rglob("*"))
    run_sweep(plan_of(photos, [open_codec("jpeg")]), metric)
    assert sorted(photos.parent.rglob("*")) == before


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_table_has_the_rows_in_the_order_of_the_plan_with_their_numbers(
    metric: MSDS, photos: Path, tmp_path: Path, suffix: str
) -> None:
    plan = plan_of(photos, [open_codec("webp"), open_codec("jpeg")])
    output = tmp_path / f"out{suffix}"
    report = run_sweep(plan, metric, SweepJob(beside=BESIDE, output=output, threads=3))
    found = read_results(output)
    assert [row.distorted for row in found] == [cell.distorted for cell in plan.cells]
    for row, expected in zip(found, report.scores, strict=True):
        assert row.score == pytest.approx(expected.score, abs=1e-9)
        for name in ("bytes", "bits_per_pixel", "psnr", "ssim"):
            assert float(row.columns[name]) == pytest.approx(expected.columns[name], abs=1e-9)
    assert not list(tmp_path.glob("*.journal"))


def test_a_stopped_sweep_goes_on_and_encodes_nothing_twice(
    metric: MSDS, photos: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.jsonl"
    codec = Counting()
    plan = plan_of(photos, [codec], 10, 30, 50, 70)
    whole = run_sweep(plan, metric, SweepJob(beside=BESIDE, threads=1))
    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, metric, SweepJob(beside=BESIDE, output=output, threads=1), Stopping(5))
    codec.asked.clear()
    job = SweepJob(beside=BESIDE, output=output, resume=True, threads=1)
    report = run_sweep(plan, metric, job)
    assert report.kept == 5
    assert len(codec.asked) == 3
    for row, expected in zip(report.scores, whole.scores, strict=True):
        assert row.distorted == expected.distorted
        assert row.score == pytest.approx(expected.score, abs=1e-6)
        assert row.columns["psnr"] == pytest.approx(expected.columns["psnr"], abs=1e-9)
        assert row.columns["bytes"] == expected.columns["bytes"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_complete_table_is_added_to(
    metric: MSDS, photos: Path, tmp_path: Path, suffix: str
) -> None:
    output, codec = tmp_path / f"out{suffix}", Counting()
    run_sweep(plan_of(photos, [codec], 10, 90), metric, SweepJob(output=output))
    codec.asked.clear()
    plan = plan_of(photos, [codec], 10, 50, 90)
    report = run_sweep(plan, metric, SweepJob(output=output, resume=True))
    assert codec.asked == [50, 50]
    assert report.kept == 4
    assert [row.distorted for row in read_results(output)] == [c.distorted for c in plan.cells]
    assert [float(row.columns["quality"]) for row in read_results(output)] == [10, 50, 90] * 2


def test_rows_of_a_changed_image_another_encoder_or_a_lost_file_are_made_again(
    metric: MSDS, photos: Path, tmp_path: Path
) -> None:
    output, kept = tmp_path / "out.jsonl", tmp_path / "kept"
    run_sweep(plan_of(photos, [Counting()]), metric, SweepJob(output=output, keep=kept))
    write_image(photos / "a.png", 7, (72, 64))
    (kept / "counting/deep/b_q80.jpg").unlink()
    same = Counting()
    job = SweepJob(output=output, keep=kept, resume=True)
    assert run_sweep(plan_of(photos, [same]), metric, job).kept == 1
    assert sorted(same.asked) == [20, 80, 80]
    newer = Counting("2")
    assert run_sweep(plan_of(photos, [newer]), metric, job).kept == 0


def test_what_fails_costs_its_own_rows(metric: MSDS, photos: Path) -> None:
    (photos / "broken.png").write_bytes(b"no image")
    report = run_sweep(plan_of(photos, [Counting(fails_at=80)]), metric, SweepJob(beside=BESIDE))
    assert report.status is Status.SOME_FAILED
    errors = {row.distorted: row.error for row in report.scores}
    assert errors["counting/a_q20.jpg"] is None
    assert "out of ink" in str(errors["counting/a_q80.jpg"])
    assert "broken.png" in str(errors["counting/broken_q20.jpg"])


def test_a_metric_that_fails_costs_its_own_cell(metric: MSDS, photos: Path) -> None:
    class Broken(PSNR):
        def compare(self, reference: object, distorted: object) -> tuple[float, ...]:
            raise RuntimeError("dead")

    beside = (Beside("broken", Broken()), *BESIDE)
    report = run_sweep(plan_of(photos, [open_codec("jpeg")]), metric, SweepJob(beside=beside))
    assert report.status is Status.DONE
    for row in report.scores:
        assert row.columns["broken"] is None
        assert "no broken: dead" in row.notes
        assert row.columns["psnr"] > 0


def test_scores_are_the_same_whatever_memory_and_threads(metric: MSDS, photos: Path) -> None:
    plan = plan_of(photos, [open_codec("jpeg")], 20, 40, 60, 80)
    one = run_sweep(plan, metric, SweepJob(threads=1, memory=64 * 2**20))
    four = run_sweep(plan, metric, SweepJob(threads=4))
    assert [row.score for row in one.scores] == pytest.approx(
        [row.score for row in four.scores], abs=1e-6
    )


def test_plans_that_cannot_be_told_apart_are_refused(photos: Path, tmp_path: Path) -> None:
    jpeg = open_codec("jpeg")
    with pytest.raises(InputError, match="Two encoders are called jpeg"):
        plan_sweep([photos], [jpeg, open_codec("jpeg")], QUALITIES)
    with pytest.raises(InputError, match="encoded files of one name"):
        plan_sweep([photos / "a.png", photos], [jpeg], QUALITIES)
    with pytest.raises(InputError, match="no such file"):
        plan_sweep([tmp_path / "gone"], [jpeg], QUALITIES)
    with pytest.raises(InputError, match="jpeg has no settings"):
        plan_sweep([photos], [jpeg], None)
    with pytest.raises(InputError, match="webp=... is of an encoder that is not swept"):
        plan_sweep([photos], [jpeg], QUALITIES, {"webp": (1,)})


def test_a_trunk_of_ones_own_is_entered_by_one_thread_alone(photos: Path) -> None:
    network, callers = torch.nn.Conv2d(3, 8, 8, stride=8), set[Thread]()
    network.register_forward_hook(lambda *_: callers.add(current_thread()))
    own = MSDS(ModuleTrunk(network, "own"), levels=2)
    report = run_sweep(plan_of(photos, [open_codec("jpeg")]), own, SweepJob(threads=3))
    assert report.status is Status.DONE
    assert callers == {current_thread()}


def test_a_sweep_leaves_the_number_of_threads_of_others_alone(metric: MSDS, photos: Path) -> None:
    before = torch.get_num_threads()
    run_sweep(plan_of(photos, [open_codec("jpeg")]), metric, SweepJob(threads=3))
    assert torch.get_num_threads() == before
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before


def test_images_too_large_for_a_threads_share_of_memory_pass_the_trunk_by_themselves(
    metric: MSDS,
) -> None:
    small, large = (Image(torch.zeros(3, side, side), (), "x") for side in (64, 512))
    lead = Lead(metric, 2 * 2**20, threads=2)
    assert (lead.aside(small), lead.aside(large)) == (own_threads(), False)
    assert lead.batch_size(large) == 1
