"""Every figure about the quality of the compact trunk, on photographs it was not trained on.

    python -m benchmarks.compact_quality --photos DIR --teacher FILE --data DIR

`--photos` holds the photographs of which training used its share (the split is by hash of the
file), `--data` holds `tid2013-part`, `live-part` and `kadid-part`. Prints Markdown
tables; `--json` also writes the numbers.
"""

from __future__ import annotations

import argparse
import csv
import json
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import pearsonr, spearmanr
from torch import Tensor

from benchmarks.thesis import SETS, level_scores
from msds import MSDS
from msds.method.pyramid import pyramid
from msds.trunks.compact import COMPACT_NAMES, VERSIONS
from msds.trunks.layers import multiply_accumulates
from training import behaviour, distortions, photos
from training.distortions.common import Array
from training.similarity import level_scores as scores_of_groups
from training.teacher import Teacher

MOST = 12
"""Photographs that are drawn; fewer can be examined."""

WEAK_TYPES = {
    "6": "impulse noise",
    "12": "JPEG transmission errors",
    "13": "JPEG 2000 transmission errors",
    "17": "contrast change",
    "23": "chromatic aberrations",
}
"""Types of TID2013, by its numbers, that version 3 ranks worst within the type."""

Values = npt.NDArray[np.float64]


def metric_scorer(metric: MSDS) -> behaviour.Scorer:
    """Level scores by the metric as it is shipped."""

    def score(reference: Tensor, versions: Tensor) -> Tensor:
        with torch.inference_mode():
            return metric.level_scores(metric.encode(reference), metric.encode(versions))

    return score


def teacher_scorer(teacher: Teacher, levels: int) -> behaviour.Scorer:
    """Level scores by the teacher."""

    def score(reference: Tensor, versions: Tensor) -> Tensor:
        with torch.inference_mode():
            images = pyramid(torch.cat((reference, versions)), levels)
            features = [teacher(image) for image in images]
            return scores_of_groups(features, len(versions))[0]

    return score


def fit_weights(sets: list[tuple[Values, Values]], steps: int = 20) -> tuple[float, ...]:
    """Level weights with the highest mean SRCC over the sets: every point of a simplex grid."""
    levels = sets[0][0].shape[1]
    best, found = -1.0, (1 / levels,) * levels
    for parts in product(range(steps + 1), repeat=levels - 1):
        if sum(parts) > steps:
            continue
        weights = np.array([*parts, steps - sum(parts)]) / steps
        value = np.mean([spearmanr(scores @ weights, mos)[0] for scores, mos in sets])
        if value > best + 1e-9:
            best, found = float(value), tuple(float(w) for w in weights)
    return found


