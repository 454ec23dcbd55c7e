"""Tables of a sweep: what each setting of each encoder costs and gives."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from msds.report.table import Number, Table, with_interval
from msds.sweeps.bjontegaard import Curve, Mean
from msds.sweeps.comparison import Comparison, Matched, Versus, matched, rate_at
from msds.sweeps.points import LEAD, Point, grouped
from msds.text import counted


def settings_table(points: Sequence[Point], metrics: Sequence[str], model: str) -> Table:
    """One row per encoder and setting: means over the images.

    Parameters
    ----------
    metrics : that stand beside the model's score.
    model : whose score leads.
    """
    names = [LEAD, *metrics]
    table = Table(
        "Settings, means over the images",
        ["encoder", "setting", "images", "bpp", "lowest", *names, "ms to encode"],
        digits=4,
        note=f"score: {model}; bpp: bits per pixel; lowest: the lowest score of an image."
        + _falls(points),
    )
    groups: dict[tuple[str, float | None], list[Point]] = {}
    for point in points:
        groups.setdefault((point.codec, point.quality), []).append(point)
    for (codec, quality), found in groups.items():
        seconds = [p.encode_seconds for p in found if p.encode_seconds is not None]
        table.rows.append(
            [
                codec,
                None if quality is None else f"{quality:g}",
                len(found),
                statistics.fmean(p.rate for p in found),
                min(p.scores[LEAD] for p in found),
                *(_mean([p.scores[name] for p in found if name in p.scores]) for name in names),
                1000 * statistics.fmean(seconds) if seconds else None,
            ]
        )
    return table


def _falls(points: Sequence[Point]) -> str:
    """How often a curve falls from one setting to the next, for a note."""
    steps = [
        after.scores[LEAD] - before.scores[LEAD]
        for images in grouped(points).values()
        for curve in images.values()
        for before, after in pairwise(curve)
    ]
    falls = [-step for step in steps if step < 0]
    if not falls:
        return ""
    return (
        f" From an image's setting to that which takes the next more bytes the score falls "
        f"{len(falls)} times of {len(steps)}, by {max(falls):.4f} at most."
    )


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def versus_table(comparison: Comparison) -> Table:
    """BD-rate and BD-quality of every encoder against the anchor, by every metric."""
    table = Table(
        f"Against {comparison.anchor}, over the images",
        ["encoder", "by", "images", "BD-rate %", "BD-quality", "overlap"],
        note=_versus_note(comparison),
    )
    for one in comparison.versus:
        if not one.images:
            table.rows.append([one.codec, one.metric, 0, None, None, None])
            continue
        table.rows.append(
            [
                one.codec,
                one.metric,
                one.images,
                _shown(one.rate("akima"), 1),
                _shown(one.quality("akima"), 2 if one.metric == "psnr" else 4),
                one.overlap,
            ]
        )
    return table


def _versus_note(comparison: Comparison) -> str:
    said = [
        "BD-rate: bytes spent at equal quality, below 0 saves; mean of the logarithms over images "
        "with its interval of 95 % over images, by Akima's interpolation. BD-quality: what is "
        "gained at equal bytes. Overlap: share of the scores that both curves reach."
    ]
    usable = [one for one in comparison.versus if one.images]
    if usable:
        most = max(abs(one.rate("pchip").value - one.rate("akima").value) for one in usable)
        said.append(f"By PCHIP instead, no BD-rate differs by more than {most:.1f}.")
    for one in comparison.versus:
        said += [f"{one.codec} by {one.metric}: {text}." for text in problems_of(one)]
    return " ".join(said)


def problems_of(one: Versus) -> list[str]:
    """Why images have no number, in words."""
    return [
        f"{counted(count, 'images')} without a number, {problem}"
        for problem, count in one.problems.items()
    ]


def _shown(mean: Mean, digits: int) -> Number | None:
    return with_interval(mean.value + 0.0, mean, digits)  # 0 has no sign


def matched_table(comparison: Comparison, quality: float) -> Table:
    """The cheapest setting of every encoder that is as good as the anchor's setting."""
    name = f"{comparison.anchor} {quality:g}"
    table = Table(
        f"As good as {name}",
        [
            *("encoder", "setting", "images", "score", f"{comparison.anchor}'s", "saved %"),
            *("at equal score %", "dearer"),
        ],
        digits=4,
        note=f"The cheapest setting whose mean score reaches that of {name}, and what it saves of "
        "the bytes over all images. At equal score: what would be saved by a setting between those "
        f"that were tried, at the very score that {name} gives an image, mean over the images; "
        "dearer: those that take more bytes at it.",
    )
    for codec in comparison.others:
        found = matched(comparison, codec, quality)
        if found is None:
            table.rows.append([codec, "none", 0, None, None, None, None, None])
            continue
        equal = list(savings(comparison, codec, quality).values())
        table.rows.append(
            [
                codec,
                f"{found.test[0].quality:g}",
                len(found.test),
                found.scores[1],
                found.scores[0],
                _percent(found.saved),
                _percent(_mean(equal)),
                sum(one < 0 for one in equal),
            ]
        )
    return table


def _percent(share: float | None) -> Number | None:
    return None if share is None else Number(100 * share, f"{100 * share:.1f}")


def savings(comparison: Comparison, codec: str, quality: float) -> dict[str, float]:
    """Share of bytes that an encoder saves of each image, at the score of the anchor's setting.

    Images whose score it does not reach, or never is as poor as, have none.
    """
    found = {}
    for image, curve in comparison.curves[comparison.anchor].items():
        test = comparison.curves[codec].get(image)
        at = [point for point in curve if point.quality == quality]
        if test and at:
            rate = rate_at(Curve.of(test, LEAD), at[0].scores[LEAD])
            if math.isfinite(rate):
                found[image] = 1 - rate / at[0].rate
    return found


def images_table(comparison: Comparison) -> Table:
    """BD-rate of every image, by the model's score; the least saving first."""
    versus = {one.codec: one for one in comparison.versus if one.metric == LEAD}
    table = Table(
        f"BD-rate % of every image against {comparison.anchor}",
        ["image", *versus],
        digits=1,
        note="By the score. A dash: the curves have nothing in common, or too few points rise.",
    )
    for image in comparison.curves[comparison.anchor]:
        deltas = [one.deltas["akima"].get(image) for one in versus.values()]
        table.rows.append([image, *(d.percent if d and not d.problem else None for d in deltas)])
    table.rows.sort(key=lambda row: -max((c for c in row if isinstance(c, float)), default=-1e9))
    return table


def match_of(found: Matched) -> str:
    """A match in words, to stand in a list of them."""
    b, share = found.test[0], f"{abs(100 * found.saved):.0f} %"
    said = f"saves {share} of the bytes" if found.saved >= 0 else f"takes {share} more bytes"
    return f"{b.codec} at {b.quality:g} {said} and scores {found.scores[1] - found.scores[0]:+.4f}"
