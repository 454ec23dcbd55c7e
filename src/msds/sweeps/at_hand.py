"""Pictures of encodings that tables tell of: of their files, or made again by the same encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msds.errors import InputError, MSDSError
from msds.files import sha256_file
from msds.results import Score
from msds.scoring.inputs import Reading
from msds.sweeps.codecs import open_codec
from msds.sweeps.encoded_again import picture_of
from msds.sweeps.libraries import BUILT_IN
from msds.sweeps.pictures import encoded, raster_of

if TYPE_CHECKING:
    from msds.images import Image
    from msds.sweeps.codec import Codec
    from msds.sweeps.points import Point


class AtHand:
    """Makes the pictures of points of tables as far as their files are at hand.

    A file counts only if its content is what was scored. Where the encoded one is gone it is made
    again, if its encoder is of a library and still the same.

    Parameters
    ----------
    roots : folders that the names in the tables may be relative to.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots
        self._records: dict[tuple[str, str, str], Score] = {}
        self._digests: dict[Path, str] = {}

    def add(self, image: str, codec: str, record: Score) -> None:
        """Know a record, whose reference goes by this name in points, and who encoded it."""
        self._records[image, codec, record.distorted] = record

    def has(self, point: Point) -> bool:
        """Whether there is a picture."""
        record = self._record(point)
        return record is not None and (
            self._file(record.distorted, record.distorted_sha256) is not None
            or (_codec(record) is not None and self._reference(record) is not None)
        )

    def __call__(self, point: Point) -> str:
        """A point's picture as a data URI.

        Raises
        ------
        InputError
            If there is none.
        """
        record = self._record(point)
        if record is None:
            raise InputError(f"{point.distorted} is not of these tables.")
        return picture_of(self._image(record))

    def _image(self, record: Score) -> Image:
        reading = Reading.of(record.settings)
        file = self._file(record.distorted, record.distorted_sha256)
        if file is not None:
            return reading.load(file)
        codec, reference = _codec(record), self._reference(record)
        if codec is None or reference is None:
            raise InputError(f"{record.distorted} is not at hand.")
        raster = raster_of(reading.load(reference))
        setting = float(record.columns["quality"])
        return encoded(raster, codec, setting, reading, record.distorted).image

    def _record(self, point: Point) -> Score | None:
        return self._records.get((point.image, point.codec, point.distorted))

    def _reference(self, record: Score) -> Path | None:
        return self._file(record.reference, record.reference_sha256)

    def _file(self, name: str, digest: str | None) -> Path | None:
        for root in self._roots:
            path = root / name
            if path.is_file() and digest in (None, self._digest(path)):
                return path
        return None

    def _digest(self, path: Path) -> str:
        """The digest of a file, which many points may need."""
        if path not in self._digests:
            self._digests[path] = sha256_file(path)
        return self._digests[path]


def _codec(record: Score) -> Codec | None:
    """The library's encoder that made this, if it is the same one today."""
    name = str(record.columns.get("codec"))
    try:
        codec = open_codec(name) if name in BUILT_IN else None
    except MSDSError:  # it is not part of this installation
        return None
    same = codec is not None and codec.described() == record.columns.get("encoder")
    return codec if same else None
