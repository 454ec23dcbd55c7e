"""`msds score` of videos: what is printed, written and refused."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.clips import scene, write_broken, write_clip
from helpers.scoring_files import FRAMES, RANDOM, Called
from msds.results import read_results

Call = Callable[..., Called]


def test_two_videos_print_pooled_scores(clips: Path, msds: Call) -> None:
    files = (clips / "refs" / "a.mp4", clips / "dist" / "a.mkv")
    found = msds("score", *RANDOM, *files)
    assert found.status == 0, found.err
    lines = found.out.splitlines()
    assert lines[0].startswith("1.000000  msds-")
    assert {line.split()[0]: line.split()[1] for line in lines[1:]} == {
        "frames": str(FRAMES),
        "failed_frames": "0",
        "unmatched_reference": "0",
        "unmatched_distorted": "0",
        **dict.fromkeys(
            ("harmonic_mean", "min", "max", "perc1", "perc5", "perc10", "worst_second"), "1.000000"
        ),
    }


def test_folders_hold_videos_among_images(clips: Path, tmp_path: Path, msds: Call) -> None:
    out = tmp_path / "scores.csv"
    frames = tmp_path / "frames.csv"
    dirs = (clips / "refs", clips / "dist")
    found = msds("score", *RANDOM, *dirs, "--out", out, "--frames", frames)
    assert found.status == 0, found.err
    rows = {Path(s.distorted).name: s for s in read_results(out)}
    assert set(rows) == {"a.mkv", "b.mkv", "photo.jpg"}
    assert rows["a.mkv"].score == 1.0
    assert rows["a.mkv"].columns["frames"] == str(FRAMES)
    assert rows["photo.jpg"].columns["frames"] == ""
    assert len(read_results(frames)) == 2 * FRAMES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames.csv", "scores.csv"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_records_of_frames_are_records_of_pairs(
    clips: Path, tmp_path: Path, msds: Call, suffix: str
) -> None:
    frames = tmp_path / f"frames.{suffix}"
    files = (clips / "refs" / "a.mp4", clips / "worse.mkv")
    found = msds("score", *RANDOM, *files, "--frames", frames, "--every", 4)
    assert found.status == 0, found.err
    scores = read_results(frames)
    assert [int(s.columns["frame"]) for s in scores] == [0, 4, 8]
    assert [float(s.columns["time"]) for s in scores] == [0.0, 0.16, 0.32]
    mean = sum(float(s) for s in scores) / 3
    assert float(found.out.split()[0]) == pytest.approx(mean, abs=1e-6)


def test_logs_have_libvmafs_layout(clips: Path, tmp_path: Path, msds: Call) -> None:
    files = (clips / "refs" / "a.mp4", clips / "worse.mkv")
    for name in ("log.xml", "log.json"):
        arguments = (*files, "--frames", tmp_path / name, "--log", "vmaf")
        assert msds("score", *RANDOM, *arguments).status == 0
    log = json.loads((tmp_path / "log.json").read_text())
    assert [row["frameNum"] for row in log["frames"]] == list(range(FRAMES))
    values = [row["metrics"]["msds"] for row in log["frames"]]
    pooled = log["pooled_metrics"]["msds"]
    assert pooled["min"] == pytest.approx(min(values))
    assert pooled["mean"] == pytest.approx(sum(values) / FRAMES, abs=1e-6)
    assert set(pooled) == {"min", "max", "mean", "harmonic_mean"}
    tree = ElementTree.parse(tmp_path / "log.xml").getroot()
    assert tree.tag == "VMAF"
    frames = tree.findall("frames/frame")
    assert [float(frame.attrib["msds"]) for frame in frames] == pytest.approx(values, abs=1e-6)
    metrics = {m.attrib["name"]: m.attrib for m in tree.findall("pooled_metrics/metric")}
    assert float(metrics["msds"]["harmonic_mean"]) == pytest.approx(pooled["harmonic_mean"])


def test_frames_without_a_partner_change_the_exit_status_unless_allowed(
    clips: Path, tmp_path: Path, msds: Call
) -> None:
    short = write_clip(tmp_path / "short.mkv", scene(FRAMES)[:7])
    files = (clips / "refs" / "a.mp4", short)
    found = msds("score", *RANDOM, *files)
    assert found.status == 1
    assert "msds: 3 frames of the reference without a partner" in found.err
    assert msds("score", *RANDOM, *files, "--allow-unmatched").status == 0


def test_a_video_that_cannot_be_used_costs_its_own_row(
    clips: Path, tmp_path: Path, msds: Call
) -> None:
    broken = write_broken(tmp_path / "broken.mkv")
    reference = clips / "refs" / "a.mp4"
    photo = clips / "dist" / "photo.jpg"
    good = clips / "dist" / "a.mkv"
    out = tmp_path / "scores.jsonl"
    found = msds("score", *RANDOM, reference, broken, photo, good, "--out", out)
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
    clips: Path,
    tmp_path: Path,
    msds: Call,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    files = (clips / "refs" / "a.mp4", clips / "dist" / "a.mkv")
    found = msds("score", *RANDOM, *files, *options)
    assert found.status == 2
    assert reason in " ".join(found.err.split())


def test_options_of_videos_need_one(clips: Path, msds: Call) -> None:
    files = (clips / "refs" / "photo.png", clips / "dist" / "photo.jpg")
    found = msds("score", *RANDOM, *files, "--from", "1")
    assert found.status == 2
    assert "--from is for videos" in found.err
