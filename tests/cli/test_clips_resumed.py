"""`msds score` of videos that was stopped: no frame lost, none scored twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.clips import write_broken
from helpers.scoring_files import FRAMES, RANDOM, Called, rows_of
from msds.errors import InputError
from msds.results import Score, read_results
from msds.results.clips import FrameJournal
from msds.results.journal import line_of
from msds.video.frames import FrameScorer
from msds.video.work import Work

Call = Callable[..., Called]


def test_a_run_goes_on_at_the_frame_where_it_was_stopped(
    clips: Path, tmp_path: Path, msds: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, worse = clips / "refs" / "a.mp4", clips / "worse.mkv"
    whole, out, frames = (tmp_path / name for name in ("whole.csv", "out.csv", "frames.csv"))
    again = clips / "dist" / "a.mkv"
    msds("score", *RANDOM, reference, worse, again, "--frames", whole)
    arguments = (*RANDOM, reference, worse, again, "--out", out, "--frames", frames)
    with monkeypatch.context() as patch:
        count_frames(patch, 9)  # in the middle of a moment
        assert msds("score", *arguments).status == 130
    assert not frames.exists()
    scored = count_frames(monkeypatch)
    refused = msds("score", *arguments)
    assert refused.status == 2
    assert "go on with --resume" in refused.err
    found = msds("score", *arguments, "--resume")
    assert found.status == 0, found.err
    assert len(scored) == 2 * FRAMES - 9
    assert plain(frames) == plain(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "frames.csv",
        "out.csv",
        "whole.csv",
    ]
    (first, _) = read_results(out)
    assert float(first.columns["min"]) == min(float(s) for s in read_results(frames)[:FRAMES])


def fail_at(monkeypatch: pytest.MonkeyPatch, count: int, error: BaseException) -> None:
    """Make the scorer of frames fail behind so many moments."""
    real = FrameScorer.scores

    def failing(self: FrameScorer, moments: object) -> object:
        for number, scored in enumerate(real(self, moments)):  # type: ignore[arg-type]
            if number == count:
                raise error
            yield scored

    monkeypatch.setattr(FrameScorer, "scores", failing)


def count_frames(monkeypatch: pytest.MonkeyPatch, most: int | None = None) -> list[int]:
    """Numbers of frames that are scored from now on; behind `most` the run is interrupted."""
    scored: list[int] = []
    add = Work._add

    def counted(self: Work, version, one, earlier: int) -> None:
        if len(scored) == most:
            raise KeyboardInterrupt
        scored.append(one.score.columns["frame"])
        add(self, version, one, earlier)

    monkeypatch.setattr(Work, "_add", counted)
    return scored


def plain(path: Path) -> list[dict[str, str]]:
    """The rows of a table without the time that each took."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows_of(path)]


