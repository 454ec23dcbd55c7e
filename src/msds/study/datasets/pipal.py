"""PIPAL: training and validation parts, one list of Elo scores per reference."""

from __future__ import annotations

import re
from pathlib import Path

from msds.errors import InputError
from msds.study.datasets.base import Listing
from msds.study.datasets.files import (
    Folder,
    need_folder,
    number,
    subfolder,
    text_lines,
    type_name,
)

_NAME = re.compile(r"(a\d{4})_(\d\d)_(\d\d)\.(bmp|png)", re.IGNORECASE)
# Classes 00 to 06. The files say only numbers; the variants of each class (12, 16, 10, 24, 13, 14,
# 27) are those of the seven sub-types in table 10 of the journal version (arXiv:2011.15002), to
# which the authors point (issue 13 of their repository).
DISTORTIONS = (
    "traditional super-resolution",
    "PSNR-oriented super-resolution",
    "super-resolution with kernel mismatch",
    "GAN-based super-resolution",
    "denoising",
    "super-resolution and denoising",
    "traditional distortions",
)
# The training images are distributed in four archives, unpacked side by side or into one folder.
_TRAIN_PARTS = tuple(
    name.format(part) for part in range(1, 5) for name in ("Distortion_{}", "Distortion{}")
)


def _image_folders(root: Path, names: tuple[str, ...]) -> list[Folder]:
    found = [subfolder(root, name) for name in names]
    folders = [Folder(folder) for folder in found if folder is not None]
    if not folders:
        raise InputError(f"{root}: there is no folder {' or '.join(names)} in it.")
    return folders


def _read(
    root: Path, references: tuple[str, ...], images: tuple[str, ...], labels: tuple[str, ...]
) -> Listing:
    reference_files = Folder(need_folder(root, *references))
    folders = _image_folders(root, images)
    label_folder = need_folder(root, *labels)
    lists = Folder(label_folder)
    if not lists.names(".txt"):
        raise InputError(f"{label_folder}: there is no list of scores (.txt) in it.")
    listing = Listing()
    for name in lists.names(".txt"):
        path = lists.find(name)
        for line, where in text_lines(path) if path is not None else []:
            fields = re.split(r"[,\s]+", line)
            match = _NAME.fullmatch(fields[0])
            if len(fields) != 2 or match is None:
                raise InputError(f"{where}: expected A0001_00_00.bmp,1400.0 but found {line!r}.")
            found = [folder.find(fields[0]) for folder in folders]
            present = [file for file in found if file is not None]
            distorted = present[0] if present else folders[0].find_or_name(fields[0])
            listing.add(
                reference_files.find_or_name(f"{match[1]}.{match[4]}"),
                distorted,
                number(fields[1], where),
                match[1].lower(),
                type_name(match[2], DISTORTIONS, first=0),
                int(match[3]),
            )
    return listing


def read_train(root: Path) -> Listing:
    """The training part: Elo scores, higher is better."""
    return _read(root, ("Train_Ref",), ("Train_Dist", *_TRAIN_PARTS), ("Train_Label",))


def read_validation(root: Path) -> Listing:
    """The validation part: Elo scores, higher is better."""
    return _read(
        root,
        ("Val_Ref", "NTIRE2022_FR_Valid_Ref"),
        ("Val_Dist", "Val_Dis", "NTIRE2022_FR_Valid_Dis"),
        ("Val_Label", "NTIRE2022_FR_Valid_Label"),
    )
