"""What a score means: which codec qualities give it, and what people called such pairs.

    python -m benchmarks.meaning --data DIR --out src/msds/models/meaning.json [--model msds-vgg16]

Photographs that no trunk of this project was trained on are saved as JPEG, WebP and AVIF at
several qualities (Pillow's settings otherwise). The rated pairs are those of KADID-10k at hand,
whose scale of 1 to 5 has words: people compared each image with its reference. Writes the entry of
one model into the table that the package ships, and prints it as Markdown.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from PIL import Image, features

from benchmarks.photographs import photographs, to_tensor
from benchmarks.thesis import level_scores
from msds import MSDS, load_model
from msds.files import atomic_write
from msds.models.meaning import CODECS, WORDS
from training.distortions.common import Array, from_pil, to_pil

QUALITIES = (5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
LOW, HIGH = 0.1, 0.9
"""Quantiles of the spread over photographs."""

LEAST_PAIRS = 20
EDGES = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0)
"""Where ranges of scores may end; neighbours are joined until each has enough pairs."""


def coded(image: Array, codec: str, quality: int) -> Array:
    """The image as it comes back from a codec."""
    buffer = io.BytesIO()
    to_pil(image).save(buffer, codec.upper(), quality=quality)
    with Image.open(buffer) as read:
        return from_pil(read)


def codec_scores(metric: MSDS, images: list[Array]) -> dict[str, list[dict[str, float]]]:
    """For each codec and quality the median score and its spread over the photographs."""
    scores: dict[tuple[str, int], list[float]] = {}
    with torch.inference_mode():
        for image in images:
            reference = metric.encode(to_tensor(image))
            for codec in CODECS:
                for quality in QUALITIES:
                    distorted = metric.encode(to_tensor(coded(image, codec, quality)))
                    score = float(metric.compare(reference, distorted)[0])
                    scores.setdefault((codec, quality), []).append(score)
    return {
        codec: [
            {
                "quality": quality,
                "low": round(float(np.quantile(scores[codec, quality], LOW)), 4),
                "median": round(float(np.median(scores[codec, quality])), 4),
                "high": round(float(np.quantile(scores[codec, quality], HIGH)), 4),
            }
            for quality in QUALITIES
        ]
        for codec in CODECS
    }


def rated_scores(metric: MSDS, folder: Path) -> tuple[list[float], list[float]]:
    """Scores and mean opinions of the pairs of KADID-10k."""
    levels, opinions = level_scores(metric, folder, ("mos", 1))
    return metric.fuse(levels).tolist(), opinions.tolist()


def ranges(scores: list[float]) -> list[tuple[float, float]]:
    """Ranges of scores that hold at least `LEAST_PAIRS` pairs each, from the best down."""
    values, found, top = np.array(scores), [], EDGES[-1]
    for edge in EDGES[-2::-1]:
        if ((values >= edge) & (values <= top)).sum() >= LEAST_PAIRS:
            found.append((edge, top))
            top = edge
    return [*found[:-1], (EDGES[0], found[-1][1])]


def opinions_by_score(scores: list[float], opinions: list[float]) -> list[dict[str, Any]]:
    """For each range of scores the share of pairs whose mean opinion lies nearest each word."""
    values = np.array(scores)
    nearest = np.floor(np.array(opinions) + 0.5).astype(int)
    rows = []
    for low, high in ranges(scores):
        inside = (values >= low) & ((values < high) | (high == EDGES[-1]))
        shares = {
            word: round(float((nearest[inside] == grade).mean()), 3)
            for grade, word in WORDS.items()
        }
        mean = round(float(np.array(opinions)[inside].mean()), 2)
        rows.append({"from": low, "to": high, "pairs": int(inside.sum()), "mean": mean} | shares)
    return rows


def entry(metric: MSDS, data: Path, most: int) -> dict[str, Any]:
    """Everything that is measured of one model."""
    images = [image for split in ("test", "validation") for image in photographs(data, split)]
    images = images[:: max(1, len(images) // most)][:most]
    scores, opinions = rated_scores(metric, data / "kadid-part")
    codecs = {name: features.version(name) or "" for name in ("jpg", "webp", "avif")}
    return {
        "fingerprint": metric.fingerprint,
        "codecs": codec_scores(metric, images),
        "people": opinions_by_score(scores, opinions),
        "provenance": {
            "photographs": f"{len(images)} of CID22 and CLIC 2025, at most 768 x 512 pixels, not "
            "used in training",
            "spread": f"{LOW:.0%} to {HIGH:.0%} of the photographs",
            "opinions": f"{len(scores)} pairs of KADID-10k (Lin, Hosu, Saupe 2019), mean opinions "
            "rounded to the grade they lie nearest",
            "pillow": f"{PIL.__version__}, {codecs}",
            "python": platform.python_version(),
        },
    }


def show(model: str, found: dict[str, Any]) -> None:
    """Print an entry as Markdown tables."""
    print(f"\n{model}\n\n| quality | {' | '.join(CODECS)} |\n|---:|{'---:|' * len(CODECS)}")
    for index, quality in enumerate(QUALITIES):
        rows = [found["codecs"][codec][index] for codec in CODECS]
        cells = " | ".join(f"{r['median']:.3f} ({r['low']:.3f} to {r['high']:.3f})" for r in rows)
        print(f"| {quality} | {cells} |")
    print(f"\n| score | pairs | {' | '.join(WORDS.values())} |\n|---|---:|{'---:|' * len(WORDS)}")
    for row in found["people"]:
        cells = " | ".join(f"{row[word]:.0%}" for word in WORDS.values())
        print(f"| {row['from']:g} to {row['to']:g} | {row['pairs']} | {cells} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the table to write an entry of")
    parser.add_argument("--model", default="msds-compact")
    parser.add_argument("--engine", default="torch")
    parser.add_argument("--photographs", type=int, default=40)
    arguments = parser.parse_args()
    metric = load_model(arguments.model)
    model = metric.model_id
    found = entry(metric.set_engine(arguments.engine), arguments.data, arguments.photographs)
    table = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    table[model] = found
    with atomic_write(arguments.out, "w", encoding="utf-8") as file:
        json.dump(table, file, indent=1, sort_keys=True)
        file.write("\n")
    show(model, found)


if __name__ == "__main__":
    main()
