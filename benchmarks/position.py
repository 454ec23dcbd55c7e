"""When to say that parts are alike but not in the same places: the limit, and how often it errs.

    python -m benchmarks.position --data DIR --keep FOLDER [--model msds-vgg16 --engine winograd]

Ordinary pairs are photographs under all families of distortions that training knows, and rated
pairs; in the others, parts of photographs change their places. The limit is found on photographs
of the validation split and tried on those of the test split. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks.kept import measured
from benchmarks.photographs import photographs, to_tensor
from msds import MSDS, load_image, load_model
from msds.metric.maps.position import disagreement
from msds.metric.maps.record import Region
from training import distortions
from training.distortions.common import Array, from_pil, to_pil

RATED = ("tid2013-part", "live-part", "kadid-part")
MOVING = ("rotate", "translate")
"""Families of distortion that do move the parts of an image, though not far."""

WITHIN = 0.995
"""This part of the ordinary pairs of the validation split lies below the limit."""


Load = Callable[[], tuple[Tensor, Tensor]]


@dataclass
class Pair:
    """What is kept of a pair: how the whole images and their halves score, and their windows."""

    split: str
    kind: str
    name: str
    regions: list[Region]


def halves_mirrored(image: Array, _: np.random.Generator) -> Array:
    """The left half mirrored, the right one as it was."""
    out = image.copy()
    middle = image.shape[1] // 2
    out[:, :middle] = image[:, :middle][:, ::-1]
    return out


def shuffled(count: int) -> Callable[[Array, np.random.Generator], Array]:
    """`count` x `count` tiles in random order."""

    def shuffle(image: Array, rng: np.random.Generator) -> Array:
        height, width = (size // count * count for size in image.shape[:2])
        tiles = image[:height, :width].reshape(count, height // count, count, width // count, 3)
        tiles = tiles.transpose(0, 2, 1, 3, 4).reshape(count**2, height // count, -1, 3)
        tiles = tiles[rng.permutation(count**2)].reshape(count, count, height // count, -1, 3)
        out = image.copy()
        out[:height, :width] = tiles.transpose(0, 2, 1, 3, 4).reshape(height, width, 3)
        return out

    return shuffle


def mirrored_and_compressed(image: Array, _: np.random.Generator) -> Array:
    """Mirrored, then saved as JPEG of quality 30."""
    return distortions.apply("jpeg", image[:, ::-1], 0.5, np.random.default_rng(0))


MOVED: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "mirrored": lambda image, _: image[:, ::-1],
    "left half mirrored": halves_mirrored,
    "mirrored, then JPEG": mirrored_and_compressed,
    "upside down": lambda image, _: image[::-1],
    "turned by 180 degrees": lambda image, _: image[::-1, ::-1],
    "halves exchanged": lambda image, _: np.roll(image, image.shape[1] // 2, 1),
    "2 x 2 tiles shuffled": shuffled(2),
    "4 x 4 tiles shuffled": shuffled(4),
    "8 x 8 tiles shuffled": shuffled(8),
}


def made_pairs(data: Path, split: str, most: int) -> Iterator[tuple[str, str, Load]]:
    """Kind, name and images: every family at a strength drawn anew, and moved parts."""
    for index, image in enumerate(photographs(data, split)[:most]):
        for number, family in enumerate(distortions.FAMILIES):
            seed = 1000 * index + number
            yield "ordinary", family, partial(distorted_pair, image, family, seed)
        for name in MOVED:
            yield "moved", name, partial(moved_pair, image, name, index)


def distorted_pair(image: Array, family: str, seed: int) -> tuple[Tensor, Tensor]:
    """A photograph, and the same distorted."""
    rng = np.random.default_rng(seed)
    other = distortions.apply(family, image, rng.random(), rng)
    return to_tensor(image), to_tensor(other)


def moved_pair(image: Array, name: str, seed: int) -> tuple[Tensor, Tensor]:
    """A photograph, and the same with parts of it elsewhere."""
    moved = MOVED[name](image, np.random.default_rng(seed))
    return to_tensor(image), to_tensor(from_pil(to_pil(moved)))


def rated_pairs(data: Path) -> Iterator[tuple[str, Load]]:
    """Name of the set, and images."""
    for name in RATED:
        with (data / name / "pairs.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                paths = (data / name / row[role] for role in ("reference", "distorted"))
                yield name, partial(read_pair, *paths)


def read_pair(reference: Path, distorted: Path) -> tuple[Tensor, Tensor]:
    """(3, H, W) pixels of two files."""
    return load_image(reference).pixels, load_image(distorted).pixels


def all_pairs(data: Path, most: int) -> Iterator[tuple[str, str, str, Load]]:
    """Split, kind, name and images."""
    for split in ("validation", "test"):
        for kind, name, load in made_pairs(data, split, most):
            yield split, kind, name, load
    for name, load in rated_pairs(data):
        yield "rated", "ordinary", name, load


def measure(metric: MSDS, data: Path, keep: Path, most: int) -> list[Pair]:
    """All pairs; those measured earlier are read from the file `keep`."""
    plan = (
        ({"split": split, "kind": kind, "name": name}, load)
        for split, kind, name, load in all_pairs(data, most)
    )
    found = measured(keep, plan, lambda load: {"regions": regions(metric, load)})
    return [
        Pair(**pair | {"regions": [Region(**region) for region in pair["regions"]]})
        for pair in found
    ]


def regions(metric: MSDS, load: Load) -> list[dict[str, Any]]:
    """The regions of a pair's map, as they are kept."""
    return [asdict(region) for region in metric.map(*load()).regions]


def report(pairs: list[Pair], weights: tuple[float, ...]) -> None:
    """Print the limit and what it catches."""
    values = np.array([disagreement(pair.regions, weights) for pair in pairs])
    split = np.array([p.split for p in pairs])
    ordinary = np.array([p.kind == "ordinary" for p in pairs])
    moving = np.array([p.name in MOVING for p in pairs])
    limit = float(np.quantile(values[ordinary & (split == "validation")], WITHIN))
    print(
        f"\nlevels {len(weights)}: limit {limit:.4f}\n\n| pairs | number | noted |\n|---|---:|---:|"
    )
    groups = {
        "ordinary, photographs of the validation split": ordinary & (split == "validation"),
        "ordinary, photographs of the test split": ordinary & (split == "test"),
        "of these, not turned or shifted": ordinary & (split == "test") & ~moving,
        "rated pairs": split == "rated",
    }
    for name in MOVED:
        groups[f"{name}, test split"] = np.array([p.name == name for p in pairs]) & (
            split == "test"
        )
    for name, rows in groups.items():
        print(f"| {name} | {rows.sum()} | {(values[rows] > limit).mean():.1%} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True, help="folder for what was measured")
    parser.add_argument("--model", default="msds-compact")
    parser.add_argument("--engine", default="torch")
    parser.add_argument("--photographs", type=int, default=20, help="of each split")
    arguments = parser.parse_args()
    metric = load_model(arguments.model).set_engine(arguments.engine)
    arguments.keep.mkdir(parents=True, exist_ok=True)
    keep = arguments.keep / f"{arguments.model}.jsonl"
    pairs = measure(metric, arguments.data, keep, arguments.photographs)
    report(pairs, metric.level_weights)


if __name__ == "__main__":
    main()
