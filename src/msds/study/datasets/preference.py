"""BAPPS: which of two patches is closer (2AFC), and are two patches the same (JND)?

Not opinions of single images, so not correlations either: a metric earns the share of people who
chose as it did, or the average precision of its order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from msds.errors import InputError
from msds.study.datasets.base import Listing, RatedPair, RatedSet
from msds.study.datasets.files import Folder, need_folder, subfolder


@dataclass(frozen=True)
class Preference:
    """One judgement: 2AFC has a reference and two distorted patches, JND two patches alone.

    Attributes
    ----------
    images : (reference, first, second) for 2AFC; (first, second) for JND.
    share : of people who chose the second patch (2AFC), or who saw no difference (JND).
    """

    images: tuple[Path, ...]
    share: float
    kind: str


@dataclass(frozen=True)
class PreferenceSet:
    """Judgements of one task, "2afc" or "jnd"."""

    task: str
    root: Path
    judgements: tuple[Preference, ...]

    @property
    def kinds(self) -> list[str]:
        """Subsets such as "cnn" and "traditional"."""
        return list(dict.fromkeys(item.kind for item in self.judgements))

    def comparisons(self) -> RatedSet:
        """The image pairs that a metric has to score, as a set of pairs.

        Two per judgement for 2AFC (reference with the first, with the second patch), one for JND.
        """
        pairs = []
        for item in self.judgements:
            first, *others = item.images
            group = f"{item.kind}/{first.stem}"
            pairs += [RatedPair(first, other, item.share, group, item.kind) for other in others]
        name = f"bapps-{self.task}"
        return RatedSet(name, f"BAPPS {self.task}", self.root, tuple(pairs), True, "share")


_LAYOUT = {"2afc": (("ref", "p0", "p1"), "judge"), "jnd": (("p0", "p1"), "same")}


def read_bapps(root: Path, task: str, part: str = "val") -> PreferenceSet:
    """Read a task of BAPPS from its folder (`dataset` in the authors' repository).

    Raises
    ------
    InputError
        If a folder, an image or a judgement is missing.
    """
    if task not in _LAYOUT:
        raise InputError(f"BAPPS has the tasks 2afc and jnd, not {task!r}.")
    base = need_folder(need_folder(subfolder(root, "dataset") or root, task), part)
    kinds = sorted(child for child in base.iterdir() if child.is_dir())
    judgements = tuple(item for kind in kinds for item in _judgements(kind, task))
    if not judgements:
        raise InputError(f"{base}: there are no judgements in it.")
    return PreferenceSet(task, root, judgements)


def _judgements(folder: Path, task: str) -> Iterator[Preference]:
    image_names, label_name = _LAYOUT[task]
    labels = Folder(need_folder(folder, label_name))
    images = [Folder(need_folder(folder, name)) for name in image_names]
    for name in labels.names(".npy"):
        path = labels.find(name)
        if path is None:
            continue
        share = float(np.ravel(np.load(path, allow_pickle=False))[0])
        found = [item.find_or_name(f"{Path(name).stem}.png") for item in images]
        absent = [item for item in found if isinstance(item, str)]
        if absent:
            raise InputError(f"{folder}: {absent[0]} is missing.")
        yield Preference(tuple(Path(item) for item in found), share, folder.name)


def _listing(root: Path, task: str) -> Listing:
    found = read_bapps(root, task)
    pairs = [
        RatedPair(item.images[0], item.images[-1], item.share, item.kind, item.kind)
        for item in found.judgements
    ]
    return Listing(pairs)


def list_2afc(root: Path) -> Listing:
    """The judgements of BAPPS 2AFC as a listing, to be counted."""
    return _listing(root, "2afc")


def list_jnd(root: Path) -> Listing:
    """The judgements of BAPPS JND as a listing, to be counted."""
    return _listing(root, "jnd")
