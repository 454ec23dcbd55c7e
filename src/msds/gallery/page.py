"""Writing the page of a run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msds.files import atomic_write
from msds.gallery.album import Album
from msds.gallery.comparison import Compared, Comparison
from msds.gallery.content import facts, level_medians, rows_of, strips, table_data
from msds.gallery.maps import Maps
from msds.report.charts import Histogram
from msds.report.document import Look, document, masthead
from msds.report.html import chart_html
from msds.report.markup import score_bar, shown
from msds.report.pictures import data_uri
from msds.report.style import asset
from msds.results import Score

Located = Mapping[str, Path]
"""Where the images are, by their names in the results."""


@dataclass(frozen=True)
class Pictures:
    """Pictures of a run, and the files that they are of.

    Attributes
    ----------
    files : where images are, by their names in the results.
    maps : over some of them.
    base : address of the album's folder from the page, "" where the pictures are inside it.
    """

    album: Album
    files: Located
    maps: Maps = field(default_factory=Maps)
    base: str = ""


def write_gallery(
    path: Path,
    scores: Sequence[Score],
    comparison: Comparison | None = None,
    pictures: Pictures | None = None,
    title: str = "",
) -> None:
    """Write the page of a run as HTML that loads nothing but its own pictures.

    Parameters
    ----------
    path : the page.
    scores : records of the run.
    comparison : with an earlier run; then the page is about what changed.
    pictures : of the images; without them the page has numbers only.
    title : by default what was scored, and with what.
    """
    rows = rows_of(scores, comparison)

    def keys(score: Score) -> tuple[str | None, str | None]:
        return _keys(score, pictures)

    data = table_data(rows, comparison, keys)
    data["base"] = pictures.base if pictures is not None else ""
    data["inside"] = pictures is not None and pictures.album.folder is None
    data["worst"], data["best"] = strips(rows, comparison is not None)
    embedded = ""
    if pictures is not None:
        embedded = _embedded(pictures.album)
        data["maps"], data["top"] = _maps(pictures), pictures.maps.top
    embedded += data_script("data", data)
    body = (
        f'<div class="page gallery">{masthead(title or _title(scores, comparison), _lead(scores))}'
        f"<main>{_overview(data, rows, comparison)}"
        f"{_STRIPS[comparison is not None]}{_TABLE}</main></div>{dialog_html('pair')}{embedded}"
    )
    with atomic_write(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(document(title or _title(scores, comparison), body, _look(data)))


def _look(data: Mapping[str, Any]) -> Look:
    here = __package__ or "msds.gallery"
    return Look(
        (asset("page.css"), asset("viewer.css"), asset("gallery.css", here)),
        (
            asset("viewer.js"),
            asset("dialog.js", here),
            asset("rows.js", here),
            asset("gallery.js", here),
        ),
        "data:" if data["inside"] or not data["base"] else "data: 'self' file:",
    )


def _keys(score: Score, pictures: Pictures | None) -> tuple[str | None, str | None]:
    if pictures is None:
        return None, None
    first, second = (pictures.files.get(name) for name in (score.reference, score.distorted))
    album = pictures.album
    return (first and album.key(first)) or None, (second and album.key(second)) or None


def _title(scores: Sequence[Score], comparison: Comparison | None) -> str:
    if comparison is not None:
        return "What changed between two runs"
    return f"{len(scores):,} pairs of images" if len(scores) != 1 else "A pair of images"


def _lead(scores: Sequence[Score]) -> str:
    models = list(dict.fromkeys(score.run.model for score in scores if score.run.model))
    if not models:
        return "Nothing was scored."
    return f"Scored with {', '.join(models)}: 1 is identical, lower is worse."


def facts_html(found: Sequence[tuple[str, str]]) -> str:
    """Numbers, each with what it counts."""
    items = "".join(
        f"<div><dt>{shown(what)}</dt><dd>{shown(number)}</dd></div>" for number, what in found
    )
    return f'<dl class="facts">{items}</dl>'


def _renamed(comparison: Comparison | None) -> str:
    if comparison is None or not comparison.renamed:
        return ""
    names = "; ".join(f"{old} is now {new}" for old, new in sorted(comparison.renamed.items())[:5])
    more = len(comparison.renamed) - 5
    also = f"; and {more} more" if more > 0 else ""
    return f'<p class="note">Matched across renamed folders: {shown(names + also)}.</p>'


def _overview(
    data: Mapping[str, Any], rows: Sequence[Compared], comparison: Comparison | None
) -> str:
    """The run in a few numbers, and how its scores or changes are distributed."""
    scores, before = (
        [row[data["fields"].index(name)] for row in data["rows"]] for name in ("score", "before")
    )
    both = zip(scores, before, strict=True)
    values = [
        new - old if comparison is not None else new
        for new, old in both
        if new is not None and (comparison is None or old is not None)
    ]
    figure = ""
    if values:
        most = min(40, max(10, round(2 * len(values) ** 0.5)))
        chart, title = Histogram(values, 1.0, "score", most), "Scores"
        if comparison is not None:
            high = max([0.0, *values]) or 0.001
            chart, title = Histogram(values, high, "change of the score", most), "Changes"
        figure = (
            f'<figure id="distribution"><p class="figure-title">{title}</p>'
            f"{chart_html(chart, title)}"
            "<figcaption>A click on a column shows its pairs in the table below.</figcaption>"
            "</figure>"
        )
    beside = facts_html(facts(rows, comparison)) + _renamed(comparison)
    beside += _medians(level_medians(rows), data["low"])
    return f'<section class="overview"><div>{beside}</div>{figure}</section>'


def _medians(medians: Sequence[tuple[str, float]], low: float) -> str:
    items = "".join(
        f"<div><dt>{name}</dt><dd>{value:.4f}</dd><dd>{score_bar(value, low)}</dd></div>"
        for name, value in medians
    )
    title = '<p class="figure-title">Median of each level</p>'
    return f'{title}<dl class="medians">{items}</dl>' if items else ""


def dialog_html(what: str) -> str:
    """The dialog that `dialog.js` brings to life, in which one after another is looked at."""
    return f"""
