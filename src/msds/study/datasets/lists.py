"""Sets whose scores are plain lists: QADS, MDID, CID:IQ, PieAPP's test part."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from msds.errors import InputError, require
from msds.study.datasets.base import Listing
from msds.study.datasets.files import (
    Folder,
    named_scores,
    need_file,
    need_folder,
    number,
    text_lines,
)

_QADS_NAME = re.compile(r"(img\d+)_(\d+)_(\d+)\.(\w+)", re.IGNORECASE)
_CIDIQ_NAME = re.compile(r"(final\d\d)_d(\d)_l(\d)\.bmp", re.IGNORECASE)
_MDID_REFERENCES, _MDID_EACH = 20, 80


def read_qads(root: Path) -> Listing:
    """QADS: super-resolved images with MOS in 0..1, higher is better."""
    references = Folder(need_folder(root, "source_images"))
    images = Folder(need_folder(root, "super-resolved_images"), recursive=True)
    listing = Listing()
    table = need_file(root, "mos_with_names.txt")
    for score, name, match in named_scores(table, _QADS_NAME, "img01_2_1.bmp"):
        listing.add(
            references.find_or_name(f"{match[1]}.{match[4]}"),
            images.find_or_name(name),
            score,
            match[1].lower(),
            f"scale {int(match[2])}",
        )
    return listing


def read_mdid(root: Path) -> Listing:
    """MDID: multiply distorted images with MOS in 0..8, higher is better, in the order of names."""
    path = need_file(root, "mos.txt")
    scores = text_lines(path)
    total = _MDID_REFERENCES * _MDID_EACH
    if len(scores) != total:
        raise InputError(f"{path}: found {len(scores)} scores, MDID has {total}.")
    spread_path = Folder(root).find("mos_std.txt")
    spread = text_lines(spread_path) if spread_path is not None else None
    if spread is not None and len(spread) != total:
        raise InputError(f"{spread_path}: found {len(spread)} deviations, MDID has {total}.")
    references = Folder(need_folder(root, "reference_images"))
    images = Folder(need_folder(root, "distortion_images", "distorted_images"))
    listing = Listing()
    for index, (text, where) in enumerate(scores):
        name = f"img{index // _MDID_EACH + 1:02d}"
        listing.add(
            references.find_or_name(f"{name}.bmp"),
            images.find_or_name(f"{name}_{index % _MDID_EACH + 1:02d}.bmp"),
            number(text, where),
            name,
            "multiple",
            deviation=number(*spread[index]) if spread is not None else None,
        )
    return listing


def _read_cidiq(root: Path, centimetres: int) -> Listing:
    variable = f"MOS{centimetres}"
    path = need_file(root, f"{variable}.mat")
    content = require("scipy.io", "study").loadmat(path)
    if variable not in content:
        raise InputError(f"{path}: there is no variable {variable} in it.")
    scores = np.ravel(content[variable])
    images = need_folder(root, "Images")
    references = Folder(need_folder(images, "Original"))
    reproductions = need_folder(images, "Reproduction")
    found = _in_order_of_names(reproductions)
    if len(found) != scores.size:
        raise InputError(
            f"{reproductions}: {len(found)} images for the {scores.size} scores of {path.name}; "
            "the scores have no names, so every image must be there."
        )
    listing = Listing()
    for (folder, name), score in zip(found, scores, strict=True):
        match = _CIDIQ_NAME.fullmatch(name)
        if match is None:
            raise InputError(f"{folder / name}: expected a name like final01_d1_l1.bmp.")
        listing.add(
            references.find_or_name(f"{match[1]}.bmp"),
            folder / name,
            float(score),
            match[1].lower(),
            folder.name,
            int(match[3]),
        )
    return listing


def _in_order_of_names(reproductions: Path) -> list[tuple[Path, str]]:
    """Folders and images in them, as the scores follow them."""
    return [
        (folder, name)
        for folder in sorted(reproductions.iterdir(), key=lambda item: item.name)
        if folder.is_dir()
        for name in Folder(folder).names(".bmp")
    ]


def read_cidiq_50(root: Path) -> Listing:
    """CID:IQ seen from 50 cm: category scores 1..9, higher is better."""
    return _read_cidiq(root, 50)


def read_cidiq_100(root: Path) -> Listing:
    """CID:IQ seen from 100 cm: category scores 1..9, higher is better."""
    return _read_cidiq(root, 100)


def read_pieapp(root: Path) -> Listing:
    """PieAPP's test part: dissimilarity from pairwise preferences, higher is worse."""
    labels = need_folder(need_folder(root, "labels"), "test")
    references = Folder(need_folder(need_folder(root, "reference_images"), "test"))
    images = need_folder(need_folder(root, "distorted_images"), "test")
    tables = [name for name in Folder(labels).names(".csv") if "per_image_score" in name]
    if not tables:
        raise InputError(f"{labels}: there is no file ref_<number>_per_image_score.csv in it.")
    listing = Listing()
    for table in tables:
        with (labels / table).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
        for line, row in enumerate(rows[1:], start=2):
            where = f"{table} line {line}"
            if len(row) < 3:
                raise InputError(f"{where}: expected reference, image and score, found {row}.")
            reference_name, image = Path(row[0].strip()).name, Path(row[1].strip()).name
            if image == reference_name:
                continue
            group = Path(reference_name).stem
            folder = images / group
            present = Folder(folder).find(image) if folder.is_dir() else None
            listing.add(
                references.find_or_name(reference_name),
                present if present is not None else f"{group}/{image}",
                number(row[2], where),
                group.lower(),
                re.sub(r"^distort_\d+_|_(inter|intra)_.*$", "", Path(image).stem),
            )
    return listing