def gains_on_halves(sets: list[tuple[Values, Values]], splits: int = 60) -> dict[str, list[float]]:
    """What weights fitted on a random half of the pairs gain over equal ones on the other half.

    Mean over the splits of the gain in SRCC, set by set; for the fitted weights, and for weights
    half way between these and equal ones.
    """
    rng = np.random.default_rng(0)
    equal = np.full(sets[0][0].shape[1], 1 / sets[0][0].shape[1])
    gains: dict[str, list[Values]] = {"fitted": [], "half way": []}
    for _ in range(splits):
        seen, unseen = [], []
        for scores, mos in sets:
            order = rng.permutation(len(mos))
            first, second = order[: len(mos) // 2], order[len(mos) // 2 :]
            seen.append((scores[first], mos[first]))
            unseen.append((scores[second], mos[second]))
        fitted = np.array(fit_weights(seen, 10))
        for name, weights in (("fitted", fitted), ("half way", (fitted + equal) / 2)):
            gains[name].append(
                np.array(
                    [
                        spearmanr(scores @ weights, mos)[0] - spearmanr(scores @ equal, mos)[0]
                        for scores, mos in unseen
                    ]
                )
            )
    return {name: np.mean(values, 0).round(4).tolist() for name, values in gains.items()}


def people(metric: MSDS, data: Path) -> dict[str, object]:
    """Agreement with people, per level, with equal, the shipped and freshly fitted weights."""
    sets = {}
    for name in SETS:
        scores, opinions = level_scores(metric, data / name)
        sets[name] = (scores.double().numpy(), opinions.double().numpy())
    fitted = fit_weights(list(sets.values()))
    result: dict[str, object] = {"fitted": fitted}
    result["gain on unseen halves"] = gains_on_halves(list(sets.values()))
    for name, (scores, opinions) in sets.items():
        row = {f"level {k + 1}": scores[:, k] for k in range(scores.shape[1])}
        row["equal"] = scores.mean(1)
        row["shipped"] = scores @ np.array(metric.level_weights)
        row["fitted"] = scores @ np.array(fitted)
        for other, (others, other_opinions) in sets.items():
            if other != name:
                row[f"fitted on {other}"] = scores @ np.array(
                    fit_weights([(others, other_opinions)])
                )
        result[name] = {key: round(float(spearmanr(v, opinions)[0]), 4) for key, v in row.items()}
        result[f"{name} PLCC"] = round(float(pearsonr(row["equal"], opinions)[0]), 4)
    return result


def within_types(metric: MSDS, folder: Path) -> dict[str, float]:
    """SRCC within each of the weak types of TID2013, equal weights; five or six pairs each."""
    with (folder / "pairs.csv").open(newline="", encoding="utf-8") as file:
        types = np.array([row["distortion"] for row in csv.DictReader(file)])
    scores, opinions = (values.double().numpy() for values in level_scores(metric, folder))
    fused = scores.mean(1)
    return {
        f"{name} ({(types == number).sum()} pairs)": round(
            float(spearmanr(fused[types == number], opinions[types == number])[0]), 3
        )
        for number, name in WEAK_TYPES.items()
    }


def behaviours(
    metric: MSDS, crops: list[Array], scores: behaviour.Sweep, teacher: str | None
) -> dict[str, object]:
    """Ladders, clean against distorted, shift against blur, spread, saturation."""
    score = metric_scorer(metric)
    weights = np.array(metric.level_weights)
    result: dict[str, object] = {}
    for name, families in (
        ("training families", distortions.TRAINING),
        ("unseen families", distortions.HELD_OUT),
        ("all families", tuple(distortions.FAMILIES)),
    ):
        part = scores.of(families)
        fused = part.scores["compact"] @ weights
        figures: dict[str, float] = {"ladders falling": float(behaviour.falling(fused).mean())}
        if teacher:
            other = part.scores[teacher].mean(-1)
            equal = part.scores["compact"].mean(-1)
            figures["ladders falling, teacher"] = float(behaviour.falling(other).mean())
            figures["SRCC with teacher"] = float(spearmanr(equal.ravel(), other.ravel())[0])
            figures["PLCC with teacher"] = float(pearsonr(equal.ravel(), other.ravel())[0])
            for k in range(part.scores[teacher].shape[-1]):
                pair = (part.scores[s][..., k].ravel() for s in ("compact", teacher))
                figures[f"SRCC with teacher, level {k + 1}"] = float(spearmanr(*pair)[0])
        figures["relative spread"] = behaviour.relative_spread(fused)
        figures["relative spread of PSNR"] = behaviour.relative_spread(part.psnr)
        drops = fused[..., -2] - fused[..., -1]
        figures["median drop from level 4 to 5"] = float(np.median(drops))
        figures["median score at level 1"] = float(np.median(fused[..., 0]))
        figures["median score at level 5"] = float(np.median(fused[..., -1]))
        figures["lowest score"] = float(fused.min())
        figures["share of scores below 0.05"] = float((fused < 0.05).mean())
        result[name] = {key: round(value, 4) for key, value in figures.items()}
    fused = scores.scores["compact"] @ weights
    failing = (~behaviour.falling(fused)).mean(0)
    order = np.argsort(-failing)
    result["families failing most"] = {
        scores.families[i]: round(float(failing[i]), 3) for i in order[:12] if failing[i] > 0
    }
    told = []
    cheaper: dict[float, list[bool]] = {sigma: [] for sigma in (1.0, 1.5, 2.0)}
    for index, clean in enumerate(crops):
        noisy = behaviour.to_tensor([behaviour.rounding_noise(clean, index)])
        copy = float((score(behaviour.to_tensor([clean]), noisy).numpy() @ weights)[0])
        told.append(fused[index] < copy)
        one, two = behaviour.shifted(clean)
        moved = score(behaviour.to_tensor([one]), behaviour.to_tensor([two])).numpy() @ weights
        original = behaviour.to_tensor([clean])
        for sigma in cheaper:
            blurred = score(original, behaviour.to_tensor([behaviour.slight_blur(clean, sigma)]))
            cheaper[sigma].append(bool((moved > blurred.numpy() @ weights)[0]))
    result["clean told from distorted"] = round(float(np.mean(told)), 4)
    for sigma, cases in cheaper.items():
        key = f"1-pixel shift costs less than blur of {sigma} pixels"
        result[key] = round(float(np.mean(cases)), 4)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=Path, help="photographs; needed for the behaviour")
    parser.add_argument("--teacher", type=Path, help="the teacher's weights, to compare with it")
    parser.add_argument("--data", type=Path, help="folder with the three rated sets")
    parser.add_argument("--trunk", choices=COMPACT_NAMES, default="compact", help="which version")
    parser.add_argument("--weights", type=Path, help="others than those that ship")
    parser.add_argument("--split", choices=photos.SPLITS, default="test")
    parser.add_argument("--count", type=int, default=MOST, help="how many photographs")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--keep", type=Path, help="folder that keeps the teacher's part")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    shipped = MSDS(options.trunk).level_weights
    known = VERSIONS[COMPACT_NAMES[options.trunk]]
    weights = options.weights or known.weights
    metric = MSDS(options.trunk, weights=shipped, trunk_weights=str(weights))
    report: dict[str, object] = {
        "bytes": weights.stat().st_size,
        "GMAC at 384 x 512": round(multiply_accumulates(known.layers, 384, 512) / 1e9, 3),
        "digest": metric.trunk_digest,
    }
    if options.data:
        report["people"] = people(metric, options.data)
        report["within types"] = within_types(metric, options.data / "tid2013-part")
    if options.photos:
        rng = np.random.default_rng(11)
        files = photos.find(options.photos, options.split)
        chances = photos.weights(files).astype(float)
        picked = rng.choice(len(files), MOST, replace=False, p=chances / chances.sum())
        crops = [photos.crop(files[int(i)], options.side, rng) for i in picked[: options.count]]
        scorers = {"compact": metric_scorer(metric)}
        if options.teacher:
            scorers["teacher"] = teacher_scorer(Teacher(options.teacher), metric.levels)
        scores = behaviour.sweep(crops, scorers, tuple(distortions.FAMILIES), keep=options.keep)
        name = "teacher" if options.teacher else None
        report["behaviour"] = behaviours(metric, crops, scores, name)
    for key, value in report.items():
        print_entry(key, value, 0)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def print_entry(key: str, value: object, depth: int) -> None:
    """One entry of the report, as a nested Markdown list."""
    if isinstance(value, dict):
        print("  " * depth + f"- {key}")
        for inner, content in value.items():
            print_entry(inner, content, depth + 1)
    else:
        print("  " * depth + f"- {key}: {value}")


if __name__ == "__main__":
    main()
