"""Options that the verbs of the study share: which sets, which metrics, how and where to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from msds.cli.options import (
    DEFAULT_MODEL,
    ENGINE,
    OUTPUT,
    Baselines,
    ComputeOptions,
    CsvSafe,
    Models,
    OwnMetrics,
    SmallImages,
    TrunkWeights,
)
from msds.cli.output import check_csv_safe, check_outputs, present
from msds.errors import InputError

if TYPE_CHECKING:
    from msds.encoding.levels import Small
    from msds.report.page import Page
    from msds.scoring.contenders import Contender
    from msds.study.datasets import RatedSet
    from msds.study.measuring import Progress, Work

SETS = "Data"


@dataclass(frozen=True)
class SetOptions:
    """Where rated sets lie, and which way their opinions run."""

    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the data set, or of several.", rich_help_panel=SETS
        ),
    ] = None
    higher_is_better: Annotated[
        bool | None,
        typer.Option(
            "--higher-is-better/--lower-is-better",
            help="Direction of the one table's opinions; of several: FILE:COLUMN:lower.",
            rich_help_panel=SETS,
        ),
    ] = None

    def open(self, names: Sequence[str]) -> list[RatedSet]:
        """The sets that were asked for."""
        from msds.study.datasets import open_dataset
        from msds.study.datasets.manifest import split_name

        if self.higher_is_better is None:
            return [open_dataset(name, self.root) for name in names]
        tables = {name: table for name in names if (table := split_name(name)) is not None}
        open_ended = [name for name, (_, _, direction) in tables.items() if direction is None]
        if len(open_ended) != 1:
            found = ", ".join(open_ended) or "none"
            raise InputError(
                "--higher-is-better and --lower-is-better say the direction of one table; without "
                f"a direction of their own there are here: {found}. Write it with each table, as "
                "in pairs.csv:mos:higher."
            )
        return [
            open_dataset(
                name,
                self.root,
                higher_is_better=self.higher_is_better if name in open_ended else None,
            )
            for name in names
        ]


@dataclass(frozen=True)
class WorkOptions(ComputeOptions):
    """How numbers are computed, and where finished ones are kept."""

    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for finished pairs.", rich_help_panel=ENGINE),
    ] = None
    keep: Annotated[
        bool,
        typer.Option(
            "--cache-pairs/--no-cache", help="Keep finished pairs.", rich_help_panel=ENGINE
        ),
    ] = True

    def work(self, progress: Progress | None = None) -> Work:
        """How the numbers of a study are made and kept."""
        from msds.study.measuring import Work, default_cache

        folder = (self.cache or default_cache()) if self.keep else None
        return Work(cache=folder, options=self.options(), progress=progress)


@dataclass(frozen=True)
class ContenderOptions:
    """Who takes part."""

    model: Models = None
    metric: OwnMetrics = None
    baseline: Baselines = "psnr,ssim"
    small: SmallImages = "error"
    trunk_weights: TrunkWeights = None

    @property
    def models(self) -> list[str]:
        """Ids and files of models."""
        return self.model or [DEFAULT_MODEL]

    def open(self, engine: WorkOptions) -> list[Contender]:
        """The models by id or file, then the user's own metrics, then the baselines."""
        from msds.models import learned_on, load_model
        from msds.scoring.classics import baseline
        from msds.scoring.contenders import DeepContender
        from msds.scoring.custom import CustomContender
        from msds.scoring.device import choose_device

        device = choose_device(engine.device)
        found: list[Contender] = []
        for name in self.models:
            small = cast("Small", self.small)
            metric = load_model(name, trunk_weights=self.trunk_weights, small=small)
            contender = DeepContender(engine.settled(metric))
            contender.learned_on = learned_on(name)
            found.append(contender)
        found += [CustomContender(spec, device) for spec in self.metric or ()]
        names = [name for name in self.baseline.split(",") if name.strip()]
        return found + [baseline(name, device) for name in names]


@dataclass(frozen=True)
class PageOptions:
    """Where results go besides the screen."""

    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a self-contained HTML report.", rich_help_panel=OUTPUT
        ),
    ] = None
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write the tables: .md, .tex, .csv, .tsv.",
            rich_help_panel=OUTPUT,
        ),
    ] = None

    csv_safe: CsvSafe = False

    def check(self, *inputs: str, others: Sequence[Path | None] = ()) -> None:
        """Refuse outputs that cannot be written, or that are read, before the work is done."""
        check_outputs(self.out or [], self.report, *others, inputs=inputs)
        check_csv_safe(self.csv_safe, self.out or [], "--out")

    def present(self, page: Page) -> None:
        """Show the tables of a page, and write what was asked for."""
        present(page, self.out or [], self.report, csv_safe=self.csv_safe)
