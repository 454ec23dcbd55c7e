"""Clips scored by their frames: what is exactly 1, what is worse, and what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from helpers.clips import RATE, Planes, remux, scene, write_clip
from helpers.small_trunk import small_trunk
from msds.errors import InputError
from msds.metric import MSDS
from msds.models import load_model
from msds.results import Score
from msds.video import ClipReading, score_clips

COUNT = 16


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS(small_trunk(), levels=2)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "reference.mp4", scene(COUNT))


def counts(score: Score) -> tuple[int, ...]:
    names = ("frames", "failed_frames", "unmatched_reference", "unmatched_distorted")
    return tuple(score.columns[name] for name in names)


def changed(frames: Sequence[Planes], change: dict[int, int]) -> list[Planes]:
    """Frames of which some are replaced by others."""
    return [frames[change.get(k, k)] for k in range(len(frames))]


@pytest.mark.parametrize("suffix", ["mkv", "ts", "mov"])
def test_a_remux_scores_exactly_one(
    reference: Path, tmp_path: Path, metric: MSDS, suffix: str
) -> None:
    found = score_clips(reference, remux(reference, tmp_path / f"a.{suffix}"), model=metric)
    assert found.score == found.columns["min"] == 1.0
    assert counts(found) == (COUNT, 0, 0, 0)


@pytest.mark.parametrize("colour", [{}, {"colorspace": 1, "color_range": 2}])
def test_a_lossless_copy_scores_exactly_one(
    tmp_path: Path, metric: MSDS, colour: dict[str, int]
) -> None:
    first = write_clip(tmp_path / "a.mp4", scene(4), colour=colour)
    for name, codec in (("b.mkv", "ffv1"), ("c.mov", "libx264"), ("d.avi", "ffv1")):
        second = write_clip(tmp_path / name, scene(4), codec=codec, colour=colour)
        assert score_clips(first, second, model=metric).score == 1.0


def test_ten_bits_are_compared_in_ten_bits(tmp_path: Path, metric: MSDS) -> None:
    frames = [[plane.astype(np.uint16) * 4 for plane in planes] for planes in scene(3)]
    finer = [[planes[0] + 1, *planes[1:]] for planes in frames]
    paths = [
        write_clip(tmp_path / f"{k}.mkv", clip, codec="ffv1", layout="yuv420p10le")
        for k, clip in enumerate((frames, frames, finer))
    ]
    assert score_clips(paths[0], paths[1], model=metric).score == 1.0
    assert 0.99 < score_clips(paths[0], paths[2], model=metric).score < 1.0


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_re_encodes_keep_the_order_of_their_rates(tmp_path: Path, codec: str) -> None:
    frames = scene(6, shape=(160, 208))
    first = write_clip(tmp_path / "a.mkv", frames, codec="ffv1")
    model = load_model("msds-compact", small="fewer-levels")
    scores = []
    for crf in (18, 32, 46):
        options = {"crf": str(crf), "preset": "ultrafast"}
        if codec == "libx265":
            options["x265-params"] = "log-level=none"
        path = write_clip(tmp_path / f"{crf}.mkv", frames, codec=codec, options=options)
        scores.append(score_clips(first, path, model=model).score)
    assert 1.0 > scores[0] > scores[1] > scores[2] > 0.0


def test_a_dropped_frame_is_counted_and_the_rest_stays_in_step(
    reference: Path, tmp_path: Path, metric: MSDS
) -> None:
    times = [k for k in range(COUNT) if k != 7]
    frames = scene(COUNT)
    path = write_clip(tmp_path / "a.mkv", [frames[k] for k in times], times=times)
    found = score_clips(reference, path, model=metric)
    assert found.score == 1.0
    assert counts(found) == (COUNT - 1, 0, 1, 0)
    assert "1 frame of the reference without a partner" in found.notes


def test_half_the_frame_rate_leaves_half_of_the_frames_without_a_partner(
    reference: Path, tmp_path: Path, metric: MSDS
) -> None:
    path = write_clip(tmp_path / "a.mp4", scene(COUNT)[::2], rate=Fraction(RATE, 2))
    found = score_clips(reference, path, model=metric)
    assert found.score == 1.0
    assert counts(found) == (COUNT // 2, 0, COUNT // 2, 0)
    turned = score_clips(path, reference, model=metric)
    assert counts(turned) == (COUNT // 2, 0, 0, COUNT // 2)


def test_a_second_half_that_is_late_costs_that_half(
    reference: Path, tmp_path: Path, metric: MSDS
) -> None:
    half = COUNT // 2
    late = changed(scene(COUNT), {k: k - 1 for k in range(half, COUNT)})
    found = score_clips(reference, write_clip(tmp_path / "a.mkv", late), model=metric)
    first = ClipReading(end=half / RATE)
    assert score_clips(reference, tmp_path / "a.mkv", model=metric, reading=first).score == 1.0
    later = ClipReading(start=half / RATE)
    second = score_clips(reference, tmp_path / "a.mkv", model=metric, reading=later)
    assert second.columns["max"] < 1.0
    assert found.columns["worst_second_at"] == 0.0
    assert found.score == pytest.approx((1.0 + second.score) / 2)


def test_freezes_and_banding_are_seen(reference: Path, tmp_path: Path, metric: MSDS) -> None:
    frozen = changed(scene(COUNT), dict.fromkeys(range(5, 10), 5))
    path = write_clip(tmp_path / "frozen.mkv", frozen)
    reading = ClipReading(start=5.5 / RATE, end=9.5 / RATE)
    assert score_clips(reference, path, model=metric, reading=reading).columns["max"] < 1.0
    banded = [[p[0] // 24 * 24, *p[1:]] for p in scene(COUNT)]
    path = write_clip(tmp_path / "banded.mkv", banded)
    assert score_clips(reference, path, model=metric).columns["max"] < 1.0


def test_a_smaller_clip_is_scaled_and_the_record_says_so(
    reference: Path, tmp_path: Path, metric: MSDS
) -> None:
    small = [[plane[::2, ::2] for plane in planes] for planes in scene(COUNT)]
    path = write_clip(tmp_path / "small.mkv", small)
    found = score_clips(reference, path, model=metric)
    assert "distorted: 48 x 40 scaled to 96 x 80 (Lanczos, coded values)" in found.notes
    assert 0 < found.score < 1
    with pytest.raises(InputError, match="sizes differ: 96 x 80 against 48 x 40"):
        score_clips(reference, path, model=metric, reading=ClipReading(same_size=True))


def test_every_nth_frame_between_two_times_is_scored(reference: Path, metric: MSDS) -> None:
    reading = ClipReading(every=3, start=4 / RATE, end=12 / RATE)
    found = score_clips(reference, reference, model=metric, reading=reading)
    assert counts(found) == (3, 0, 0, 0)  # 4, 7 and 10
    assert found.settings["every"] == 3


@pytest.mark.parametrize("shift", [-4, 3])
def test_an_offset_is_found_and_said(
    reference: Path, tmp_path: Path, metric: MSDS, shift: int
) -> None:
    frames = scene(COUNT + 8)
    moved = frames[-shift:COUNT] if shift < 0 else [frames[20]] * shift + frames[:COUNT]
    path = write_clip(tmp_path / "moved.mkv", moved)
    found = score_clips(reference, path, model=metric, reading=ClipReading(align=0.4))
    assert found.columns["offset"] == pytest.approx(shift / RATE)
    assert found.score == 1.0
    where = "earlier" if shift < 0 else "later"
    assert f"aligned: the distorted clip is {abs(shift) / RATE:g} s {where}" in found.notes[0]
    assert score_clips(reference, path, model=metric).score < 1.0


def test_a_few_frames_of_each_scene_are_scored(tmp_path: Path, metric: MSDS) -> None:
    frames = [*scene(9, 1), *scene(6, 2), *scene(8, 3)]
    path = write_clip(tmp_path / "scenes.mkv", frames)
    found = score_clips(path, path, model=metric, reading=ClipReading(scenes=2))
    assert counts(found)[0] == 6


def test_frames_that_cannot_be_decoded_cost_no_others(tmp_path: Path, metric: MSDS) -> None:
    import av

    options = {"g": "4", "keyint_min": "4", "sc_threshold": "0", "qp": "0", "bf": "0"}
    path = write_clip(tmp_path / "a.mkv", scene(COUNT), options=options)
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(container.streams.video[0]) if p.size]
        place, size = packets[6].pos, packets[6].size
    data = bytearray(path.read_bytes())
    data[place + 12 : place + size] = bytes(255 - b for b in data[place + 12 : place + size])
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(data)
    found = score_clips(path, broken, model=metric)
    scored, failed, alone, passed = counts(found)
    assert failed >= 1
    assert passed == 0
    assert scored + failed + alone == COUNT
    assert scored >= COUNT - 4
    assert any("could not be decoded" in note for note in found.notes)


def test_a_file_that_cannot_be_read_for_its_digest_says_what_is_wrong_with_it(
    reference: Path, tmp_path: Path, metric: MSDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("msds.video.work.sha256_file", forbidden)
    text = tmp_path / "text.mkv"
    text.write_text("no video")
    with pytest.raises(InputError, match=r"text\.mkv: this cannot be opened as a video"):
        score_clips(reference, text, model=metric)


def test_what_cannot_be_scored_says_why(reference: Path, tmp_path: Path, metric: MSDS) -> None:
    woven = write_clip(tmp_path / "woven.mkv", scene(4), interlaced=True)
    with pytest.raises(InputError, match=r"woven\.mkv: this is interlaced"):
        score_clips(reference, woven, model=metric)
    empty = tmp_path / "empty.mkv"
    empty.touch()
    with pytest.raises(InputError, match=r"empty\.mkv: the file is empty"):
        score_clips(reference, empty, model=metric)