@pytest.mark.parametrize("alone", [False, True])
def test_a_video_that_fails_late_is_gone_on_with_by_resume_and_begun_anew_without(
    clips: Path, tmp_path: Path, msds: Call, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    out, frames, whole = (tmp_path / name for name in ("out.csv", "frames.csv", "whole.csv"))
    files = (*RANDOM, clips / "refs" / "a.mp4", clips / "worse.mkv")
    assert msds("score", *files, "--frames", whole).status == 0
    arguments = ("score", *files, "--frames", frames, *(() if alone else ("--out", out)))
    for _ in range(2):  # the second begins anew, and is not refused
        with monkeypatch.context() as patch:
            scored = count_frames(patch)
            fail_at(patch, 6, MemoryError())
            failed = msds(*arguments)
        assert scored == list(range(6))
        assert failed.status == (2 if alone else 1)
        assert "--resume goes on there" in failed.err
        if not alone:
            (row,) = read_results(out)
            assert (row.score, row.columns["frames"]) == (None, "6")
    scored = count_frames(monkeypatch)
    done = msds(*arguments, "--resume")
    assert done.status == 0, done.err
    assert scored == list(range(6, FRAMES))
    assert plain(frames) == plain(whole)
    assert {one.name for one in tmp_path.iterdir()} == {
        *(one.name for one in (frames, whole)),
        *(() if alone else ("out.csv",)),
    }


def test_frames_that_cannot_be_kept_end_the_run_and_lose_none(
    clips: Path, tmp_path: Path, msds: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, frames, whole = (tmp_path / name for name in ("out.csv", "frames.csv", "whole.csv"))
    files = (*RANDOM, clips / "refs" / "a.mp4", clips / "worse.mkv")
    assert msds("score", *files, "--frames", whole).status == 0
    real, add = FrameJournal.add_frame, ("score", *files, "--out", out, "--frames", frames)

    def full(self: FrameJournal, score: Score) -> None:
        if score.columns["frame"] == 4:
            raise InputError(f"{self.path}: results cannot be written (No space left on device).")
        real(self, score)

    with monkeypatch.context() as patch:
        patch.setattr(FrameJournal, "add_frame", full)
        failed = msds(*add)
    assert failed.status == 2
    assert failed.err.splitlines()[-1].endswith("(No space left on device).")
    assert not out.exists()
    assert msds(*add).status == 2  # go on with --resume
    scored = count_frames(monkeypatch)
    assert msds(*add, "--resume").status == 0
    assert scored == list(range(4, FRAMES))
    assert plain(frames) == plain(whole)


@pytest.mark.parametrize("line", ['"frame": 2', '{"clip": ["r"]}'])
def test_frames_behind_a_line_that_is_damaged_are_scored_again(
    clips: Path, tmp_path: Path, msds: Call, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    frames, whole = tmp_path / "frames.csv", tmp_path / "whole.csv"
    files = (*RANDOM, clips / "refs" / "a.mp4", clips / "worse.mkv")
    assert msds("score", *files, "--frames", whole).status == 0
    with monkeypatch.context() as patch:
        fail_at(patch, 6, KeyboardInterrupt())
        assert msds("score", *files, "--frames", frames).status == 130
    (journal,) = tmp_path.glob("frames.csv.*")
    lines = journal.read_bytes().splitlines(keepends=True)
    if line in lines[4].decode():
        lines[4] = lines[4].replace(b'"frame": 2', b'"frame": 7')
    else:
        lines[4] = line_of(json.loads(line))  # whole, but none that this version writes
    journal.write_bytes(b"".join(lines))
    scored = count_frames(monkeypatch)
    assert msds("score", *files, "--frames", frames, "--resume").status == 0
    assert scored == list(range(2, FRAMES))
    assert plain(frames) == plain(whole)


def test_a_video_that_cannot_be_opened_does_not_block_the_next_run(
    clips: Path, tmp_path: Path, msds: Call
) -> None:
    broken = write_broken(tmp_path / "broken.mkv")
    files = (clips / "refs" / "a.mp4", broken, "--frames", tmp_path / "frames.csv")
    for _ in range(2):
        found = msds("score", *RANDOM, *files)
        assert found.status == 2
        assert "cannot be opened as a video" in found.err
        assert list(tmp_path.iterdir()) == [broken]


@pytest.mark.parametrize("complete", [False, True])
def test_resuming_with_or_without_same_size_is_refused_where_it_was_otherwise(
    clips: Path, tmp_path: Path, msds: Call, monkeypatch: pytest.MonkeyPatch, complete: bool
) -> None:
    files = (clips / "refs" / "a.mp4", clips / "worse.mkv")
    arguments = ("score", *RANDOM, *files, "--out", tmp_path / "out.csv")
    with monkeypatch.context() as patch:
        if not complete:
            fail_at(patch, 3, KeyboardInterrupt())
        msds(*arguments, "--same-size")
    refused = msds(*arguments, "--resume")
    assert refused.status == 2
    assert "other settings: same_size differ." in refused.err
    assert msds(*arguments, "--same-size", "--resume").status == 0


def test_frames_that_an_earlier_run_did_not_keep_are_not_left_out_in_silence(
    clips: Path, tmp_path: Path, msds: Call
) -> None:
    out, frames = tmp_path / "out.csv", tmp_path / "frames.csv"
    files = (clips / "refs" / "a.mp4", clips / "dist" / "a.mkv")
    arguments = ("score", *RANDOM, *files, "--out", out)
    assert msds(*arguments).status == 0
    found = msds(*arguments, "--frames", frames, "--resume")
    assert not frames.exists()
    assert "frames.csv was not written" in found.err


def test_the_same_two_videos_twice_in_a_table_are_scored_once(
    clips: Path, tmp_path: Path, msds: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, frames, table = (tmp_path / name for name in ("out.csv", "frames.csv", "table.csv"))
    pair = f"{clips / 'refs' / 'a.mp4'},{clips / 'worse.mkv'}"
    table.write_text(f"reference,distorted,rater\n{pair},1\n{pair},2\n")
    scored = count_frames(monkeypatch)
    arguments = ("--manifest", table, "--out", out, "--frames", frames)
    found = msds("score", *RANDOM, *arguments)
    assert found.status == 0, found.err
    assert scored == list(range(FRAMES))
    first, second = read_results(out)
    assert (first.columns.pop("rater"), second.columns.pop("rater")) == ("1", "2")
    assert (first.score, first.columns) == (second.score, second.columns)
    assert first.columns["frames"] == str(FRAMES)
    assert [int(one.columns["frame"]) for one in read_results(frames)] == list(range(FRAMES))
