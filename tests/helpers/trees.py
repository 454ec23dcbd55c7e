"""Miniature data sets in the authors' own layouts: real names and tables, tiny or empty images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 24


def photograph(seed: int = 0, side: int = SIDE) -> np.ndarray:
    """A smooth colour image (side, side, 3), uint8."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    waves = [np.sin(6 * x * random.random() + 5 * y * random.random() + k) for k in range(3)]
    return np.uint8(np.stack([127 + 110 * wave for wave in waves], -1))


def noisy(image: np.ndarray, deviation: float, seed: int = 1) -> np.ndarray:
    """The image with white noise."""
    grain = np.random.default_rng(seed).normal(0, deviation, image.shape)
    return np.uint8(np.clip(image + grain, 0, 255))


def save(path: Path, image: np.ndarray) -> None:
    """Write an image, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def touch(path: Path) -> None:
    """An empty file, where a reader only needs the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def live(root: Path) -> Path:
    """All 982 names of LIVE release 2; every fifth image is an undistorted copy."""
    from scipy.io import savemat

    folders = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
    references = ["bikes.bmp", "womanhat.bmp"]
    for name in references:
        touch(root / "refimgs" / name)
    names, scores, copies = [], [], []
    for folder, count in folders.items():
        lines = []
        for index in range(count):
            touch(root / folder / f"img{index + 1}.bmp")
            name = references[len(names) % 2]
            lines.append(f"{name} img{index + 1}.bmp {0.1 * index:.4f}\n")
            copies.append(index % 5 == 0)
            scores.append(0.0 if copies[-1] else 20.0 + index / 10)
            names.append(name)
        (root / folder / "info.txt").write_text("".join(lines))
    cells = np.empty((1, len(names)), dtype=object)
    cells[0] = names
    savemat(root / "refnames_all.mat", {"refnames_all": cells})
    table = {
        "dmos_new": np.array([scores]),
        "orgs": np.array([copies], dtype=np.uint8),
        "dmos_std": np.full((1, len(names)), 2.5),
    }
    savemat(root / "dmos_realigned.mat", table)
    return root


CSIQ_ROWS = [
    ("1600", 1, "noise", 1, 0.061, 0.062),
    ("1600", 3, "jpeg 2000", 2, 0.059, 0.135),
    ("aerial_city", 5, "blur", 5, 0.05, 0.91),
    ("aerial_city", 6, "contrast", 3, 0.07, 0.3),
]


def csiq(root: Path, table: str = "xlsx") -> Path:
    """Four rated images; the table as the authors' spreadsheet, or as CSV or text."""
    for name in ("1600", "aerial_city"):
        touch(root / "src_imgs" / f"{name}.png")
    for file in (
        "awgn/1600.AWGN.1.png",
        "jpeg2000/1600.jpeg2000.2.png",
        "blur/aerial_city.BLUR.5.png",
        "contrast/aerial_city.contrast.3.png",
    ):
        touch(root / "dst_imgs" / file)
    head = ("image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos")
    if table == "xlsx":
        from openpyxl import Workbook

        book = Workbook()
        sheet = book.active
        sheet.title = "all_by_distortion"
        sheet = book.create_sheet("all_by_image")
        for _ in range(3):
            sheet.append([])
        sheet.append([None, None, None, *head])
        for row in CSIQ_ROWS:
            # The image called 1600 is a number in the authors' file.
            name = 1600 if row[0] == "1600" else row[0]
            sheet.append([None, None, None, name, *row[1:]])
        book.save(root / "csiq.DMOS.xlsx")
    elif table == "csv":
        lines = [",".join(head)]
        for name, index, kind, level, std, dmos in CSIQ_ROWS:
            decimals = [f'"{value}"'.replace(".", ",") for value in (std, dmos)]
            lines.append(",".join([name, str(index), kind, str(level), *decimals]))
        (root / "csiq.DMOS.csv").write_text("\n".join(lines) + "\n")
    else:
        lines = ["\t".join(map(str, row)) for row in CSIQ_ROWS]
        (root / "csiq.DMOS.txt").write_text("\n".join(lines) + "\n")
    return root


def tid2008(root: Path) -> Path:
    """All 1700 names: 25 references, 17 types, 4 levels."""
    lines = []
    for reference in range(1, 26):
        touch(root / "reference_images" / f"I{reference:02d}.BMP")
        for kind in range(1, 18):
            for level in range(1, 5):
                name = f"I{reference:02d}_{kind:02d}_{level}.bmp"
                touch(root / "distorted_images" / name)
                lines.append(f"{9 - level}.0 {name}\n")
    (root / "mos_with_names.txt").write_text("".join(lines))
    return root


