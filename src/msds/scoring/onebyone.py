"""Pairs compared one after the other, by contenders that the engine's batches do not know."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msds.images import Image
from msds.pairs import ImageFile, Pair
from msds.results import Score
from msds.scoring.inputs import Input, Reading, explain, read_input

if TYPE_CHECKING:
    from msds.scoring.contenders import Contender
    from msds.scoring.engine import Options

AHEAD = 2
"""Images per thread that are read before they are needed."""


def compare_pairs(
    contender: Contender,
    pairs: Sequence[Pair],
    rows: Iterable[int],
    reading: Reading,
    options: Options,
) -> Iterator[tuple[int, Score]]:
    """Records of pairs; each reference is read and prepared once, files are read ahead.

    Whatever a file or the contender raises is the `error` of its own rows.
    """
    order = sorted(rows, key=lambda row: str(pairs[row].reference_path))
    run = contender.run
    paths = list(_in_turn(pairs, order))
    with ThreadPoolExecutor(max(1, options.threads), thread_name_prefix="msds-read") as pool:
        reading = reading.within(options.memory)
        inputs = _ahead(pool, paths, reading, AHEAD * max(1, options.threads))
        current: Path | None = None
        reference = Input("", 0.0)
        prepared: Any = None
        for row in order:
            pair = pairs[row]
            score = Score(pair.reference, pair.distorted, run=run, columns=pair.columns)
            if pair.problem is not None:
                yield row, replace(score, error=pair.problem)
                continue
            if pair.reference_path != current:
                current, reference, prepared = pair.reference_path, next(inputs), None
            distorted = next(inputs)
            start = time.perf_counter()
            try:
                if prepared is None:
                    prepared = contender.prepare(_image(reference, pair.reference_path))
                image = _image(distorted, pair.distorted_path)
                values = contender.compare(prepared, contender.prepare(image))
                found = _found(values, contender.name)
            except Exception as error:  # whatever is raised costs this row only
                found = {"error": explain(error, pair.distorted_path)}
            yield row, _recorded(score, reference, distorted, time.perf_counter() - start, found)


def _in_turn(pairs: Sequence[Pair], order: Iterable[int]) -> Iterator[Path]:
    """Files in the order in which they are needed."""
    current: Path | None = None
    for row in order:
        if pairs[row].problem is None:
            if pairs[row].reference_path != current:
                current = pairs[row].reference_path
                yield current
            yield pairs[row].distorted_path


def _ahead(
    pool: ThreadPoolExecutor, paths: Sequence[Path], reading: Reading, most: int
) -> Iterator[Input]:
    """What threads make of files, in the order of the files."""
    waiting: deque[Future[Input]] = deque()
    coming = iter(paths)
    while True:
        while len(waiting) < most and (path := next(coming, None)) is not None:
            waiting.append(pool.submit(_read, path, reading))
        if not waiting:
            return
        yield waiting.popleft().result()


def _read(path: Path, reading: Reading) -> Input:
    try:
        return read_input(ImageFile(path), reading, None, large=False)
    except Exception as error:  # whatever a decoder raises
        return Input("", 0.0, failure=error)


def _image(read: Input, path: Path) -> Image:
    if read.image is None:
        raise read.failure or FileNotFoundError(str(path))
    return read.image


def _found(values: tuple[float, ...], name: str) -> dict[str, Any]:
    if not values or not all(map(math.isfinite, values)):
        return {
            "error": f"{name} gave {', '.join(map(str, values)) or 'nothing'}; expected numbers."
        }
    return {"score": values[0], "levels": values}


def _recorded(
    score: Score, reference: Input, distorted: Input, seconds: float, found: dict[str, Any]
) -> Score:
    return replace(
        score,
        seconds=seconds + distorted.seconds,
        reference_sha256=reference.sha256 or None,
        distorted_sha256=distorted.sha256 or None,
        reference_size=_size(reference),
        distorted_size=_size(distorted),
        **found,
    )


def _size(read: Input) -> tuple[int, int] | None:
    return (read.image.width, read.image.height) if read.image is not None else None
