"""Give every photograph the lowest codec quality that still reaches a target score.

    python examples/tune_codec.py --target 0.98
    python examples/tune_codec.py --codec webp --target 0.95 --photos FOLDER --save FOLDER

One quality for all photographs wastes bytes on the easy ones and spoils the hard ones. Bisection
needs at most seven encodings of a photograph, and its reference is encoded by the metric once.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

import torch
from common import PHOTOS, centre, load, photo_files, print_table, save_sheet, to_pillow
from PIL import Image
from torch import Tensor

import msds
from msds.trunks import load_trunk

BEST = 100


@dataclass(frozen=True)
class Coded:
    """A photograph as a file of one quality."""

    quality: int
    score: float
    data: bytes
    pixels: Tensor


class Coder:
    """Codes one photograph at any quality and scores the result."""

    def __init__(self, photo: Tensor, codec: str, metric: msds.MSDS) -> None:
        self.picture = to_pillow(photo)
        self.codec = codec
        self.metric = metric
        self.reference = metric.encode(photo)

    def __call__(self, quality: int) -> Coded:
        buffer = io.BytesIO()
        self.picture.save(buffer, self.codec, quality=quality)
        buffer.seek(0)
        pixels = msds.load_image(Image.open(buffer)).pixels[None]
        score = float(self.metric.compare(self.reference, self.metric.encode(pixels)))
        return Coded(quality, score, buffer.getvalue(), pixels)


def lowest(coder: Coder, target: float) -> Coded:
    """The lowest quality whose score reaches the target, or the best there is."""
    low, found = 0, coder(BEST)
    while found.quality - low > 1 and found.score >= target:
        middle = (low + found.quality) // 2
        coded = coder(middle)
        if coded.score >= target:
            found = coded
        else:
            low = middle
    return found


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--codec", choices=("jpeg", "webp", "avif"), default="jpeg")
    parser.add_argument("--target", type=float, default=0.98)
    parser.add_argument("--fixed", type=int, default=75, help="the one quality to compare with")
    parser.add_argument("--trunk", default="compact")
    parser.add_argument("--trunk-weights", help="a file, or 'random'")
    parser.add_argument("--save", type=Path, help="folder for the tuned files")
    parser.add_argument("--out", type=Path, help="picture to save")
    options = parser.parse_args()

    metric = msds.MSDS(load_trunk(options.trunk, options.trunk_weights), small="fewer-levels")
    rows: list[list[str | float]] = []
    sheet, total = [], [0.0, 0.0]
    for file in photo_files(options.photos):
        photo = load(file)
        coder = Coder(photo, options.codec, metric)
        tuned, fixed = lowest(coder, options.target), coder(options.fixed)
        sizes = [len(coded.data) / 1000 for coded in (tuned, fixed)]
        total = [a + b for a, b in zip(total, sizes, strict=True)]
        missed = "" if tuned.score >= options.target else " (target not reached)"
        rows.append(
            [file.name, f"{tuned.quality}{missed}", tuned.score, sizes[0], fixed.score, sizes[1]]
        )
        if options.save:
            options.save.mkdir(parents=True, exist_ok=True)
            (options.save / f"{file.stem}.{options.codec}").write_bytes(tuned.data)
        crops = [
            ("photograph", photo),
            (f"quality {tuned.quality}: {tuned.score:.3f}", tuned.pixels),
        ]
        crops.append((f"quality {fixed.quality}: {fixed.score:.3f}", fixed.pixels))
        sheet.append([(text, centre(image, 256)) for text, image in crops])
    rows.append(["all", "", "", total[0], "", total[1]])
    header = ("photograph", "quality", "score", "kB", f"score at {options.fixed}", "kB")
    print_table(f"{options.codec} at a score of {options.target:g}", header, rows)
    save_sheet(options.out, sheet)


if __name__ == "__main__":
    main()
