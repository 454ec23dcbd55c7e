"""Opening sets by name or as tables, and saying what of them lies in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from msds.errors import InputError
from msds.study.datasets.base import RatedSet
from msds.study.datasets.manifest import SUFFIXES, read_manifest, split_name
from msds.study.datasets.specs import DATASETS, JUDGEMENTS, DatasetSpec
from msds.text import did_you_mean


@dataclass(frozen=True)
class CheckReport:
    """What a folder holds of a set: `found` complete pairs of `spec.pairs`."""

    spec: DatasetSpec
    root: Path
    found: int
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    problem: str | None

    @property
    def complete(self) -> bool:
        """Whether every pair that the authors publish is there."""
        return self.problem is None and not self.missing and self.found == self.spec.pairs


def _holds(root: Path, spec: DatasetSpec) -> bool:
    if not root.is_dir():
        return False
    names = {child.name.lower() for child in root.iterdir()}
    marked = all(any(name.lower() in names for name in options) for options in spec.marks)
    return marked and (spec.may_be is None or spec.may_be(root))


def _locate(root: Path, spec: DatasetSpec) -> Path:
    """The set's own folder: `root`, or the one folder in it that holds the set."""
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder.")
    if _holds(root, spec):
        return root
    inside = [child for child in sorted(root.iterdir()) if _holds(child, spec)]
    return inside[0] if len(inside) == 1 else root


def open_dataset(
    name: str, root: Path | None = None, *, higher_is_better: bool | None = None
) -> RatedSet:
    """Read a set by its id and folder, or a table of pairs by its file name.

    Parameters
    ----------
    name : id of a set, or a table such as `pairs.csv`, with its column of opinions and their
        direction where they are not plain: `pairs.csv:mos`, `pairs.csv:dmos:lower`.
    root : folder of the set, or one that holds its folder; tables are looked for in it.
    higher_is_better : direction of a table's opinions, where neither `name` nor the name of its
        column tells.

    Raises
    ------
    InputError
        For an unknown id, a missing folder or files, or a table that cannot be read.
    """
    table = split_name(name)
    if table is not None:
        file, column, direction = table
        path = Path(file) if root is None else root / file
        if direction is None:
            direction = higher_is_better
        return read_manifest(path, score=column, higher_is_better=direction)
    spec = _spec_of(name)
    if higher_is_better is not None:
        raise InputError(f"The direction of {spec.title}'s opinions is known: leave it.")
    if root is None:
        raise InputError(
            f"Say with --root where {spec.title} lies, or get it from {spec.url} first."
        )
    folder = _locate(root, spec)
    listing = spec.read(folder)
    if listing.missing:
        raise InputError(
            f"{folder}: {len(listing.missing)} files of {spec.title} are missing, the first is "
            f"{listing.missing[0]}; get it from {spec.url} and unpack it there."
        )
    return RatedSet(
        spec.id,
        spec.title,
        folder,
        tuple(listing.pairs),
        spec.higher_is_better,
        listing.opinion_name or spec.opinion_name,
        spec.deviation_kind,
        spec.raters,
    )


def _spec_of(name: str) -> DatasetSpec:
    if name.lower() in JUDGEMENTS:
        raise InputError(f"{name} holds judgements and no opinions: only `msds bench` takes it.")
    spec = DATASETS.get(name.lower())
    if spec is None and Path(name).is_dir():
        raise InputError(
            f"{name} is a folder: give the id of its set and --root {name}, or a table of pairs in "
            f"it, as in {Path(name, 'pairs.csv').as_posix()}."
        )
    if spec is None:
        raise InputError(
            f"There is no data set called {name!r}{did_you_mean(name, DATASETS)}; known are "
            f"{', '.join(DATASETS)}, and any table of pairs ({', '.join(SUFFIXES)})."
        )
    return spec


def check(root: Path, name: str | None = None) -> list[CheckReport]:
    """Say what lies in a folder: of one named set, or of every set that is recognised in it.

    A part of a TID set that could be of either is told of as both.
    """
    known = {**DATASETS, **JUDGEMENTS}
    if name is not None and name not in known:
        raise InputError(
            f"There is no data set called {name!r}{did_you_mean(name, known)}; known are "
            f"{', '.join(known)}."
        )
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder.")
    if name is not None:
        return [_check_one(known[name], _locate(root, known[name]))]
    folders = [root, *(child for child in sorted(root.iterdir()) if child.is_dir())]
    reports = [
        _check_one(spec, folder)
        for spec in known.values()
        for folder in folders
        if _holds(folder, spec)
    ]
    return [_doubted(report, reports) for report in reports]


def _doubted(report: CheckReport, reports: Sequence[CheckReport]) -> CheckReport:
    """The report, with a note where the same folder could as well be another set."""
    others = [
        one.spec.id
        for one in reports
        if one.root == report.root and one.spec.id != report.spec.id and one.spec.may_be is not None
    ]
    if not others or report.spec.may_be is None:
        return report
    note = f"what it lists could be of {' or '.join(others)} as well: --dataset ID says which it is"
    return replace(report, notes=(*report.notes, note))


def _check_one(spec: DatasetSpec, folder: Path) -> CheckReport:
    try:
        listing = spec.read(folder)
    except InputError as error:
        return CheckReport(spec, folder, 0, (), (), str(error))
    return CheckReport(
        spec, folder, len(listing.pairs), tuple(listing.missing), tuple(listing.notes), None
    )
