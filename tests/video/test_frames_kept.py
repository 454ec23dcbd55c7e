"""Frames that a run leaves beside its output, and when they are of no more use."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.clips import remux, scene, write_clip
from helpers.scoring_files import RANDOM, call
from msds.pairs import Pair
from msds.results import Run, Score
from msds.results.clips import FrameJournal
from msds.video import Clips
from msds.video.frames import FrameScorer

PAIR = Pair("a.mp4", "a.mkv", Path("a.mp4"), Path("a.mkv"))
FRAME = {"frame": 0, "time": 0.0, "distorted_time": 0.0}


def run_of(digit: str) -> Run:
    return Run(f"model-{digit}", digit * 64, {"levels": 1, "weights": [1.0]})


def kept(clips: Clips, run: Run, *, over: bool) -> Path:
    """One frame beside the output of a run, which is over or was interrupted."""
    path = clips.journal_of(run)
    assert path is not None
    with FrameJournal(path, run, resume=False) as journal:
        journal.begin(PAIR, ("1", "2"))
        journal.add_frame(Score(PAIR.reference, PAIR.distorted, 0.5, (0.5,), columns=FRAME))
        if over:
            journal.end()
    return path


def test_frames_of_other_models_go_when_their_run_is_over(tmp_path: Path) -> None:
    clips = Clips(tmp_path / "out[1].csv")
    own, over, interrupted, elsewhere = map(run_of, "abcd")
    clips.runs.append(own)
    stay = {kept(clips, own, over=True), kept(clips, interrupted, over=False)}
    kept(clips, over, over=True)
    other = Clips(tmp_path / "out1.csv")
    stay.add(kept(other, over, over=True))
    stay.add(kept(clips, elsewhere, over=True))
    with FrameJournal(clips.journal_of(elsewhere) or Path(), elsewhere, resume=True):
        clips.forget_others()  # another process goes on with those
    assert set(tmp_path.iterdir()) == stay


def test_a_model_that_writes_the_output_of_one_that_failed_late_leaves_no_frames_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = write_clip(tmp_path / "a.mp4", scene(4, 0))
    remux(reference, tmp_path / "a.mkv")
    out = tmp_path / "out.csv"
    arguments = ("score", *RANDOM[:2], reference, tmp_path / "a.mkv", "--out", out, "--levels")
    real = FrameScorer.scores

    def failing(self: FrameScorer, moments: object) -> object:
        yield next(real(self, moments))  # type: ignore[arg-type]
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(FrameScorer, "scores", failing)
        assert call(patch, capsys, *arguments, "1").status == 1
    assert len(list(tmp_path.glob("out.csv.*.frames"))) == 1
    assert call(monkeypatch, capsys, *arguments, "2").status == 0
    assert list(tmp_path.glob("out.csv.*")) == []
