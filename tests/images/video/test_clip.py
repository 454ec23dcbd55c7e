"""Frames of clips by time: containers, order, edit lists, rotation, damage, and what is refused."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from helpers.clips import RATE, remux, scene, write_clip
from msds.errors import InputError
from msds.images.video import Clip, Frame, open_clip
from msds.images.video.fields import progressive

COUNT = 12


def times(clip: Clip) -> list[Fraction]:
    return [frame.time for frame in clip.frames()]


def pixels(clip: Clip) -> list[torch.Tensor]:
    return [clip.image(frame).pixels for frame in clip.frames() if frame.picture is not None]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lossless H.264 in MP4."""
    return write_clip(tmp_path_factory.mktemp("clips") / "plain.mp4", scene(COUNT))


@pytest.mark.parametrize("suffix", ["mkv", "mov", "ts", "nut", "flv"])
def test_containers_do_not_change_frames_and_times_begin_at_zero(
    plain: Path, tmp_path: Path, suffix: str
) -> None:
    first, other = open_clip(plain), open_clip(remux(plain, tmp_path / f"other.{suffix}"))
    assert times(other) == [Fraction(k, RATE) for k in range(COUNT)]
    for a, b in zip(pixels(first), pixels(other), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("codec", "layout", "options"),
    [
        ("libx264", "yuv420p", {"bf": "3", "preset": "medium", "qp": "0"}),
        ("ffv1", "yuv420p", {}),
        ("libx265", "yuv420p", {"x265-params": "lossless=1:log-level=none"}),
        ("libvpx-vp9", "yuv420p", {"lossless": "1", "cpu-used": "8", "row-mt": "0"}),
    ],
)
def test_lossless_encoders_give_back_the_frames_in_their_order(
    plain: Path, tmp_path: Path, codec: str, layout: str, options: dict[str, str]
) -> None:
    path = write_clip(
        tmp_path / "other.mkv", scene(COUNT), codec=codec, layout=layout, options=options
    )
    other = open_clip(path)
    assert times(other) == [Fraction(k, RATE) for k in range(COUNT)]
    for a, b in zip(pixels(open_clip(plain)), pixels(other), strict=True):
        assert torch.equal(a, b)


def test_av1_of_ten_bits_is_close_to_what_was_encoded(tmp_path: Path) -> None:
    frames = [[plane.astype(np.uint16) * 4 for plane in planes] for planes in scene(4)]
    path = write_clip(
        tmp_path / "a.mkv",
        frames,
        codec="libsvtav1",
        layout="yuv420p10le",
        options={"preset": "10", "crf": "20"},
    )
    exact = write_clip(tmp_path / "b.mkv", frames, codec="ffv1", layout="yuv420p10le")
    for a, b in zip(pixels(open_clip(exact)), pixels(open_clip(path)), strict=True):
        assert (a - b).abs().mean() < 0.03


def test_frames_of_variable_rate_keep_their_times(tmp_path: Path) -> None:
    stamps = [0, 1, 2, 6, 7, 11]
    clip = open_clip(write_clip(tmp_path / "a.mkv", scene(6), times=stamps))
    assert times(clip) == [Fraction(k, RATE) for k in stamps]


