"""A page of a run with its pictures: where the images are, and where their pictures go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from msds.errors import InputError
from msds.files import check_writable
from msds.gallery.album import Album
from msds.gallery.comparison import Comparison
from msds.gallery.page import Located, Pictures, write_gallery
from msds.results import Run, Score
from msds.text import printable

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
        for name in ("background", "transfer")
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


def make_gallery(
    page: Path,
    scores: Sequence[Score],
    comparison: Comparison | None = None,
    *,
    roots: Sequence[Path] = (Path(),),
    place: Place | None = None,
    title: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Write the page of a run that is over, with pictures of its images.

    Parameters
    ----------
    page : file to write.
    scores : records of the run.
    comparison : with an earlier run.
    roots : folders that the names in the results may be relative to.
    place : of the pictures: inside the page, beside it in a folder named after it, or nowhere.
    title : of the page.
    progress : called with how many pairs have their pictures, and how many there are.

    Returns
    -------
    A sentence for each image that there is no picture of.
    """
    every = [pair.score for pair in comparison.pairs] if comparison is not None else list(scores)
    if place is None:
        place = usual_place(len(every))
    if place == "none" or not every:
        write_gallery(page, scores, comparison, title=title)
        return []
    files = located(every, roots)
    with album_for(page, place, every[0].run) as album:
        for score in every:
            add(album, score, files)
        for done, score in enumerate(every, start=1):
            for name in (score.reference, score.distorted):
                if name in files:
                    album.key(files[name])
            if progress is not None:
                progress(done, len(every))
    write_gallery(page, scores, comparison, pictures_of(page, album, files), title)
    missing = dict.fromkeys(
        name
        for score in every
        if score.score is not None
        for name in (score.reference, score.distorted)
        if name not in files
    )
    return [f"{name}: no such file" for name in missing] + list(album.problems.values())


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


def pictures_of(page: Path, album: Album, files: Located) -> Pictures:
    """An album's pictures as a page refers to them."""
    base = "" if album.folder is None else f"{quote(folder_of(page).name)}/"
    return Pictures(album, files, base)
