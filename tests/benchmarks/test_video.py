"""The clips that the benchmark of videos makes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import torch

from benchmarks import video
from msds.images.video import open_clip


def test_a_long_clip_is_the_short_one_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "SIZE", (96, 64))
    short = open_clip(video.encode(tmp_path / "short.mp4", 5, 20))
    long = open_clip(video.repeated(short.path, tmp_path / "long.mp4", 12))
    frames = list(long.frames())
    assert [frame.time for frame in frames] == [Fraction(k, video.RATE) for k in range(12)]
    pixels = [short.image(frame).pixels for frame in short.frames()]
    for k, frame in enumerate(frames):
        assert torch.equal(long.image(frame).pixels, pixels[k % 5])
