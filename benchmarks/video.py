"""Frames of 1080p in a second, and the memory that a long clip takes.

    python -m benchmarks.video
    python -m benchmarks.video --memory

The clips are made here: a photograph, larger than the frame, over which the frame wanders, encoded
by libx264 at two qualities. Each contender scores them in a process of its own: `msds score`, every
frame and every fifth, and a loop that decodes with PyAV into 8-bit RGB and calls MS-SSIM of
pytorch-msssim on each pair. Seconds of the processors for each scored frame hardly depend on what
else the machine does. Whether libvmaf can be had is said.

With `--memory`, a clip of 10,000 frames is scored by every two-hundredth one, and the peak of the
process printed; the clip is a short one again and again, packet by packet.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.speed_memory import peak

ROOT = Path(__file__).resolve().parents[1]
PHOTO = ROOT / "examples" / "photos" / "chelsea.png"
SIZE = (1920, 1080)
RATE = 25
LONG = 10_000


def frames(count: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Windows of a photograph that move by a few pixels, with grain that changes."""
    width, height = SIZE
    with Image.open(PHOTO) as photo:
        large = np.asarray(photo.convert("RGB").resize((width + 400, height + 300)))
    grain = np.random.default_rng(0).integers(-6, 7, (height, width + 64, 1), dtype=np.int16)
    for k in range(count):
        top, left = (2 * k) % 300, (3 * k) % 400
        window = large[top : top + height, left : left + width].astype(np.int16)
        shift = (17 * k) % 64
        yield np.clip(window + grain[:, shift : shift + width], 0, 255).astype(np.uint8)


def encode(path: Path, count: int, crf: int) -> Path:
    """A clip of so many frames."""
    with av.open(str(path), "w") as container:
        options = {"crf": str(crf), "preset": "veryfast", "bf": "0", "g": "25"}
        stream: Any = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number, pixels in enumerate(frames(count)):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def repeated(source: Path, target: Path, count: int) -> Path:
    """The packets of a clip over and over, until there are so many."""
    with av.open(str(source)) as inside:
        stream = inside.streams.video[0]
        packets = [p for p in inside.demux(stream) if p.size]
        step = round(1 / (RATE * stream.time_base))
        with av.open(str(target), "w") as outside:
            copy = outside.add_stream_from_template(stream)
            for number in range(count):
                packet = packets[number % len(packets)]
                packet.stream = copy
                again = av.Packet(bytes(packet))
                again.stream, again.time_base = copy, stream.time_base
                again.pts = again.dts = number * step
                again.is_keyframe = packet.is_keyframe
                outside.mux(again)
    return target


def run_msds(reference: Path, distorted: Path, every: int, engine: str) -> dict[str, float]:
    """Score two clips in this process."""
    from msds.models import load_model
    from msds.video import ClipReading, score_clips

    metric = load_model("msds-compact").set_engine(engine)
    before, start, work = peak(), time.perf_counter(), time.process_time()
    found = score_clips(reference, distorted, model=metric, reading=ClipReading(every=every))
    seconds = time.perf_counter() - start
    return {
        "frames": found.columns["frames"],
        "seconds": seconds,
        "cpu_seconds": time.process_time() - work,
        "score": float(found),
        "peak_mb": peak(),
        "before_mb": before,
    }


def run_msssim(reference: Path, distorted: Path, every: int) -> dict[str, float]:
    """Decode and call MS-SSIM, frame by frame."""
    import torch
    from pytorch_msssim import ms_ssim

    scores = []
    start, work = time.perf_counter(), time.process_time()
    with av.open(str(reference)) as first, av.open(str(distorted)) as second:
        pairs = zip(first.decode(video=0), second.decode(video=0), strict=True)
        for number, both in enumerate(pairs):
            if number % every:
                continue
            images = [
                torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)[None].float()
                for frame in both
            ]
            with torch.inference_mode():
                scores.append(float(ms_ssim(*images, data_range=255)))
    seconds = time.perf_counter() - start
    return {
        "frames": len(scores),
        "seconds": seconds,
        "cpu_seconds": time.process_time() - work,
        "score": float(np.mean(scores)),
        "peak_mb": peak(),
    }


def libvmaf() -> str:
    """Whether libvmaf is at hand, in a sentence."""
    found = []
    for command in (["vmaf", "--version"], ["ffmpeg", "-hide_banner", "-filters"]):
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            found.append(f"there is no program {command[0]}")
            continue
        if command[0] == "ffmpeg" and "libvmaf" not in result.stdout:
            found.append("the ffmpeg here has no filter libvmaf")
    if "libvmaf" not in av.filter.filters_available:
        found.append("PyAV's FFmpeg has none either")
    return "; ".join(found) or "libvmaf is at hand"


def child(kind: str, reference: Path, distorted: Path, every: int) -> dict[str, float]:
    """What a contender finds, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.video", "--child", kind, str(every)]
    command += [str(reference), str(distorted)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return found


def compare(count: int) -> None:
    """Print frames in a second of every contender."""
    with tempfile.TemporaryDirectory() as folder:
        reference = encode(Path(folder) / "reference.mp4", count, 12)
        distorted = encode(Path(folder) / "distorted.mp4", count, 34)
        print(f"{count} frames of {SIZE[0]} x {SIZE[1]}, two clips; {libvmaf()}")
        heads = ("scored", "frames/s", "of clip/s", "CPU s each", "peak MB", "score")
        print(" " * 36 + "".join(f"{head:>12}" for head in heads))
        for kind in ("torch", "winograd", "ms-ssim"):
            for every in (1, 5):
                found = child(kind, reference, distorted, every)
                name = "MS-SSIM of pytorch-msssim" if kind == "ms-ssim" else f"msds, {kind}"
                rates = [found["frames"] / found["seconds"], count / found["seconds"]]
                each = found["cpu_seconds"] / found["frames"]
                print(
                    f"{name + f', every {every}':<36}{found['frames']:>12}{rates[0]:>12.2f}"
                    f"{rates[1]:>12.2f}{each:>12.2f}{found['peak_mb']:>12.0f}{found['score']:>12.4f}"
                )


def memory(count: int, every: int) -> None:
    """Print the peak of a process that scores a long clip, and of a short one."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        short = [encode(place / f"{crf}.mp4", 50, crf) for crf in (32, 44)]
        for length in (count // 20, count):
            clips = [repeated(one, place / f"long-{one.name}", length) for one in short]
            found = child("torch", clips[0], clips[1], every)
            print(
                f"{length} frames, every {every}: peak {found['peak_mb']:.0f} MB, of which "
                f"{found['before_mb']:.0f} MB before; {found['frames']} scored in "
                f"{found['seconds']:.0f} s"
            )


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=40, help="of the clips that are timed")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    parser.add_argument("--long", type=int, default=LONG, help="frames of the long clip")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        kind, every, reference, distorted = given.child
        if kind == "ms-ssim":
            found = run_msssim(Path(reference), Path(distorted), int(every))
        else:
            found = run_msds(Path(reference), Path(distorted), int(every), kind)
        print(json.dumps(found))
    elif given.memory:
        memory(given.long, 200)
    else:
        compare(given.frames)


if __name__ == "__main__":
    main()
