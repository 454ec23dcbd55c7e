"""Parts of files that are larger than memory, with the pixels the whole file would have."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from msds.errors import InputError, MissingExtraError, require
from msds.images.colour import add_notes, finish, parse_background
from msds.images.formats.decode import decode_file, identify
from msds.images.formats.exr import ExrRows
from msds.images.formats.pillow import read_metadata
from msds.images.formats.png_parts import UnpackedPng
from msds.images.formats.samples import arrange, depth_note
from msds.images.formats.source import EXTRA, SourceFile, decoding
from msds.images.formats.tiff import check_page, interpret, read_layout, readable_in_parts
from msds.images.formats.tiff_parts import TiffParts
from msds.images.image import Decoded, Image
from msds.images.limits import MAX_PIXELS, Limits, MemoryLimitError, check_file, display_name
from msds.images.transfer import parse_transfer

_DAMAGED = "the image data are truncated or damaged"


class Regions(ABC):
    """An open image whose rectangles can be read one at a time; a context manager.

    Not for use by several threads at once.

    Attributes
    ----------
    width, height : size in pixels, with the orientation applied.
    source : name of the file.
    in_memory : whether the whole image was decoded, because its format has no parts.
    """

    def __init__(self, width: int, height: int, source: str, in_memory: bool) -> None:
        self.width = width
        self.height = height
        self.source = source
        self.in_memory = in_memory

    def read(self, x0: int, y0: int, x1: int, y1: int) -> torch.Tensor:
        """Pixels of columns `x0` to `x1` and rows `y0` to `y1`, ends excluded.

        Returns
        -------
        (3, y1 - y0, x1 - x0) float32 tensor in [0, 1], sRGB: that part of what `load_image` gives.

        Raises
        ------
        InputError
            If the rectangle is empty or not within the image, or the file is damaged there.
        """
        if not (0 <= x0 < x1 <= self.width and 0 <= y0 < y1 <= self.height):
            raise InputError(
                f"{self.source}: columns {x0} to {x1} and rows {y0} to {y1} were asked for; the"
                f" image is {self.width} x {self.height}."
            )
        return self._read(x0, y0, x1, y1)

    @property
    @abstractmethod
    def notes(self) -> tuple[str, ...]:
        """What was done to the parts read so far, as in `msds.images.Image`."""

    @abstractmethod
    def _read(self, x0: int, y0: int, x1: int, y1: int) -> torch.Tensor:
        """Pixels of a rectangle within the image."""

    @abstractmethod
    def close(self) -> None:
        """Close the file; nothing can be read any more."""

    def __enter__(self) -> Regions:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_regions(
    path: str | os.PathLike[str],
    *,
    background: str = "white",
    frame: int | None = None,
    transfer: str | None = None,
    max_pixels: int = MAX_PIXELS,
    memory: int | None = None,
) -> Regions:
    """Open an image file to read it in parts.

    With the extra ``formats``, PNG, OpenEXR and TIFF (plain or losslessly compressed) are read in
    bounded memory; a PNG is unpacked when it is opened, to a temporary file if it takes more than
    64 MB, as many bytes as its header says. Any other file is decoded whole, and its samples are
    kept as they are. The pixels are those of `load_image` with the same arguments.

    Parameters
    ----------
    path, background, frame, transfer : as for `load_image`.
    max_pixels : larger images are refused, in parts as well.
    memory : bytes that decoding may take; a file that would take more, by its header, is refused.
        Any amount by default.

    Raises
    ------
    InputError
        As `load_image`.
    """
    parse_background(background)
    name, place = display_name(path), Path(path)
    check_file(place, name)
    asked = None if transfer is None else parse_transfer(transfer)
    limits = Limits(max_pixels, memory)
    file = identify(place, name, frame, asked, limits, whole=False)
    if file.header.width and file.header.height:
        file.check_size(file.header.width, file.header.height)
    with decoding(name, _DAMAGED):
        stored = _in_parts(file) or _in_memory(file)

    def finished(decoded: Decoded) -> Image:
        return finish(decoded, name, background, file.transfer)

    return _Opened(stored, name, finished)


@dataclass(frozen=True)
class _Stored:
    """How the parts of a file are decoded, as they are stored.

    Attributes
    ----------
    width, height, orientation : of the samples in the file.
    decode : gives the samples of a rectangle x0, y0, x1, y1, as they are stored.
    close : gives back what is held.
    in_memory : whether the whole image was decoded.
    """

    width: int
    height: int
    orientation: int
    decode: Callable[[int, int, int, int], Decoded]
    close: Callable[[], None]
    in_memory: bool = False


class _Opened(Regions):
    """An image of which only the parts that are asked for are decoded."""

    def __init__(self, stored: _Stored, source: str, finished: Callable[[Decoded], Image]) -> None:
        width, height = stored.width, stored.height
        if stored.orientation >= 5:
            width, height = height, width
        super().__init__(width, height, source, stored.in_memory)
        self._stored = stored
        self._finish = finished
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        partly = any(note.startswith("transparency") for note in self._notes)
        return tuple(n for n in self._notes if not (partly and n.startswith("opaque alpha")))

    def close(self) -> None:
        self._stored.close()

    def _read(self, x0: int, y0: int, x1: int, y1: int) -> torch.Tensor:
        # From where the pixels are seen to where they are stored, the way back of `orient`.
        if self._stored.orientation in (2, 3, 6, 7):
            x0, x1 = self.width - x1, self.width - x0
        if self._stored.orientation in (3, 4, 7, 8):
            y0, y1 = self.height - y1, self.height - y0
        box = (y0, x0, y1, x1) if self._stored.orientation >= 5 else (x0, y0, x1, y1)
        with decoding(self.source, _DAMAGED):
            image = self._finish(self._stored.decode(*box))
        add_notes(self._notes, image.notes)
        return image.pixels


def _in_memory(file: SourceFile) -> _Stored:
    """Decode the whole file and keep its samples."""
    decoded = decode_file(file)
    height, width = decoded.samples.shape[:2]

    def part(x0: int, y0: int, x1: int, y1: int) -> Decoded:
        return replace(decoded, samples=decoded.samples[y0:y1, x0:x1])

    return _Stored(width, height, decoded.orientation, part, lambda: None, in_memory=True)


def _in_parts(file: SourceFile) -> _Stored | None:
    """Open the file in parts if its format and the installed libraries allow it."""
    opener = {"tiff": _tiff, "png": _png, "exr": _exr}.get(file.header.container)
    try:
        return None if opener is None else opener(file)
    except MissingExtraError:
        return None  # the same pixels, only not in bounded memory


def _tiff(file: SourceFile) -> _Stored | None:
    require("imagecodecs", EXTRA)
    tiff = require("tifffile", EXTRA).TiffFile(file.path)
    try:
        page = tiff.pages[file.check_frame(len(tiff.pages))]
        check_page(page, file)
        if not readable_in_parts(page):
            tiff.close()
            return None
        layout = read_layout(page, file.name)
        reader = TiffParts(page, file)
    except BaseException:
        tiff.close()
        raise

    def decode(x0: int, y0: int, x1: int, y1: int) -> Decoded:
        return interpret(reader.read(x0, y0, x1, y1), layout, file.name)

    return _Stored(page.imagewidth, page.imagelength, layout.orientation, decode, tiff.close)


def _png(file: SourceFile) -> _Stored | None:
    require("pyvips", EXTRA)
    info = read_metadata(file)
    if file.check_frame(info.frames) != 0:
        return None
    unpacked = UnpackedPng(file)

    def decode(x0: int, y0: int, x1: int, y1: int) -> Decoded:
        return arrange(
            unpacked.block.read(x0, y0, x1, y1),
            unpacked.maximum,
            file.name,
            profile=info.profile,
            orientation=info.orientation,
            header=file.header,
            notes=depth_note(file.header),
        )

    width, height = file.header.width, file.header.height
    return _Stored(width, height, info.orientation, decode, unpacked.close)


def _exr(file: SourceFile) -> _Stored:
    rows = ExrRows(file)
    try:
        file.check_memory(0, rows.working_bytes, 0)
    except MemoryLimitError:
        rows.close()
        raise

    def decode(x0: int, y0: int, x1: int, y1: int) -> Decoded:
        return rows.arrange(rows.read(y0, y1)[:, x0:x1])

    return _Stored(rows.width, rows.height, 1, decode, rows.close)
