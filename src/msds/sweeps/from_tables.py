"""Points of rate-quality curves from tables of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from msds.errors import InputError
from msds.results import Score, read_results
from msds.sweeps.at_hand import AtHand
from msds.sweeps.kept import typed
from msds.sweeps.page import SweepContent
from msds.sweeps.points import Point, points_of
from msds.text import printable

USUAL = ("psnr", "ssim", "ms-ssim", "ssim-full-size")
"""Columns that are scores wherever a table has them."""


def read_points(
    paths: Sequence[Path], metrics: Iterable[str] = (), images: Iterable[Path] = ()
) -> SweepContent:
    """The points of tables, each of `msds sweep` or of `msds score --with-size`.

    Encoders are those of the column `codec`; a table without it is one of the encoder that it is
    named after. Images belong together whose files have the same content, whatever their names.

    Parameters
    ----------
    metrics : columns that hold scores of other metrics.
    images : folders that the names in the tables may be relative to, besides the current one and
        those of the tables: pictures are made of the files that are there.

    Raises
    ------
    InputError
        If a table holds no such results, or they are of another model than the first one's.
    """
    points: list[Point] = []
    scores: list[Score] = []
    encoders: dict[str, str] = {}
    named = list(dict.fromkeys(metrics))
    names: dict[str, str] = {}
    owners: dict[str, Path] = {}
    pictures = AtHand([*images, Path(), *(path.parent for path in paths)])
    for path in paths:
        read = list(read_results(path))
        found = [_read(one, names) for one in read]
        for before, after in zip(read, found, strict=True):
            codec = str(after.columns.get("codec") or path.stem)
            record = replace(before, columns=after.columns)
            pictures.add(after.reference, codec, record)
        _check(path, found, named)
        scores += found
        _check_models(path, scores)
        known = {name for one in found for name in one.columns}
        usual = [name for name in USUAL if name in known]
        more = points_of(found, list(dict.fromkeys([*usual, *named])), path.stem)
        for codec in {point.codec for point in more}:
            if owners.setdefault(codec, path) is not path:
                raise InputError(
                    f"{printable(path)} and {printable(owners[codec])} both hold encodings by "
                    f"{codec}: give one of the tables another name, or its encoder."
                )
        points += more
        for one in found:
            if "encoder" in one.columns:
                encoders.setdefault(str(one.columns["codec"]), str(one.columns["encoder"]))
    if not points:
        raise InputError("The tables hold no image with a score.")
    present = {name for point in points for name in point.scores}
    every = [name for name in dict.fromkeys([*USUAL, *named]) if name in present]
    return SweepContent(points, every, scores[0].model, pictures=pictures, encoders=encoders)


def _read(score: Score, names: dict[str, str]) -> Score:
    """A record with numbers as numbers, and with the first name that its reference has."""
    key = score.reference_sha256 or score.reference
    name = names.setdefault(key, score.reference)
    return replace(score, reference=name, columns=typed(score.columns))


def _check(path: Path, scores: Sequence[Score], metrics: Iterable[str]) -> None:
    columns = {name for one in scores for name in one.columns}
    if "bytes" not in columns:
        raise InputError(
            f"{printable(path)} has no column 'bytes': expected results of msds sweep, or of "
            "msds score --with-size."
        )
    for name in metrics:
        if name not in columns:
            raise InputError(f"{printable(path)} has no column {name!r}.")


def _check_models(path: Path, scores: Sequence[Score]) -> None:
    for one in scores:
        if one.fingerprint != scores[0].fingerprint:
            raise InputError(
                f"{printable(path)} was scored by {one.model}, fingerprint "
                f"{one.fingerprint[:16]}, and others by {scores[0].model}, fingerprint "
                f"{scores[0].fingerprint[:16]}: their scores cannot be compared."
            )
