"""The sets that are known by name: where to get them, how they are read, what they must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msds.errors import InputError
from msds.study.datasets import csiq, kadid, lists, live, pipal, preference, tid
from msds.study.datasets.base import DeviationKind, Listing, RatedSet
from msds.study.datasets.manifest import SUFFIXES, read_manifest
from msds.text import did_you_mean


@dataclass(frozen=True)
class DatasetSpec:
    """A rated set as its authors publish it.

    Attributes
    ----------
    marks : files or folders (any of each inner tuple) by which its folder is recognised.
    higher_is_better : whether a higher opinion means higher quality.
    """

    id: str
    title: str
    pairs: int
    references: int
    opinion_name: str
    higher_is_better: bool
    read: Callable[[Path], Listing]
    marks: tuple[tuple[str, ...], ...]
    url: str
    licence: str
    citation: str
    deviation_kind: DeviationKind | None = None
    raters: int | None = None


_ASK = "free for research; the authors state no licence"

DATASETS: dict[str, DatasetSpec] = {
    spec.id: spec
    for spec in (
        DatasetSpec(
            "live",
            "LIVE release 2",
            779,
            29,
            "realigned DMOS",
            False,
            live.read,
            (("refimgs",), ("fastfading",), ("dmos_realigned.mat",)),
            "https://live.ece.utexas.edu/research/quality/subjective.htm",
            "use, copy and distribute freely with the copyright notice and citation",
            "Sheikh, Sabir and Bovik, IEEE TIP 15(11), 2006",
            "standard error",
        ),
        DatasetSpec(
            "csiq",
            "CSIQ",
            866,
            30,
            "DMOS 0..1",
            False,
            csiq.read,
            (("dst_imgs",), ("csiq.DMOS.xlsx", "csiq.DMOS.csv", "csiq.DMOS.txt")),
            "https://s2.smu.edu/~eclarson/csiq.html",
            _ASK,
            "Larson and Chandler, Journal of Electronic Imaging 19(1), 2010",
            "standard deviation",
        ),
        DatasetSpec(
            "tid2008",
            "TID2008",
            1700,
            25,
            "MOS 0..9",
            True,
            tid.read,
            (("mos_with_names.txt",), ("distorted_images",)),
            "https://www.ponomarenko.info/tid2008.htm",
            "free for academic, non-commercial use",
            "Ponomarenko et al., Advances of Modern Radioelectronics 10, 2009",
            "standard error",
        ),
        DatasetSpec(
            "tid2013",
            "TID2013",
            3000,
            25,
            "MOS 0..9",
            True,
            tid.read,
            (("mos_with_names.txt",), ("distorted_images",)),
            "https://www.ponomarenko.info/tid2013.htm",
            "free for academic, non-commercial use",
            "Ponomarenko et al., Signal Processing: Image Communication 30, 2015",
            "standard error",
        ),
        DatasetSpec(
            "kadid10k",
            "KADID-10k",
            10125,
            81,
            "mean rating 1..5",
            True,
            kadid.read,
            (("dmos.csv",), ("images",)),
            "https://database.mmsp-kn.de/kadid-10k-database.html",
            "free for research; photographs under the Pixabay licence",
            "Lin, Hosu and Saupe, QoMEX 2019",
            "standard deviation",
            30,
        ),
        DatasetSpec(
            "pipal",
            "PIPAL training part",
            23200,
            200,
            "Elo score",
            True,
            pipal.read_train,
            (("Train_Label",), ("Train_Ref",)),
            "https://github.com/HaomingCai/PIPAL-dataset",
            _ASK,
            "Gu et al., ECCV 2020",
        ),
        DatasetSpec(
            "pipal-val",
            "PIPAL validation part",
            1000,
            25,
            "Elo score",
            True,
            pipal.read_validation,
            (
                ("Val_Label", "NTIRE2022_FR_Valid_Label"),
                ("Val_Ref", "NTIRE2022_FR_Valid_Ref"),
            ),
            "https://github.com/HaomingCai/PIPAL-dataset",
            _ASK,
            "Gu et al., ECCV 2020",
        ),
        DatasetSpec(
            "qads",
            "QADS",
            980,
            20,
            "MOS 0..1",
            True,
            lists.read_qads,
            (("super-resolved_images",), ("source_images",)),
            "http://www.vista.ac.cn/super-resolution/",
            _ASK,
            "Zhou, Wang and Chen, IEEE TIP 28(7), 2019",
        ),
        DatasetSpec(
            "mdid",
            "MDID",
            1600,
            20,
            "MOS 0..8",
            True,
            lists.read_mdid,
            (("mos.txt",), ("distortion_images",)),
            "https://www.sz.tsinghua.edu.cn/labs/vipl/mdid.html",
            _ASK,
            "Sun, Zhou and Liao, Pattern Recognition 61, 2017",
            "standard deviation",
            33,
        ),
        *(
            DatasetSpec(
                f"cidiq-{distance}",
                f"CID:IQ from {distance} cm",
                690,
                23,
                "category score 1..9",
                True,
                reader,
                ((f"MOS{distance}.mat",), ("Images",)),
                "https://www.ntnu.edu/web/colourlab/software",
                _ASK,
                "Liu, Pedersen and Hardeberg, ICISP 2014",
            )
            for distance, reader in ((50, lists.read_cidiq_50), (100, lists.read_cidiq_100))
        ),
        DatasetSpec(
            "pieapp-test",
            "PieAPP test part",
            600,
            40,
            "dissimilarity",
            False,
            lists.read_pieapp,
            (("labels",), ("distorted_images",), ("reference_images",)),
            "https://github.com/prashnani/PerceptualImageError",
            "non-commercial, educational use only",
            "Prashnani, Cai, Mostofi and Sen, CVPR 2018",
        ),
    )
}


JUDGEMENTS: dict[str, DatasetSpec] = {
    f"bapps-{task}": DatasetSpec(
        f"bapps-{task}",
        f"BAPPS {task.upper()}, validation part",
        count,
        count,
        "share of people",
        True,
        reader,
        (("2afc",), ("jnd",)),
        "https://github.com/richzhang/PerceptualSimilarity",
        "BSD-2-Clause (code and lists); patches free for research",
        "Zhang, Isola, Efros, Shechtman and Wang, CVPR 2018",
    )
    for task, count, reader in (
        ("2afc", 36344, preference.list_2afc),
        ("jnd", 9600, preference.list_jnd),
    )
}
"""Sets of judgements and not of opinions: `msds bench` scores them in their own way."""


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
    return all(any(name.lower() in names for name in options) for options in spec.marks)


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
    name : id of a set, a table such as `pairs.csv`, or a table and its column of opinions, as in
        `pairs.csv:dmos`.
    root : folder of the set, or one that holds its folder; tables are looked for in it.
    higher_is_better : direction of a table's opinions, where the column's name does not tell.

    Raises
    ------
    InputError
        For an unknown id, a missing folder or files, or a table that cannot be read.
    """
    table, column = name, None
    if Path(name).suffix.lower() not in SUFFIXES:
        before, _, after = name.rpartition(":")
        if Path(before).suffix.lower() in SUFFIXES:
            table, column = before, after
    if Path(table).suffix.lower() in SUFFIXES:
        path = Path(table) if root is None else root / table
        return read_manifest(path, score=column, higher_is_better=higher_is_better)
    if name.lower() in JUDGEMENTS:
        raise InputError(f"{name} holds judgements and no opinions: only `msds bench` takes it.")
    spec = DATASETS.get(name.lower())
    if spec is None:
        raise InputError(
            f"There is no data set called {name!r}{did_you_mean(name, DATASETS)}; known are "
            f"{', '.join(DATASETS)}, "
            f"and any table of pairs ({', '.join(SUFFIXES)})."
        )
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
        spec.opinion_name,
        spec.deviation_kind,
        spec.raters,
    )


