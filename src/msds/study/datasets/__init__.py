"""Rated image sets, read from the folders their authors distribute.

`DATASETS` lists them, `open_dataset` reads one, `check` says what of it is there.
"""

from msds.study.datasets.base import Listing, RatedPair, RatedSet
from msds.study.datasets.overlap import overlap_note, shared_references
from msds.study.datasets.registry import CheckReport, check, open_dataset
from msds.study.datasets.specs import DATASETS, JUDGEMENTS, DatasetSpec

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
    "overlap_note",
    "shared_references",
]
