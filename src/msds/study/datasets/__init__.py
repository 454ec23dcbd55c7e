"""Rated image sets, read from the folders their authors distribute.

`DATASETS` lists them, `open_dataset` reads one, `check` says what of it is there.
"""

from msds.study.datasets.base import Listing, RatedPair, RatedSet
from msds.study.datasets.registry import (
    DATASETS,
    JUDGEMENTS,
    CheckReport,
    DatasetSpec,
    check,
    open_dataset,
)

__all__ = [
    "CheckReport",
    "DATASETS",
    "DatasetSpec",
    "JUDGEMENTS",
    "Listing",
    "RatedPair",
    "RatedSet",
    "check",
    "open_dataset",
]
