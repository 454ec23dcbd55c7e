"""CSIQ: the authors' spreadsheet, or its CSV and text forms, and folders per distortion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msds.errors import InputError, require
from msds.study.datasets.base import Listing
from msds.study.datasets.files import (
    Folder,
    csv_rows,
    need_folder,
    number,
    subfolder,
    text_lines,
)

_COLUMNS = ("image", "dst_type", "dst_lev", "dmos_std", "dmos")
# What the tables call a distortion, and the token in the image's name.
_TOKENS = {
    "noise": "AWGN",
    "awgn": "AWGN",
    "blur": "BLUR",
    "contrast": "contrast",
    "fnoise": "fnoise",
    "jpeg": "JPEG",
    "jpeg2000": "jpeg2000",
}


def _spreadsheet(path: Path) -> Iterator[tuple[list[str], str]]:
    workbook = require("openpyxl", "study").load_workbook(path, read_only=True, data_only=True)
    try:
        if "all_by_image" not in workbook.sheetnames:
            raise InputError(f"{path}: there is no sheet all_by_image in it.")
        columns: list[int] | None = None
        for index, cells in enumerate(workbook["all_by_image"].iter_rows(values_only=True), 1):
            texts = [_cell(cell) for cell in cells]
            if columns is None:
                if all(name in texts for name in _COLUMNS):
                    columns = [texts.index(name) for name in _COLUMNS]
            elif texts[columns[0]]:
                yield [texts[column] for column in columns], f"{path.name} row {index}"
        if columns is None:
            raise InputError(f"{path}: no row names the columns {', '.join(_COLUMNS)}.")
    finally:
        workbook.close()


def _cell(value: Any) -> str:
    # The image called 1600 is stored as a number.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def _csv(path: Path) -> Iterator[tuple[list[str], str]]:
    for row, where in csv_rows(path, _COLUMNS):
        yield [row[name] for name in _COLUMNS], where


def _text(path: Path) -> Iterator[tuple[list[str], str]]:
    """Six columns without header: image, index, type, level, deviation, DMOS."""
    for line, where in text_lines(path):
        fields = line.split("\t") if "\t" in line else line.split()
        if len(fields) != 6:
            raise InputError(f"{where}: expected 6 columns, found {len(fields)}.")
        yield [fields[0], *fields[2:]], where


def rows(root: Path) -> Iterator[tuple[list[str], str]]:
    """(image, type, level, deviation, dmos) and where each row stands."""
    files = Folder(root)
    for name, reader in (
        ("csiq.DMOS.xlsx", _spreadsheet),
        ("csiq.DMOS.csv", _csv),
        ("csiq.DMOS.txt", _text),
        ("CSIQ_ref_dist_mos.txt", _text),
    ):
        path = files.find(name)
        if path is not None:
            return reader(path)
    raise InputError(f"{root}: there is no file csiq.DMOS.xlsx (or .csv, .txt) in it.")


def read(root: Path) -> Listing:
    """Pairs with DMOS in 0..1, higher is worse."""
    table = list(rows(root))
    sources = Folder(subfolder(root, "src_imgs") or root)
    distorted_images = Folder(need_folder(root, "dst_imgs"), recursive=True)
    listing = Listing()
    for (image, kind, level, deviation, dmos), where in table:
        token = _TOKENS.get(kind.lower().replace(" ", ""))
        if token is None:
            raise InputError(f"{where}: unknown distortion {kind!r}.")
        strength = int(number(level, where))
        listing.add(
            sources.find_or_name(f"{image}.png"),
            distorted_images.find_or_name(f"{image}.{token}.{strength}.png"),
            number(dmos, where),
            image.lower(),
            token.lower(),
            strength,
            number(deviation, where),
        )
    return listing