def tid2013(root: Path) -> Path:
    """Two references with the quirks of case that TID2013 has."""
    touch(root / "reference_images" / "I01.BMP")
    touch(root / "reference_images" / "i25.bmp")
    names = {"I01_01_1.bmp": 5.51429, "i01_24_5.bmp": 2.1, "i25_10_3.bmp": 4.0}
    for name in ("i01_01_1.bmp", "I01_24_5.BMP", "i25_10_3.bmp"):
        touch(root / "distorted_images" / name)
    lines = [f"{mos} {name}\n" for name, mos in names.items()]
    (root / "mos_with_names.txt").write_text("".join(lines))
    (root / "mos_std.txt").write_text("0.13\n0.15\n0.11\n")
    return root


def kadid(root: Path, references: int = 1) -> Path:
    """Three distorted images of each reference."""
    rows = [("01_01", 4.57, 0.496), ("01_05", 1.1, 0.3), ("25_03", 3.0, 0.9)]
    text = "dist_img,ref_img,dmos,var\n"
    for number in range(1, references + 1):
        reference = f"I{number:02d}"
        touch(root / "images" / f"{reference}.png")
        for kind, score, spread in rows:
            name = f"{reference}_{kind}.png"
            touch(root / "images" / name)
            text += f"{name},{reference}.png,{score},{spread}\n"
    (root / "dmos.csv").write_text(text)
    return root


def pipal(root: Path, part: str = "Train") -> Path:
    """Two references; the training images lie in the folders of two archives."""
    images = {"Train": ["Distortion_1", "Distortion_2"], "Val": ["Val_Dist", "Val_Dist"]}[part]
    for index, name in enumerate(("A0001", "A0060")):
        touch(root / f"{part}_Ref" / f"{name}.bmp")
        lines = []
        for kind, strength, elo in (("00", "00", 1448.9539), ("04", "11", 1377.2)):
            file = f"{name}_{kind}_{strength}.bmp"
            touch(root / images[index] / file)
            lines.append(f"{file},{elo}\n")
        label = root / f"{part}_Label" / f"{name}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text("".join(lines))
    return root


def qads(root: Path) -> Path:
    """Two super-resolved images."""
    touch(root / "source_images" / "img01.bmp")
    lines = []
    for name, mos in (("img01_2_1.bmp", 0.81234), ("img01_4_12.bmp", 0.12)):
        touch(root / "super-resolved_images" / name)
        lines.append(f"{mos:.5f}  {name}\n")
    (root / "mos_with_names.txt").write_text("".join(lines))
    return root


def mdid(root: Path) -> Path:
    """All 1600 names; the scores have none and follow their order."""
    scores = []
    for reference in range(1, 21):
        touch(root / "reference_images" / f"img{reference:02d}.bmp")
        for index in range(1, 81):
            touch(root / "distortion_images" / f"img{reference:02d}_{index:02d}.bmp")
            scores.append(reference / 10 + index / 100)
    (root / "mos.txt").write_text("".join(f"{score:.4f}\n" for score in scores))
    (root / "mos_std.txt").write_text("1.2\n" * len(scores))
    return root


def cidiq(root: Path, distance: int = 50) -> Path:
    """Two references, two distortions, two levels; scores follow the order of names."""
    from scipy.io import savemat

    scores = []
    for kind, folder in ((1, "1_JPEG2000_Compression"), (6, "6_SGCK_Gamut_Mapping")):
        for reference in (1, 2):
            touch(root / "Images" / "Original" / f"final{reference:02d}.bmp")
            for level in (1, 2):
                name = f"final{reference:02d}_d{kind}_l{level}.bmp"
                touch(root / "Images" / "Reproduction" / folder / name)
                scores.append(100 * kind + 10 * reference + level)
    savemat(root / f"MOS{distance}.mat", {f"MOS{distance}": np.array([scores], float).T})
    return root


def pieapp(root: Path) -> Path:
    """One test reference, its own row among the scores."""
    touch(root / "reference_images" / "test" / "ref_41.png")
    names = ["distort_41_gaussian_blur_inter_3.png", "distort_41_jpeg_intra_0.png"]
    lines = ["ref. image,distorted image,score", "ref_41.png,ref_41.png,0"]
    for name, score in zip(names, (2.75, -0.1), strict=True):
        touch(root / "distorted_images" / "test" / "ref_41" / name)
        lines.append(f"ref_41.png,{name},{score}")
    label = root / "labels" / "test" / "ref_41_per_image_score.csv"
    label.parent.mkdir(parents=True)
    label.write_text("\n".join(lines) + "\n")
    (label.parent / "ref_41_pairwise_labels.csv").write_text("a,b,c,d\n")
    return root