<dialog id="pair" aria-labelledby="pair-name">
<header><h2 id="pair-name"></h2><div class="steps">
<button type="button" id="previous" aria-label="Previous {what}">&larr;</button>
<button type="button" id="next" aria-label="Next {what}">&rarr;</button>
<button type="button" id="close" aria-label="Close">&times;</button></div></header>
<div id="pair-body"></div>
</dialog>
"""


def data_script(name: str, value: Any) -> str:
    """A value for scripts of the page, under a name."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Within a script element nothing is escaped but what could end it.
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _embedded(album: Album) -> str:
    """Small pictures in one piece, large ones each by itself, read when they are wanted."""
    if album.folder is not None:
        return ""
    small = {
        key: base64.b64encode(picture.small).decode()
        for key, picture in sorted(album.pictures.items())
        if picture.small is not None
    }
    large = ""
    for key, picture in sorted(album.pictures.items()):
        if picture.large is not None:
            content = base64.b64encode(picture.large).decode()
            large += f'<script type="text/plain" id="p-{key}">{content}</script>'
    return data_script("small", small) + large


def _strips(first: str, last: str) -> str:
    return "".join(
        f'<section class="strip-box" hidden><p class="figure-title">{title}</p>'
        f'<div class="strip" id="{key}"></div></section>'
        for key, title in (("worst", first), ("best", last))
    )


_STRIPS = {
    False: _strips("Worst", "Best"),
    True: _strips("Got worse most", "Got better most"),
}


def _maps(pictures: Pictures) -> dict[int, str]:
    """Addresses of the maps by row; those of pictures beside the page are written there."""
    found = {}
    for row, content in pictures.maps.pictures.items():
        if pictures.album.folder is None:
            found[row] = data_uri(content)
        else:
            name = f"{hashlib.sha256(content).hexdigest()[:24]}-map.webp"
            with atomic_write(pictures.album.folder / name) as file:
                file.write(content)
            found[row] = pictures.base + name
    return found


_TABLE = """
<section class="pairs" aria-label="All pairs">
<div class="filters" role="search">
<input type="search" id="words" placeholder="Find names, notes, errors" aria-label="Find pairs">
<div class="chips" id="chips"></div>
<button type="button" class="chip" id="range" hidden></button>
<output id="count" class="note" aria-live="polite"></output>
</div>
<div class="list" role="table" aria-label="Pairs">
<div class="head" role="rowgroup"><div class="row" role="row" id="head"></div></div>
<div class="body" role="rowgroup" id="body"></div>
</div>
<noscript><p>The table of pairs needs JavaScript; the file of results has them all.</p></noscript>
</section>
"""
