"""The page of a sweep: curves, what encoders save, and the pictures where they do not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol

import numpy as np

from msds.report.blocks import Block, Code, Figure, PicturePair, Section, Text
from msds.report.charts import Intervals, Line, Lines
from msds.report.page import Page
from msds.sweeps.bjontegaard import Curve
from msds.sweeps.comparison import Comparison, matched, score_at
from msds.sweeps.points import LEAD, Point, grouped
from msds.sweeps.tables import (
    images_table,
    match_of,
    matched_table,
    settings_table,
    versus_table,
)

MOST_CURVES = 24
"""Images whose own curves are drawn."""

WORST = 3
"""Pictures that are shown of each encoder."""


class Pictures(Protocol):
    """Makes pictures of points."""

    def has(self, point: Point) -> bool:
        """Whether there is one."""

    def __call__(self, point: Point) -> str:
        """It, as a data URI."""


@dataclass(frozen=True)
class SweepContent:
    """What a page is about.

    Attributes
    ----------
    points : all that was scored.
    metrics : beside the model's score.
    model : whose score leads.
    anchor : what encoders are compared with, if anything, and at which of its settings.
    quality : the anchor's setting to be matched.
    pictures : makes pictures of encoded images, if they can be made.
    encoders : what stands behind each name.
    command : that made it.
    """

    points: Sequence[Point]
    metrics: Sequence[str]
    model: str
    anchor: str | None = None
    quality: float | None = None
    pictures: Pictures | None = None
    encoders: Mapping[str, str] | None = None
    command: str = ""


def sweep_page(content: SweepContent) -> Page:
    """The page."""
    comparison = (
        Comparison(content.points, content.anchor, content.metrics)
        if content.anchor is not None
        else None
    )
    sections = [Section("Rate and quality", _curves(content))]
    lead = f"{len({p.image for p in content.points})} images, {len(content.points)} encodings."
    if comparison is not None and comparison.others:
        sections += _compared(comparison, content)
        if said := _said(comparison, content.quality):
            lead = f"{lead} {said}"
    table = settings_table(content.points, content.metrics, content.model)
    sections.append(Section("Every setting", [table]))
    return Page("Encoders and their settings", lead, sections, _closing(content))


def _said(comparison: Comparison, quality: float | None) -> str:
    if quality is None:
        return ""
    found = [matched(comparison, codec, quality) for codec in comparison.others]
    matches = [match_of(one) for one in found if one is not None]
    if not matches:
        return ""
    return f"As good as {comparison.anchor} at {quality:g}: {'; '.join(matches)}."


def _compared(comparison: Comparison, content: SweepContent) -> list[Section]:
    blocks: list[Block] = [versus_table(comparison)]
    if any(one.images for one in comparison.versus):
        title = f"BD-rate against {comparison.anchor}, by the score"
        caption = "Bytes at equal score in per cent, with the interval over images; below 0 saves."
        blocks.append(Figure(title, caption, {"": partial(_intervals, comparison)}))
    if content.quality is not None:
        blocks.append(matched_table(comparison, content.quality))
    sections = [
        Section(f"Against {comparison.anchor}", blocks),
        Section("Every image", [images_table(comparison), *_own_curves(content)]),
    ]
    if content.pictures is not None:
        sections.append(_worst(comparison, content.pictures, content.quality))
    return sections


def _curves(content: SweepContent) -> list[Block]:
    caption = (
        "A mark is a setting: means over the images; the lines at the marks reach from the "
        "tenth to the ninetieth of a hundred images. Point at a mark to see its numbers."
    )
    points = content.points
    blocks: list[Block] = [
        Text(f"score: {content.model}."),
        Figure("Score at every rate, all images", caption, {"": partial(_pooled, points, LEAD)}),
    ]
    if content.metrics:
        charts = {name: partial(_pooled, points, name) for name in content.metrics}
        blocks.append(Figure("By other metrics", caption, charts))
    return blocks


def _pooled(points: Sequence[Point], metric: str) -> Lines:
    lines = {}
    for codec, images in grouped(points).items():
        settings: dict[float | None, list[Point]] = {}
        for point in (p for curve in images.values() for p in curve if metric in p.scores):
            settings.setdefault(point.quality, []).append(point)
        rows = [
            (float(np.mean([p.rate for p in found])), quality, [p.scores[metric] for p in found])
            for quality, found in settings.items()
        ]
        rows.sort(key=lambda row: row[0])
        spread = len(images) > 1
        lines[codec] = Line(
            [rate for rate, _, _ in rows],
            [float(np.mean(scores)) for _, _, scores in rows],
            [float(np.percentile(s, 10)) for _, _, s in rows] if spread else (),
            [float(np.percentile(s, 90)) for _, _, s in rows] if spread else (),
            [_told(codec, quality, rate, float(np.mean(s))) for rate, quality, s in rows],
        )
    return Lines(lines, "bits per pixel", metric)


def _told(codec: str, quality: float | None, rate: float, score: float) -> str:
    setting = "" if quality is None else f" at {quality:g}"
    return f"{codec}{setting}: {score:.4f}, {rate:.3f} bits per pixel"


def _own_curves(content: SweepContent) -> list[Block]:
    images = list(dict.fromkeys(p.image for p in content.points))[:MOST_CURVES]
    charts = {image: partial(_of_image, content.points, image) for image in images}
    caption = "A mark is a setting. Point at a mark to see its numbers."
    if len({p.image for p in content.points}) > len(images):
        caption += f" The first {len(images)} images."
    return [Figure("Score at every rate, image by image", caption, charts)]


def _of_image(points: Sequence[Point], image: str) -> Lines:
    lines = {}
    for codec, images in grouped(points).items():
        curve = images.get(image, [])
        if curve:
            lines[codec] = Line(
                [p.rate for p in curve],
                [p.scores[LEAD] for p in curve],
                texts=[_told(codec, p.quality, p.rate, p.scores[LEAD]) for p in curve],
            )
    return Lines(lines, "bits per pixel", LEAD)


def _intervals(comparison: Comparison) -> Intervals:
    values = {}
    for one in comparison.versus:
        if one.metric == LEAD and one.images:
            mean = one.rate()
            values[one.codec] = (mean.value, mean.low, mean.high)
    return Intervals(values, f"BD-rate against {comparison.anchor}, %", digits=1)


def _worst(comparison: Comparison, pictures: Pictures, quality: float | None) -> Section:
    """Pairs of encodings of about one rate in which an encoder does worst against the anchor."""
    blocks: list[Block] = []
    gone = 0
    for codec in comparison.others:
        worst = worst_at_equal_rate(comparison, codec, quality)
        seen = [one for one in worst if pictures.has(one[1]) and pictures.has(one[2])]
        gone += len(worst) - len(seen)
        for lost, anchor, test in islice(seen, WORST):
            names = [_told(p.codec, p.quality, p.rate, p.scores[LEAD]) for p in (anchor, test)]
            verb = "loses" if lost > 0 else "gains"
            caption = f"{anchor.image}: at this rate {codec} {verb} {abs(lost):.4f} of the score."
            load = partial(_both, pictures, anchor, test)
            blocks.append(PicturePair(names[0], names[1], load, caption))
    if gone:
        blocks.insert(0, Text(f"Pairs of which no picture is at hand: {gone}."))
    elif not blocks:
        blocks = [Text("No two encodings of an image have rates that can be compared.")]
    return Section(f"Where they do worst against {comparison.anchor}, at equal rate", blocks)


def _both(pictures: Pictures, anchor: Point, test: Point) -> tuple[str, str]:
    return pictures(anchor), pictures(test)


def worst_at_equal_rate(
    comparison: Comparison, codec: str, quality: float | None
) -> list[tuple[float, Point, Point]]:
    """(lost score, anchor's point, the encoder's point of the nearest rate), the worst first.

    The anchor's point is that of the setting, or the middle one of its curve. What is lost is read
    from the encoder's curve at the anchor's very rate.
    """
    found = []
    for image, curve in comparison.curves[comparison.anchor].items():
        test = comparison.curves[codec].get(image, [])
        at = [p for p in curve if p.quality == quality] or [curve[len(curve) // 2]]
        score = score_at(Curve.of(test, LEAD), at[0].rate)
        if math.isfinite(score):
            nearest = min(test, key=lambda p: abs(math.log(p.rate / at[0].rate)))
            found.append((at[0].scores[LEAD] - score, at[0], nearest))
    return sorted(found, key=lambda one: -one[0])


def _closing(content: SweepContent) -> list[Section]:
    blocks: list[Block] = []
    if content.encoders:
        said = "\n".join(f"{name}: {encoder}" for name, encoder in content.encoders.items())
        blocks += [Text("The encoders:"), Code(said)]
    if content.command:
        blocks += [Text("This page was made by:"), Code(content.command)]
    return [Section("How this was made", blocks)] if blocks else []
