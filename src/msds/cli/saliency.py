"""The options that calibrate scores by saliency, of `msds score` and `msds bench`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msds.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msds.metric.saliency import Saliency
    from msds.pairs import Plan
    from msds.scoring import Reading
    from msds.scoring.contenders import Contender

SALIENCY = "Saliency"
COLUMNS = "columns"
"""What stands for the maps that a table names."""


@dataclass(frozen=True)
class SaliencyOptions:
    """Which parts of the images count."""

    saliency: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MAPS",
            help="Calibrate by saliency, for images of other geometry: a folder of maps named as "
            "the images (given twice: of the references, of the distorted), 'columns' of the table "
            "of pairs, or 'spectral-residual', which is computed.",
            rich_help_panel=SALIENCY,
        ),
    ] = None
    saliency_threshold: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Pixels with a saliency above it count, in [0, 1) (0).",
            rich_help_panel=SALIENCY,
        ),
    ] = None

    def __post_init__(self) -> None:
        given = self.saliency or []
        if self.saliency_threshold is not None and not given:
            raise InputError("--saliency-threshold is that of --saliency MAPS: give that too.")
        if len(given) > 2:
            raise InputError(
                f"--saliency is given {len(given)} times; expected once, or twice: the maps of the "
                "references and those of the distorted images."
            )
        if len(given) == 2 and not self.places:
            raise InputError(f"--saliency: {given[0]} and {given[1]} cannot be combined.")

    @property
    def places(self) -> list[Path]:
        """Where the maps lie, if they are named after the images."""
        given = self.saliency or []
        if not given:
            return []
        from msds.metric.saliency import METHODS

        return [] if {*given} & {COLUMNS, *METHODS} else [Path(name) for name in given]

    @property
    def setting(self) -> Saliency | None:
        """How salient parts are told from the rest; None if all of an image counts."""
        from msds.metric.saliency import MAPS, METHODS, Saliency

        if not self.saliency:
            return None
        method = self.saliency[0] if self.saliency[0] in METHODS else MAPS
        return Saliency(method, self.saliency_threshold or 0.0)

    def reading(self, reading: Reading) -> Reading:
        """How files become pixels, of which these count."""
        from dataclasses import replace

        return replace(reading, saliency=self.setting)

    def planned(self, plan: Plan, roots: tuple[Path, Path]) -> Plan:
        """A plan with the maps of its images, which lie below these folders."""
        from msds.pairs.saliency import with_columns, with_maps

        if self.saliency == [COLUMNS]:
            return with_columns(plan, roots[0])
        return with_maps(plan, self.places, roots) if self.places else plan

    def added(self, contenders: Sequence[Contender], sets: int) -> list[Contender]:
        """Contenders of a study; behind each metric of this package the same with saliency.

        Parameters
        ----------
        sets : how many sets are studied; maps in a folder are those of one.
        """
        from msds.scoring.calibrated import CalibratedContender
        from msds.scoring.contenders import DeepContender

        saliency = self.setting
        if saliency is None:
            return list(contenders)
        if self.places and sets > 1:
            raise InputError(
                f"--saliency {self.places[0]} holds the maps of one set; found {sets}: measure one "
                "after the other."
            )
        found: list[Contender] = []
        for one in contenders:
            found.append(one)
            if isinstance(one, DeepContender):
                found.append(CalibratedContender(one, saliency, self.planned))
        return found
