"""The sets that are known by name: who made them, what they must hold, and who reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msds.study.datasets import csiq, kadid, lists, live, parts, pipal, preference, retargeting, tid
from msds.study.datasets.base import DeviationKind, Listing


@dataclass(frozen=True)
class DatasetSpec:
    """A rated set as its authors publish it.

    Attributes
    ----------
    marks : files or folders (any of each inner tuple) by which its folder is recognised.
    may_be : tells whether a folder with these marks can be this set, where another has them too.
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
    may_be: Callable[[Path], bool] | None = None


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
            (("refimgs",), ("fastfading",), ("dmos_realigned.mat", "dmos.mat")),
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
            tid.PAIRS_2008,
            25,
            "MOS 0..9",
            True,
            tid.read,
            (("mos_with_names.txt",), ("distorted_images",)),
            "https://www.ponomarenko.info/tid2008.htm",
            "free for academic, non-commercial use",
            "Ponomarenko et al., Advances of Modern Radioelectronics 10, 2009",
            "standard error",
            may_be=tid.may_be_2008,
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
            may_be=tid.may_be_2013,
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
        DatasetSpec(
            "retargetme",
            "MIT RetargetMe",
            296,
            37,
            "votes",
            True,
            retargeting.read_retargetme,
            (("subjData-ref_37.mat", "subjData-ref.mat"),),
            "https://people.csail.mit.edu/mrub/retargetme/",
            _ASK,
            "Rubinstein, Gutierrez, Sorkine and Shamir, ACM TOG 29(6), 2010",
        ),
        DatasetSpec(
            "cuhk-retargeting",
            "CUHK retargeting",
            171,
            57,
            "MOS 0..100",
            True,
            retargeting.read_cuhk,
            # A table of one's own has nothing by which it is recognised.
            ((),),
            "https://ui.adsabs.harvard.edu/abs/2012ISTSP...6..626M/abstract",
            _ASK,
            "Ma, Lin, Deng and Ngan, IEEE Journal of Selected Topics in Signal Processing 6, 2012",
        ),
        DatasetSpec(
            "tid2013-part",
            "part of TID2013",
            135,
            14,
            "MOS 0..9",
            True,
            parts.read_tid2013,
            ((parts.TABLE,), ("reference_images",), ("distorted_images",)),
            "https://www.ponomarenko.info/tid2013.htm",
            "free for academic, non-commercial use",
            "Ponomarenko et al., Signal Processing: Image Communication 30, 2015",
        ),
        DatasetSpec(
            "live-part",
            "part of LIVE release 2",
            60,
            3,
            "realigned DMOS",
            False,
            parts.read_live,
            ((parts.TABLE,), ("refimgs",), ("fastfading",)),
            "https://live.ece.utexas.edu/research/quality/subjective.htm",
            "use, copy and distribute freely with the copyright notice and citation",
            "Sheikh, Sabir and Bovik, IEEE TIP 15(11), 2006",
            "standard error",
        ),
        DatasetSpec(
            "kadid-part",
            "part of KADID-10k",
            169,
            40,
            "mean rating 1..5",
            True,
            parts.read_kadid,
            ((parts.TABLE,), ("references",), ("images",)),
            "https://database.mmsp-kn.de/kadid-10k-database.html",
            "free for research; photographs under the Pixabay licence",
            "Lin, Hosu and Saupe, QoMEX 2019",
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