def bapps(root: Path) -> Path:
    """Two 2AFC judgements of two kinds, and one of JND."""
    for kind, share in (("cnn", 1.0), ("traditional", 0.2)):
        folder = root / "dataset" / "2afc" / "val" / kind
        for name in ("ref", "p0", "p1"):
            save(folder / name / "000000.png", photograph(3))
        (folder / "judge").mkdir()
        np.save(folder / "judge" / "000000.npy", np.array([share], dtype=np.float32))
    folder = root / "dataset" / "jnd" / "val" / "cnn"
    for name in ("p0", "p1"):
        save(folder / name / "000000.png", photograph(3))
    (folder / "same").mkdir()
    np.save(folder / "same" / "000000.npy", np.array([1.0], dtype=np.float32))
    return root


def rated(root: Path, references: int = 6, side: int = 64) -> Path:
    """A table of pairs with real images: noise and offset, opinions that fall with strength."""
    rows = ["reference,distorted,mos,mos_std,distortion,level"]
    for index in range(references):
        image = photograph(index, side)
        save(root / "ref" / f"r{index}.png", image)
        for level in range(1, 5):
            kinds = {
                "noise": noisy(image, 8.0 * level, seed=index),
                "offset": np.uint8(np.clip(image.astype(int) + 12 * level, 0, 255)),
            }
            for kind, changed in kinds.items():
                name = f"dist/r{index}_{kind}_{level}.png"
                save(root / name, changed)
                mos = 9 - (1.5 if kind == "noise" else 0.5) * level + 0.05 * index
                rows.append(f"ref/r{index}.png,{name},{mos:.3f},0.2,{kind},{level}")
    table = root / "pairs.csv"
    table.write_text("\n".join(rows) + "\n")
    return table


def retargetme(root: Path) -> Path:
    """Two images of MIT RetargetMe: a folder each, and the votes as a MATLAB struct."""
    from scipy.io import savemat

    operators = ("cr", "sv", "multiop", "sc", "scl", "sm", "sns", "warp")
    for image, ratio in (("ArtRoom", "0.75"), ("car1", "0.50")):
        touch(root / image / f"{image}.png")
        for operator in operators:
            touch(root / image / f"{image}_{ratio}_{operator}.png")
        touch(root / image / f"{image}_0.75_lg.png")  # an operator that was not voted on
    names = np.array(["ArtRoom_0.75", "car1_0.50"], dtype=object)
    votes = np.arange(16.0).reshape(2, 8)
    savemat(root / "subjData-ref_37.mat", {"subjData": {"datasetNames": names, "data": votes}})
    return root


def part(root: Path, name: str) -> Path:
    """Three pairs of a part of TID2013, LIVE or KADID-10k."""
    folders, rows = {
        "tid2013-part": (
            ("reference_images", "distorted_images"),
            ["mos,distortion,level", "i06,i06_01_1,5.7,1,1", "i06,i06_24_5,2.5,24,5",
             "i25,i25_10_3,4.1,10,3"],
        ),
        "live-part": (
            ("refimgs", "fastfading"),
            ["dmos,dmos_realigned,dmos_realigned_std,distortion",
             "sailing1,img1,58.9,73.5,2.8,fastfading", "sailing1,img2,20.1,22.5,1.9,fastfading",
             "monarch,img3,30.1,35.5,2.2,fastfading"],
        ),
        "kadid-part": (
            ("references", "images"),
            ["mos,distortion,level", "I01,I01_02_03,1.5,lens blur,3", "I01,I01_10_01,4.2,jpeg,1",
             "I80,I80_25_05,2.0,contrast change,5"],
        ),
    }[name]  # fmt: skip
    lines = [f"reference,distorted,{rows[0]}"]
    for row in rows[1:]:
        reference, distorted, rest = row.split(",", 2)
        files = [f"{folders[0]}/{reference}.webp", f"{folders[1]}/{distorted}.webp"]
        for file in files:
            touch(root / file)
        lines.append(",".join([*files, rest]))
    (root / "pairs.csv").write_text("\n".join(lines) + "\n")
    return root


def filled(root: Path, side: int) -> Path:
    """The same with pictures in its empty files, each noisier than the one before it by name."""
    empty = [
        path for path in sorted(root.rglob("*.*")) if path.is_file() and not path.stat().st_size
    ]
    for number, path in enumerate(empty):
        save(path, noisy(photograph(0, side), 2.0 * number))
    return root
