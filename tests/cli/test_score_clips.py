"""`msds score` of videos: what is printed, written, resumed and refused."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from helpers.clips import remux, scene, write_clip
from helpers.scoring_files import RANDOM, call, write_image
from msds.errors import InputError
from msds.results import Score, read_results
from msds.results.clips import FrameJournal
from msds.results.journal import line_of
from msds.video.frames import FrameScorer
from msds.video.work import Work

COUNT = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """refs/ and dist/ with videos and an image."""
    root = tmp_path_factory.mktemp("folder")
    for name in ("refs", "dist"):
        (root / name).mkdir()
    for seed, name in enumerate(("a", "b")):
        reference = write_clip(root / "refs" / f"{name}.mp4", scene(COUNT, seed))
        remux(reference, root / "dist" / f"{name}.mkv")
    worse = {"crf": "45", "preset": "ultrafast"}
    write_clip(root / "worse.mkv", scene(COUNT), options=worse)
    write_image(root / "refs" / "photo.png", 1, (64, 64))
    write_image(root / "dist" / "photo.jpg", 1, (64, 64))
    return root


def test_two_videos_print_pooled_scores(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = (folder / "refs" / "a.mp4", folder / "dist" / "a.mkv")
    found = call(monkeypatch, capsys, "score", *RANDOM, *files)
    assert found.status == 0, found.err
    lines = found.out.splitlines()
    assert lines[0].startswith("1.000000  msds-")
    assert {line.split()[0]: line.split()[1] for line in lines[1:]} == {
        "frames": str(COUNT),
        "failed_frames": "0",
        "unmatched_reference": "0",
        "unmatched_distorted": "0",
        **dict.fromkeys(
            ("harmonic_mean", "min", "max", "perc1", "perc5", "perc10", "worst_second"), "1.000000"
        ),
    }


def test_folders_hold_videos_among_images(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "scores.csv"
    frames = tmp_path / "frames.csv"
    dirs = (folder / "refs", folder / "dist")
    found = call(monkeypatch, capsys, "score", *RANDOM, *dirs, "--out", out, "--frames", frames)
    assert found.status == 0, found.err
    rows = {Path(s.distorted).name: s for s in read_results(out)}
    assert set(rows) == {"a.mkv", "b.mkv", "photo.jpg"}
    assert rows["a.mkv"].score == 1.0
    assert rows["a.mkv"].columns["frames"] == str(COUNT)
    assert rows["photo.jpg"].columns["frames"] == ""
    assert len(read_results(frames)) == 2 * COUNT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames.csv", "scores.csv"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_records_of_frames_are_records_of_pairs(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    suffix: str,
) -> None:
    frames = tmp_path / f"frames.{suffix}"
    files = (folder / "refs" / "a.mp4", folder / "worse.mkv")
    found = call(monkeypatch, capsys, "score", *RANDOM, *files, "--frames", frames, "--every", 4)
    assert found.status == 0, found.err
    scores = read_results(frames)
    assert [int(s.columns["frame"]) for s in scores] == [0, 4, 8]
    assert [float(s.columns["time"]) for s in scores] == [0.0, 0.16, 0.32]
    mean = sum(float(s) for s in scores) / 3
    assert float(found.out.split()[0]) == pytest.approx(mean, abs=1e-6)


def test_logs_have_libvmafs_layout(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = (folder / "refs" / "a.mp4", folder / "worse.mkv")
    for name in ("log.xml", "log.json"):
        arguments = (*files, "--frames", tmp_path / name, "--log", "vmaf")
        assert call(monkeypatch, capsys, "score", *RANDOM, *arguments).status == 0
    log = json.loads((tmp_path / "log.json").read_text())
    assert [row["frameNum"] for row in log["frames"]] == list(range(COUNT))
    values = [row["metrics"]["msds"] for row in log["frames"]]
    pooled = log["pooled_metrics"]["msds"]
    assert pooled["min"] == pytest.approx(min(values))
    assert pooled["mean"] == pytest.approx(sum(values) / COUNT, abs=1e-6)
    assert set(pooled) == {"min", "max", "mean", "harmonic_mean"}
    tree = ElementTree.parse(tmp_path / "log.xml").getroot()
    assert tree.tag == "VMAF"
    frames = tree.findall("frames/frame")
    assert [float(frame.attrib["msds"]) for frame in frames] == pytest.approx(values, abs=1e-6)
    metrics = {m.attrib["name"]: m.attrib for m in tree.findall("pooled_metrics/metric")}
    assert float(metrics["msds"]["harmonic_mean"]) == pytest.approx(pooled["harmonic_mean"])


def test_a_run_goes_on_at_the_frame_where_it_was_stopped(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reference, worse = folder / "refs" / "a.mp4", folder / "worse.mkv"
    whole, out, frames = (tmp_path / name for name in ("whole.csv", "out.csv", "frames.csv"))
    again = folder / "dist" / "a.mkv"
    call(monkeypatch, capsys, "score", *RANDOM, reference, worse, again, "--frames", whole)
    arguments = (*RANDOM, reference, worse, again, "--out", out, "--frames", frames)
    add = Work._add
    scored: list[int] = []

    def stopped(self: Work, version, one, earlier: int) -> None:
        if len(scored) == 9:  # in the middle of a moment
            raise KeyboardInterrupt
        scored.append(one.score.columns["frame"])
        add(self, version, one, earlier)

    monkeypatch.setattr(Work, "_add", stopped)
    assert call(monkeypatch, capsys, "score", *arguments).status == 130
    assert not frames.exists()
    again_scored: list[int] = []

    def counted(self: Work, version, one, earlier: int) -> None:
        again_scored.append(one.score.columns["frame"])
        add(self, version, one, earlier)

    monkeypatch.setattr(Work, "_add", counted)
    refused = call(monkeypatch, capsys, "score", *arguments)
    assert refused.status == 2
    assert "go on with --resume" in refused.err
    found = call(monkeypatch, capsys, "score", *arguments, "--resume")
    assert found.status == 0, found.err
    assert len(again_scored) == 2 * COUNT - 9
    rows = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(path.open())]
        for path in (whole, frames)
    ]
    assert rows[0] == rows[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "frames.csv",
        "out.csv",
        "whole.csv",
    ]
    (first, _) = read_results(out)
    assert float(first.columns["min"]) == min(float(s) for s in read_results(frames)[:COUNT])


def fail_at(monkeypatch: pytest.MonkeyPatch, count: int, error: BaseException) -> None:
    """Make the scorer of frames fail behind so many moments."""
    real = FrameScorer.scores

    def failing(self: FrameScorer, moments: object) -> object:
        for number, scored in enumerate(real(self, moments)):  # type: ignore[arg-type]
            if number == count:
                raise error
            yield scored

    monkeypatch.setattr(FrameScorer, "scores", failing)


def count_frames(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of frames that are scored from now on."""
    scored: list[int] = []
    add = Work._add

    def counted(self: Work, version, one, earlier: int) -> None:
        scored.append(one.score.columns["frame"])
        add(self, version, one, earlier)

    monkeypatch.setattr(Work, "_add", counted)
    return scored