def test_an_edit_list_cuts_what_is_not_shown(plain: Path, tmp_path: Path) -> None:
    data = bytearray(plain.read_bytes())
    place = data.index(b"elst") + 16  # version and flags, count, duration, media_time
    (media_time,) = struct.unpack(">i", data[place : place + 4])
    with av.open(str(plain)) as container:
        step = round(1 / (RATE * container.streams.video[0].time_base))
    data[place : place + 4] = struct.pack(">i", media_time + 3 * step)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data)
    clip = open_clip(cut)
    assert times(clip) == [Fraction(k, RATE) for k in range(COUNT - 3)]
    for a, b in zip(pixels(open_clip(plain))[3:], pixels(clip), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("degrees", "turned_by"),
    [(90, "90 degrees counterclockwise"), (180, "180 degrees"), (-90, "90 degrees clockwise")],
)
def test_frames_are_turned_as_the_file_says(
    plain: Path, tmp_path: Path, degrees: int, turned_by: str
) -> None:
    path = write_clip(tmp_path / "turned.mp4", scene(1), rotation=degrees)
    stored, turned = pixels(open_clip(plain))[0], pixels(open_clip(path))[0]
    expected = np.rot90(stored.numpy(), degrees // 90, axes=(1, 2))
    np.testing.assert_array_equal(turned.numpy(), expected)
    clip = open_clip(path)
    notes = clip.image(next(clip.frames())).notes
    assert notes == (f"display matrix (turned by {turned_by}) applied",)


def test_frames_can_be_had_from_a_time_on(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", scene(80), options={"g": "10", "qp": "0", "bf": "2"})
    clip = open_clip(path)
    start = Fraction(60, RATE)
    whole = {frame.time: clip.image(frame).pixels for frame in clip.frames()}
    later = list(clip.frames(start))
    assert 20 <= len(later) < 80
    assert {time for time in whole if time >= start} <= {frame.time for frame in later}
    for frame in later:
        assert torch.equal(clip.image(frame).pixels, whole[frame.time])


def test_interlaced_frames_are_refused_unless_told_how(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", scene(5), interlaced=True)
    with pytest.raises(InputError, match=r"a\.mkv: this is interlaced.*--interlaced weave"):
        list(open_clip(path).frames())
    woven = list(open_clip(path, interlaced="weave").frames())
    whole = list(open_clip(path, interlaced="bwdif").frames())
    assert (
        [f.time for f in woven] == [f.time for f in whole] == [Fraction(k, RATE) for k in range(5)]
    )
    with pytest.raises(InputError, match="interlaced is 'drop'; expected weave or bwdif"):
        open_clip(path, interlaced="drop")


@pytest.mark.parametrize("lost", [0, 3, 5])
def test_deinterlaced_frames_stay_in_order_around_one_that_is_lost(
    tmp_path: Path, lost: int
) -> None:
    path = write_clip(tmp_path / "woven.mkv", scene(6), interlaced=True)
    woven = list(open_clip(path, interlaced="weave").frames())
    expected = [frame.time for frame in woven]
    woven[lost] = Frame(woven[lost].time, error="damaged")
    found = list(progressive(iter(woven)))
    assert [frame.time for frame in found] == expected
    assert [frame.error for frame in found] == [frame.error for frame in woven]


def test_damage_costs_the_frames_that_need_it(tmp_path: Path) -> None:
    options = {"g": "5", "keyint_min": "5", "sc_threshold": "0", "qp": "10", "bf": "0"}
    path = write_clip(tmp_path / "a.mkv", scene(20), options=options)
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(container.streams.video[0]) if p.size]
        places = [(p.pos, p.size) for p in packets]
    data = bytearray(path.read_bytes())
    start, size = places[7]
    data[start + 12 : start + size] = bytes(255 - b for b in data[start + 12 : start + size])
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(data)
    whole, found = open_clip(path), list(open_clip(broken).frames())
    failed = {round(f.time * RATE) for f in found if f.error}
    assert 7 in failed
    assert failed <= {5, 6, 7, 8, 9}  # no more than its group of pictures
    assert all(f.error.startswith("cannot be decoded: ") for f in found if f.error)
    good = {frame.time: whole.image(frame).pixels for frame in whole.frames()}
    for frame in found:
        number = round(frame.time * RATE)
        if number < 5 or number >= 10:
            assert torch.equal(whole.image(frame).pixels, good[frame.time])
    assert {round(f.time * RATE) for f in found} >= {*range(7), *range(10, 20)}


def test_a_truncated_clip_gives_what_is_there(plain: Path, tmp_path: Path) -> None:
    whole = remux(plain, tmp_path / "whole.mkv")
    part = tmp_path / "part.mkv"
    data = whole.read_bytes()
    part.write_bytes(data[: len(data) * 3 // 4])
    found = [frame for frame in open_clip(part).frames() if frame.picture is not None]
    assert 2 < len(found) < COUNT
    expected = pixels(open_clip(whole))
    for k, frame in enumerate(found):
        assert torch.equal(open_clip(part).image(frame).pixels, expected[k])


def test_what_is_no_video_is_refused_in_a_sentence(plain: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(InputError, match=r"empty\.mp4: the file is empty"):
        open_clip(empty)
    headless = tmp_path / "headless.mp4"  # the index is at its end
    headless.write_bytes(plain.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"headless\.mp4: this cannot be opened as a video"):
        open_clip(headless)
    text = tmp_path / "list.mp4"
    text.write_text(f"#EXTM3U\n#EXTINF:1,\n{plain}\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError, match=r"list\.mp4: this cannot be opened as a video"):
        open_clip(text)


def test_what_a_file_is_called_inside_need_not_be_utf_8(plain: Path, tmp_path: Path) -> None:
    path, named = tmp_path / "named.mp4", plain.read_bytes()
    assert b"Lavf" in named
    path.write_bytes(named.replace(b"Lavf", b"\xe4\xff\xfef"))
    assert times(open_clip(path)) == times(open_clip(plain))


def test_a_file_of_sound_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), "fltp", "mono")
        frame.rate, frame.pts = 48000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(
        InputError, match=r"sound\.mp4: there is no video in this file; found audio"
    ):
        open_clip(path)


def test_size_and_memory_are_looked_at_before_anything_is_decoded(plain: Path) -> None:
    with pytest.raises(InputError, match=r"the image is 96 x 80, 7680 pixels; at most 5000"):
        open_clip(plain, max_pixels=5000)
    with pytest.raises(InputError, match=r"of memory; 0 MiB are allowed"):
        open_clip(plain, memory=500_000)


def test_what_looks_into_a_file_decodes_no_frame_above_the_limit(tmp_path: Path) -> None:
    # The size of this one is known from its frames.
    path = write_clip(
        tmp_path / "frames.mjpeg", scene(2), codec="mjpeg", options={"strict": "unofficial"}
    )
    assert (open_clip(path).width, open_clip(path).height) == (96, 80)
    with pytest.raises(InputError, match=r"its frames have more than 5,000 pixels"):
        open_clip(path, max_pixels=5000)


def test_a_codec_that_nobody_knows_is_refused(plain: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.mp4"
    strange.write_bytes(plain.read_bytes().replace(b"avc1", b"zzz9").replace(b"avcC", b"zzzC"))
    with pytest.raises(InputError, match=r"strange\.mp4: there is no"):
        open_clip(strange)