def check(root: Path, name: str | None = None) -> list[CheckReport]:
    """Say what lies in a folder: of one named set, or of every set that is recognised in it.

    Both TID sets look alike; the number of scores tells them apart.
    """
    known = {**DATASETS, **JUDGEMENTS}
    if name is not None and name not in known:
        raise InputError(
            f"There is no data set called {name!r}{did_you_mean(name, known)}; known are "
            f"{', '.join(known)}."
        )
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder.")
    folders = [root, *(child for child in sorted(root.iterdir()) if child.is_dir())]
    reports = []
    for spec in [known[name]] if name is not None else known.values():
        for folder in [_locate(root, spec)] if name is not None else folders:
            if name is not None or _holds(folder, spec):
                report = _check_one(spec, folder)
                if name is not None or _plausible(report):
                    reports.append(report)
    return reports


def _check_one(spec: DatasetSpec, folder: Path) -> CheckReport:
    try:
        listing = spec.read(folder)
    except InputError as error:
        return CheckReport(spec, folder, 0, (), (), str(error))
    return CheckReport(
        spec, folder, len(listing.pairs), tuple(listing.missing), tuple(listing.notes), None
    )


def _plausible(report: CheckReport) -> bool:
    if report.spec.id not in ("tid2008", "tid2013"):
        return True
    table = report.root / "mos_with_names.txt"
    lines = (
        len(table.read_text(encoding="utf-8", errors="replace").split("\n"))
        if table.is_file()
        else 0
    )
    return (lines <= 1 + DATASETS["tid2008"].pairs) == (report.spec.id == "tid2008")
