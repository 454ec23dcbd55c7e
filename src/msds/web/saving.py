"""A report of what was compared, as one file to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from msds.gallery.album import Album
from msds.gallery.page import Pictures, write_gallery
from msds.results import Score


def report_page(
    scores: Sequence[Score], reference: bytes | None, distorted: Sequence[bytes | None]
) -> bytes:
    """HTML with everything in it.

    Parameters
    ----------
    scores : of some images against one.
    reference, distorted : their pictures, as PNG made by this server; None where there is none.

    The page is made in a folder that is gone afterwards; names of files there are numbers.
    """
    scores = _told_apart(scores)
    with TemporaryDirectory(prefix="msds-report-") as folder:
        files = {}
        names = [scores[0].reference, *(score.distorted for score in scores)]
        for number, (name, picture) in enumerate(zip(names, [reference, *distorted], strict=True)):
            if picture is not None:
                files[name] = Path(folder, f"{number}.png")
                files[name].write_bytes(picture)
        with Album() as album:
            for path in files.values():
                album.add(path)
        page = Path(folder, "report.html")
        title = f"Versions of {scores[0].reference}"
        write_gallery(page, scores, None, Pictures(album, files), title)
        return page.read_bytes()


def _told_apart(scores: Sequence[Score]) -> list[Score]:
    """The same with a number behind names that occur more than once."""
    seen = {scores[0].reference}
    found = []
    for score in scores:
        name, number = score.distorted, 1
        while name in seen:
            number += 1
            name = f"{score.distorted} ({number})"
        seen.add(name)
        found.append(replace(score, distorted=name))
    return found
