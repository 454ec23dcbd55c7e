"""A page of a run with its pictures: where the images are, and where their pictures go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from msds.errors import InputError, MSDSError
from msds.files import check_writable
from msds.gallery.album import Album
from msds.gallery.comparison import Comparison
from msds.gallery.content import rows_of, strips
from msds.gallery.maps import Maps, maps_of, model_of
from msds.gallery.page import Located, Pictures, write_gallery
from msds.results import Run, Score
from msds.text import printable

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

Place = Literal["inside", "beside", "none"]
PLACES = ("inside", "beside", "none")

MOST_INSIDE = 100
"""Pairs whose pictures stand inside the page unless told otherwise; those of more lie beside it."""


def check_page(page: Path) -> None:
    """Refuse a page that cannot be written, or whose name is not one of HTML, before the work."""
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{printable(page)}: the name of a page ends in .html.")
    check_writable(page)


def folder_of(page: Path) -> Path:
    """The folder of a page's pictures where they lie beside it."""
    return page.with_name(f"{page.stem}-files")


def usual_place(pairs: int) -> Place:
    """Where the pictures of so many pairs go unless told otherwise."""
    return "inside" if pairs <= MOST_INSIDE else "beside"


def album_for(page: Path, place: Place, run: Run, **options: Any) -> Album:
    """An album for the pictures of a run's images, read as the run read them.

    Parameters
    ----------
    place : "inside" or "beside" the page.
    options : more of the album's.
    """
    from msds.images import open_regions

    reading = {
        name: value
        for name in ("background", "transfer", "frame")
        if (value := run.settings.get(name)) is not None
    }
    kind = " ".join(f"{name} {value}" for name, value in sorted(reading.items()))
    folder = folder_of(page) if place == "beside" else None
    return Album(folder, partial(open_regions, **reading), kind, **options)


def located(scores: Iterable[Score], roots: Sequence[Path]) -> dict[str, Path]:
    """Files of the images by their names in the results: the first that is there below a root."""
    names = dict.fromkeys(n for score in scores for n in (score.reference, score.distorted))
    found = {}
    for name in names:
        path = next((path for root in roots if (path := root / name).is_file()), None)
        if path is not None:
            found[name] = path
    return found


@dataclass(frozen=True)
class Illustrated:
    """How a page is illustrated.

    Attributes
    ----------
    roots : folders that the names in the results may be relative to.
    place : of the pictures: inside the page, beside it in a folder named after it, or nowhere; by
        default as many pairs as there are decide.
    maps : so many of the worst pairs have a map over their pictures.
    """

    roots: Sequence[Path] = (Path(),)
    place: Place | None = None
    maps: int = 0


def make_gallery(
    page: Path,
    scores: Sequence[Score],
    comparison: Comparison | None = None,
    illustrated: Illustrated | None = None,
    *,
    title: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Write the page of a run that is over, with pictures of its images.

    Parameters
    ----------
    page : file to write.
    scores : records of the run.
    comparison : with an earlier run.
    illustrated : where the images are, where their pictures go, and how many maps there are.
    title : of the page.
    progress : called with how many pairs have their pictures, and how many there are.

    Returns
    -------
    A sentence for each image that there is no picture of, and each map that could not be made.
    """
    illustrated = illustrated or Illustrated()
    every = [row.score for row in rows_of(scores, comparison)]
    place = illustrated.place or usual_place(len(every))
    if place == "none" or not every:
        write_gallery(page, scores, comparison, title=title)
        return []
    files = located(every, illustrated.roots)
    with album_for(page, place, every[0].run) as album:
        for score in every:
            add(album, score, files)
        for done, score in enumerate(every, start=1):
            for name in (score.reference, score.distorted):
                if name in files:
                    album.key(files[name])
            if progress is not None:
                progress(done, len(every))
    maps = Maps()
    if illustrated.maps:
        try:
            metric = model_of(every[0].run)
        except MSDSError as error:
            maps = Maps(problems=[str(error)])
        else:
            maps = maps_of_worst(illustrated.maps, scores, comparison, (album, files), metric)
    pictures = pictures_of(page, album, files, maps)
    write_gallery(page, scores, comparison, pictures, title)
    missing = dict.fromkeys(
        name
        for score in every
        if score.score is not None
        for name in (score.reference, score.distorted)
        if name not in files
    )
    return [
        *(f"no picture: {name}: no such file" for name in missing),
        *problems_of(pictures),
    ]


def maps_of_worst(
    count: int,
    scores: Sequence[Score],
    comparison: Comparison | None,
    pictured: tuple[Album, Located],
    metric: MSDS,
) -> Maps:
    """Maps of so many pairs: those that are worst, or got worse most, if they have pictures."""
    album, files = pictured
    rows = rows_of(scores, comparison)
    worst, _ = strips(rows, comparison is not None, count)
    # A file that has changed since it was scored has no picture, and shall have no map.
    shown = {name: path for name, path in files.items() if album.key(path) is not None}
    return maps_of([row.score for row in rows], worst, shown, metric)


def add(album: Album, score: Score, files: Located) -> None:
    """Have the pictures of a pair made if it was scored and its files are there."""
    if score.score is None:
        return
    for name, digest in (
        (score.reference, score.reference_sha256),
        (score.distorted, score.distorted_sha256),
    ):
        if name in files:
            album.add(files[name], digest)


def pictures_of(page: Path, album: Album, files: Located, maps: Maps) -> Pictures:
    """An album's pictures and the maps over them as a page refers to them."""
    base = "" if album.folder is None else f"{quote(folder_of(page).name)}/"
    return Pictures(album, files, maps, base)


def problems_of(pictures: Pictures) -> list[str]:
    """What has no picture and no map although it was wanted, a sentence each."""
    found = [f"no picture: {reason}" for reason in pictures.album.problems.values()]
    return found + [f"no map: {reason}" for reason in pictures.maps.problems]