def plain(path: Path) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(path.open())]


@pytest.mark.parametrize("alone", [False, True])
def test_a_video_that_fails_late_is_gone_on_with_by_resume_and_begun_anew_without(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    alone: bool,
) -> None:
    out, frames, whole = (tmp_path / name for name in ("out.csv", "frames.csv", "whole.csv"))
    files = (*RANDOM, folder / "refs" / "a.mp4", folder / "worse.mkv")
    assert call(monkeypatch, capsys, "score", *files, "--frames", whole).status == 0
    arguments = ("score", *files, "--frames", frames, *(() if alone else ("--out", out)))
    for _ in range(2):  # the second begins anew, and is not refused
        with monkeypatch.context() as patch:
            scored = count_frames(patch)
            fail_at(patch, 6, MemoryError())
            failed = call(patch, capsys, *arguments)
        assert scored == list(range(6))
        assert failed.status == (2 if alone else 1)
        assert "--resume goes on there" in failed.err
        if not alone:
            (row,) = read_results(out)
            assert (row.score, row.columns["frames"]) == (None, "6")
    scored = count_frames(monkeypatch)
    done = call(monkeypatch, capsys, *arguments, "--resume")
    assert done.status == 0, done.err
    assert scored == list(range(6, COUNT))
    assert plain(frames) == plain(whole)
    assert {one.name for one in tmp_path.iterdir()} == {
        *(one.name for one in (frames, whole)),
        *(() if alone else ("out.csv",)),
    }


