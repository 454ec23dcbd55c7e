"""The pages: of a benchmark, of learned weights, of a study."""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from msds.images import load_image
from msds.report import plots
from msds.report.html import Page
from msds.report.style import data_uri
from msds.report.table import Table
from msds.study.benchmark import Benchmark, Entry, SetResult
from msds.study.contenders import Contender
from msds.study.datasets.base import RatedSet
from msds.study.fitting import WeightFit
from msds.study.statistics import Interval, ranks
from msds.study.summaries import TESTS
from msds.version import __version__

_WORST = 4
_PICTURE_WIDTH = 512
_LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "pillow", "matplotlib")


def write_benchmark_report(
    path: Path,
    benchmark: Benchmark,
    contenders: Sequence[Contender],
    tables: Sequence[Table],
    command: str,
) -> None:
    """Write the page of a benchmark: tables, plots, worst disagreements, settings, command."""
    page = Page(
        "Agreement of image quality metrics with people",
        f"{', '.join(benchmark.contenders)} on "
        f"{', '.join(result.data.title for result in benchmark.sets)}.",
    )
    for result in benchmark.sets:
        _set_section(page, result, tables)
    rest = [t for t in tables if t.title.startswith("Average over")]
    if rest:
        page.section("All sets together")
        for table in rest:
            page.table(table)
    settings: dict[str, Any] = asdict(benchmark.settings)
    settings["metrics"] = {contender.name: contender.settings() for contender in contenders}
    _closing(page, [result.data for result in benchmark.sets], settings, command)
    page.write(path)


def _set_section(page: Page, result: SetResult, tables: Sequence[Table]) -> None:
    title = result.data.title
    page.section(title)
    mine = [table for table in tables if table.title.startswith(f"{title}:")]
    for table in mine[:1]:
        page.table(table)
    summary = {
        name: (
            entry.overall.srcc,
            entry.overall.bootstrap.get("srcc", entry.overall.fisher["srcc"]),
        )
        for name, entry in result.entries.items()
    }
    described = f"SRCC of each metric with the opinions of {title}, 95 % intervals"
    page.plot(plots.intervals(summary, "SRCC with people", title), described)
    for table in mine[1:]:
        page.table(table)
    if len(result.entries) > 1:
        page.plot(
            plots.who_beats_whom(result),
            f"Who is significantly better: {TESTS[result.deciding_test]}, Holm's correction, 0.05",
        )
    page.heading("Scores against opinions")
    for entry in result.entries.values():
        page.plot(
            plots.scatter(result.data, entry), f"Opinions of {title} against scores of {entry.name}"
        )
    page.heading("Worst disagreements")
    page.text(
        "Pairs whose place among the scores is furthest from their place among the opinions; "
        "reference on the left, distorted on the right. Places run from 1 (worst) upwards."
    )
    for entry in list(result.entries.values())[:1]:
        _disagreements(page, result.data, entry)


def srcc_interval(entry: Entry) -> Interval:
    """The interval of SRCC that the tables show."""
    found = entry.overall
    return (found.bootstrap or found.fisher)["srcc"]


def _disagreements(page: Page, data: RatedSet, entry: Entry) -> None:
    by_people, by_metric = ranks(data.quality), ranks(entry.scores)
    for index in np.argsort(-np.abs(by_people - by_metric))[:_WORST]:
        pair = data.pairs[index]
        verdict = "too good" if by_metric[index] > by_people[index] else "too bad"
        kind = f", {pair.distortion}" if pair.distortion else ""
        page.pictures(
            [
                (_picture(pair.reference), f"reference {pair.group}"),
                (_picture(pair.distorted), f"distorted {pair.distorted.name}"),
            ],
            f"{data.relative(pair.distorted)}{kind}: {entry.name} finds it {verdict}, place "
            f"{by_metric[index]:.0f} of {len(data)}, people {by_people[index]:.0f} "
            f"(score {entry.scores[index]:.4f}, opinion {pair.opinion:.3g}).",
        )


def _picture(path: Path) -> str:
    from PIL import Image

    pixels = load_image(path).pixels
    array = (pixels.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    picture = Image.fromarray(array)
    if picture.width > _PICTURE_WIDTH:
        height = round(picture.height * _PICTURE_WIDTH / picture.width)
        picture = picture.resize((_PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # Nearly lossless: the page must not add distortions of its own.
    picture.save(buffer, "WEBP", quality=95)
    return data_uri(buffer.getvalue(), "image/webp")


def write_fit_report(
    path: Path,
    data: RatedSet,
    contender: Contender,
    fit: WeightFit,
    tables: Sequence[Table],
    command: str,
) -> None:
    """Write the page of learned weights."""
    page = Page(
        f"Level weights of {contender.name}",
        f"Learned on {data.title}: {len(data)} pairs, {len(set(data.groups))} references.",
    )
    page.section("Weights")
    page.table(tables[0])
    page.plot(plots.weights_plot(fit), "Learned weight of each level over all splits")
    page.section("What they are worth")
    for table in tables[1:]:
        page.table(table)
    settings = {
        "objective": fit.objective,
        "fusion": fit.form,
        "folds": fit.folds,
        "seeds": len(fit.srcc),
        "metric": contender.settings(),
    }
    _closing(page, [data], settings, command)
    page.write(path)


def write_study_report(
    path: Path,
    title: str,
    subtitle: str,
    parts: Sequence[tuple[str, Sequence[Table], Sequence[tuple[bytes, str]]]],
    sets: Sequence[RatedSet],
    settings: dict[str, Any],
    command: str,
) -> None:
    """Write the page of a study from (section, tables, plots with descriptions)."""
    page = Page(title, subtitle)
    for name, tables, figures in parts:
        page.section(name)
        for table in tables:
            page.table(table)
        for content, description in figures:
            page.plot(content, description)
    _closing(page, sets, settings, command)
    page.write(path)


def _closing(page: Page, sets: Sequence[RatedSet], settings: dict[str, Any], command: str) -> None:
    page.section("How to repeat it")
    page.code(command)
    page.section("Settings and versions")
    versions = {"msds": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    described = {
        data.title: {
            "id": data.id,
            "pairs": len(data),
            "opinions": data.opinion_name,
            "higher_is_better": data.higher_is_better,
            "fingerprint": data.fingerprint,
        }
        for data in sets
    }
    content = {"settings": settings, "sets": described, "versions": versions}
    page.code(json.dumps(content, indent=2, ensure_ascii=False))
