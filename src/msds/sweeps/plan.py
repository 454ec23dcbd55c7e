"""What a sweep is to do: every image, with every encoder, at every setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msds.errors import InputError
from msds.pairs import Pair, Plan
from msds.pairs.folders import images_below
from msds.sweeps.codec import Codec
from msds.text import printable


@dataclass(frozen=True)
class Source:
    """An image to encode.

    Attributes
    ----------
    name : as results give it.
    path : where it lies.
    stem : the start of the names of its encoded files, with the folders it is in.
    """

    name: str
    path: Path
    stem: str


@dataclass(frozen=True, eq=False)
class Cell:
    """One encoding to make: a row of the results."""

    source: Source
    codec: Codec
    quality: float

    @property
    def distorted(self) -> str:
        """Name of the encoded file, below the folder where such files are kept."""
        return f"{self.codec.name}/{self.source.stem}_q{self.quality:g}{self.codec.suffix}"


@dataclass(frozen=True)
class SweepPlan:
    """All encodings to make, in the order of the results.

    Attributes
    ----------
    sources : the images.
    settings : of each encoder.
    ignored : files in the folders that are no images by their names.
    """

    sources: tuple[Source, ...]
    settings: Mapping[Codec, tuple[float, ...]]
    ignored: tuple[str, ...] = ()

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The rows: by image, encoder and setting."""
        return tuple(
            Cell(source, codec, quality)
            for source in self.sources
            for codec, qualities in self.settings.items()
            for quality in qualities
        )

    @cached_property
    def pairs(self) -> Plan:
        """The same as pairs, whose distorted images are made by the sweep."""
        return Plan(
            tuple(
                Pair(
                    cell.source.name,
                    cell.distorted,
                    cell.source.path,
                    Path(cell.distorted),
                    {"codec": cell.codec.name, "quality": cell.quality},
                )
                for cell in self.cells
            ),
            ignored=self.ignored,
        )


def plan_sweep(
    images: Iterable[Path],
    codecs: Sequence[Codec],
    qualities: Sequence[float] | None,
    own: Mapping[str, Sequence[float]] | None = None,
    without: Path | None = None,
) -> SweepPlan:
    """A sweep of images, and of those in folders.

    Parameters
    ----------
    images : files and folders.
    codecs : encoders of different names.
    qualities : settings of every encoder that has none of its own.
    own : settings of encoders by name.
    without : a folder of encoded files, left out where it lies among the images.

    Raises
    ------
    InputError
        If a file is not there, two images or encoders have one name, or an encoder has no settings.
    """
    sources, ignored = _sources(images, without)
    own = dict(own or {})
    settings: dict[Codec, tuple[float, ...]] = {}
    names = [codec.name for codec in codecs]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InputError(
            f"Two encoders are called {twice[0]}: give commands a name, as in '{twice[0]}2=...'."
        )
    for codec in codecs:
        found = own.pop(codec.name, None) or qualities
        if not found:
            raise InputError(f"{codec.name} has no settings: give --quality 20:95:5 or similar.")
        settings[codec] = tuple(found)
    if own:
        raise InputError(f"--quality {next(iter(own))}=... is of an encoder that is not swept.")
    return SweepPlan(tuple(sources), settings, tuple(ignored))


def _sources(images: Iterable[Path], without: Path | None) -> tuple[list[Source], list[str]]:
    sources: list[Source] = []
    ignored: list[str] = []
    for path in images:
        if path.is_dir():
            found, more = images_below(path, without)
            ignored += more
            if not found:
                raise InputError(f"{printable(path)}: there are no images in this folder.")
            sources += [Source(printable(file), file, _stem(file, path)) for file in found]
        elif path.exists():
            sources.append(Source(printable(path), path, _stem(path, path.parent)))
        else:
            raise InputError(f"{printable(path)}: no such file or folder.")
    taken: dict[str, Source] = {}
    for source in sources:
        other = taken.setdefault(source.stem, source)
        if other is not source:
            raise InputError(
                f"{source.name} and {other.name} would have encoded files of one name; give them "
                "names that differ, or sweep them apart."
            )
    return sources, ignored


def _stem(path: Path, folder: Path) -> str:
    return printable(path.relative_to(folder).with_suffix(""))