def test_frames_that_cannot_be_kept_end_the_run_and_lose_none(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, frames, whole = (tmp_path / name for name in ("out.csv", "frames.csv", "whole.csv"))
    files = (*RANDOM, folder / "refs" / "a.mp4", folder / "worse.mkv")
    assert call(monkeypatch, capsys, "score", *files, "--frames", whole).status == 0
    real, add = FrameJournal.add_frame, ("score", *files, "--out", out, "--frames", frames)

    def full(self: FrameJournal, score: Score) -> None:
        if score.columns["frame"] == 4:
            raise InputError(f"{self.path}: results cannot be written (No space left on device).")
        real(self, score)

    with monkeypatch.context() as patch:
        patch.setattr(FrameJournal, "add_frame", full)
        failed = call(patch, capsys, *add)
    assert failed.status == 2
    assert failed.err.splitlines()[-1].endswith("(No space left on device).")
    assert not out.exists()
    assert call(monkeypatch, capsys, *add).status == 2  # go on with --resume
    scored = count_frames(monkeypatch)
    assert call(monkeypatch, capsys, *add, "--resume").status == 0
    assert scored == list(range(4, COUNT))
    assert plain(frames) == plain(whole)


@pytest.mark.parametrize("line", ['"frame": 2', '{"clip": ["r"]}'])
def test_frames_behind_a_line_that_is_damaged_are_scored_again(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
) -> None:
    frames, whole = tmp_path / "frames.csv", tmp_path / "whole.csv"
    files = (*RANDOM, folder / "refs" / "a.mp4", folder / "worse.mkv")
    assert call(monkeypatch, capsys, "score", *files, "--frames", whole).status == 0
    with monkeypatch.context() as patch:
        fail_at(patch, 6, KeyboardInterrupt())
        assert call(patch, capsys, "score", *files, "--frames", frames).status == 130
    (journal,) = tmp_path.glob("frames.csv.*")
    lines = journal.read_bytes().splitlines(keepends=True)
    if line in lines[4].decode():
        lines[4] = lines[4].replace(b'"frame": 2', b'"frame": 7')
    else:
        lines[4] = line_of(json.loads(line))  # whole, but none that this version writes
    journal.write_bytes(b"".join(lines))
    scored = count_frames(monkeypatch)
    assert call(monkeypatch, capsys, "score", *files, "--frames", frames, "--resume").status == 0
    assert scored == list(range(2, COUNT))
    assert plain(frames) == plain(whole)


def test_a_video_that_cannot_be_opened_does_not_block_the_next_run(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"no video" * 100)
    files = (folder / "refs" / "a.mp4", broken, "--frames", tmp_path / "frames.csv")
    for _ in range(2):
        found = call(monkeypatch, capsys, "score", *RANDOM, *files)
        assert found.status == 2
        assert "cannot be opened as a video" in found.err
        assert list(tmp_path.iterdir()) == [broken]


def test_the_same_two_videos_twice_in_a_table_are_scored_once(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, frames, table = (tmp_path / name for name in ("out.csv", "frames.csv", "table.csv"))
    pair = f"{folder / 'refs' / 'a.mp4'},{folder / 'worse.mkv'}"
    table.write_text(f"reference,distorted,rater\n{pair},1\n{pair},2\n")
    scored = count_frames(monkeypatch)
    arguments = ("--manifest", table, "--out", out, "--frames", frames)
    found = call(monkeypatch, capsys, "score", *RANDOM, *arguments)
    assert found.status == 0, found.err
    assert scored == list(range(COUNT))
    first, second = read_results(out)
    assert (first.columns.pop("rater"), second.columns.pop("rater")) == ("1", "2")
    assert (first.score, first.columns) == (second.score, second.columns)
    assert first.columns["frames"] == str(COUNT)
    assert [int(one.columns["frame"]) for one in read_results(frames)] == list(range(COUNT))


@pytest.mark.parametrize("complete", [False, True])
def test_resuming_with_or_without_same_size_is_refused_where_it_was_otherwise(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    complete: bool,
) -> None:
    files = (folder / "refs" / "a.mp4", folder / "worse.mkv")
    arguments = ("score", *RANDOM, *files, "--out", tmp_path / "out.csv")
    with monkeypatch.context() as patch:
        if not complete:
            fail_at(patch, 3, KeyboardInterrupt())
        call(patch, capsys, *arguments, "--same-size")
    refused = call(monkeypatch, capsys, *arguments, "--resume")
    assert refused.status == 2
    assert "other settings: same_size differ." in refused.err
    assert call(monkeypatch, capsys, *arguments, "--same-size", "--resume").status == 0


def test_frames_that_an_earlier_run_did_not_keep_are_not_left_out_in_silence(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, frames = tmp_path / "out.csv", tmp_path / "frames.csv"
    files = (folder / "refs" / "a.mp4", folder / "dist" / "a.mkv")
    arguments = ("score", *RANDOM, *files, "--out", out)
    assert call(monkeypatch, capsys, *arguments).status == 0
    found = call(monkeypatch, capsys, *arguments, "--frames", frames, "--resume")
    assert not frames.exists()
    assert "frames.csv was not written" in found.err


def test_frames_without_a_partner_change_the_exit_status_unless_allowed(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    short = write_clip(tmp_path / "short.mkv", scene(COUNT)[:7])
    files = (folder / "refs" / "a.mp4", short)
    found = call(monkeypatch, capsys, "score", *RANDOM, *files)
    assert found.status == 1
    assert "msds: 3 frames of the reference without a partner" in found.err
    assert call(monkeypatch, capsys, "score", *RANDOM, *files, "--allow-unmatched").status == 0


def test_a_video_that_cannot_be_used_costs_its_own_row(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"no video" * 100)
    reference = folder / "refs" / "a.mp4"
    photo = folder / "dist" / "photo.jpg"
    good = folder / "dist" / "a.mkv"
    out = tmp_path / "scores.jsonl"
    found = call(
        monkeypatch, capsys, "score", *RANDOM, reference, broken, photo, good, "--out", out
    )
    assert found.status == 1
    first, second, third = read_results(out)
    assert "cannot be opened as a video" in (first.error or "")
    assert second.error == "a video and an image cannot be compared."
    assert third.score == 1.0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--explain",), "--explain is for images"),
        (("--log", "vmaf"), "--log says how --frames FILE is written"),
        (("--frames", "a.xml"), "say so with --log vmaf"),
        (("--every", "2", "--scenes", "3"), "--scenes and --every both choose frames"),
        (("--from", "3", "--to", "2"), "--to 2 is not after --from 3"),
    ],
)
def test_calls_that_mean_nothing_are_refused(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    files = (folder / "refs" / "a.mp4", folder / "dist" / "a.mkv")
    found = call(monkeypatch, capsys, "score", *RANDOM, *files, *options)
    assert found.status == 2
    assert reason in " ".join(found.err.split())


def test_options_of_videos_need_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = (folder / "refs" / "photo.png", folder / "dist" / "photo.jpg")
    found = call(monkeypatch, capsys, "score", *RANDOM, *files, "--from", "1")
    assert found.status == 2
    assert "--from is for videos" in found.err
