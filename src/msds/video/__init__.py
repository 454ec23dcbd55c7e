"""Clips scored frame by frame: in step by time stamp, pooled, with records, logs and resume.

`Clips` takes the place of `msds.scoring.score_pairs` in a run, and scores pairs of videos among
those of images; `score_clips` is one pair, from Python.
"""

from msds.video.pooling import pooled
from msds.video.reading import ClipReading
from msds.video.scorer import Clips, score_clips
from msds.video.work import FrameWatcher

__all__ = ["ClipReading", "Clips", "FrameWatcher", "pooled", "score_clips"]
