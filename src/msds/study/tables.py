"""Numbers of whole sets, computed once: every finished pair is kept on disk at once.

One journal per set and contender: a header, then one line per pair. An interrupted run goes on
where it was; a line cut off by a crash is computed again.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from msds.errors import InputError
from msds.images import Image, load_image
from msds.places import studies_folder
from msds.study.contenders import Contender
from msds.study.datasets.base import RatedPair, RatedSet
from msds.study.statistics import Array

FORMAT = "msds-study-1"
_AHEAD = 3

Progress = Callable[[str, int, int], None]
"""Called with what is done, how many pairs are finished, and how many there are."""


def default_cache() -> Path:
    """Where studies keep their numbers: `MSDS_STUDY_CACHE`, or `study` in the cache."""
    named = os.environ.get("MSDS_STUDY_CACHE")
    return Path(named) if named else studies_folder()


def score_table(
    data: RatedSet,
    contender: Contender,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Array:
    """Numbers of every pair of a set.

    Parameters
    ----------
    data : the rated pairs.
    contender : what is measured.
    cache : folder of journals, made if needed; None keeps nothing.
    progress : called after every pair.

    Returns
    -------
    (n, K) array, one column for each of the contender's; nan where an image was too small.
    """
    count, width = len(data), len(contender.columns)
    table = np.full((count, width), math.nan)
    done = np.zeros(count, dtype=bool)
    journal = None
    if cache is not None:
        content = content_key(data)
        journal = cache / f"{data.id.replace(':', '-')}-{content[:16]}-{contender.key[:16]}.jsonl"
        for index, kept in _read(journal, content, contender):
            if index < count and len(kept) <= width:
                table[index, : len(kept)] = kept
                done[index] = True
    order = sorted(np.flatnonzero(~done).tolist(), key=lambda i: str(data.pairs[i].reference))
    if progress is not None:
        progress(contender.name, count - len(order), count)
    if not order:
        return table
    file = _open(journal, content_key(data), contender, data) if journal is not None else None
    try:
        finished = count - len(order)
        for index, values in _compute([(i, data.pairs[i]) for i in order], contender):
            table[index, : len(values)] = values
            finished += 1
            if file is not None:
                file.write(json.dumps([index, list(values)]) + "\n")
                file.flush()
            if progress is not None:
                progress(contender.name, finished, count)
    finally:
        if file is not None:
            file.close()
    return table


def _compute(
    pairs: list[tuple[int, RatedPair]], contender: Contender
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Compare pairs sorted by reference; images are read ahead in another thread."""
    reference_path: Path | None = None
    prepared: Any = None
    with ThreadPoolExecutor(1) as reader:
        ahead: list[tuple[int, RatedPair, Future[Image]]] = []
        waiting = iter(pairs)
        while True:
            while len(ahead) < _AHEAD and (item := next(waiting, None)) is not None:
                ahead.append((*item, reader.submit(load_image, item[1].distorted)))
            if not ahead:
                return
            index, pair, future = ahead.pop(0)
            if pair.reference != reference_path:
                prepared = contender.prepare(load_image(pair.reference))
                reference_path = pair.reference
            values = contender.compare(prepared, contender.prepare(future.result()))
            if not all(math.isfinite(value) for value in values):
                raise InputError(f"{pair.distorted}: {contender.name} gave {values}.")
            yield index, values


def content_key(data: RatedSet) -> str:
    """SHA-256 over names, opinions and file sizes: a replaced image starts a new journal."""
    digest = hashlib.sha256(data.fingerprint.encode())
    for pair in data.pairs:
        digest.update(f"{pair.reference.stat().st_size} {pair.distorted.stat().st_size}\n".encode())
    return digest.hexdigest()


def _header(content: str, contender: Contender) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "content": content,
        "contender": contender.name,
        "key": contender.key,
        "settings": contender.settings(),
    }


def _read(journal: Path, content: str, contender: Contender) -> Iterator[tuple[int, list[float]]]:
    if not journal.is_file():
        return
    lines = journal.read_text(encoding="utf-8").splitlines()
    try:
        header = json.loads(lines[0]) if lines else {}
    except ValueError:
        header = {}
    if header.get("content") != content or header.get("key") != contender.key:
        journal.unlink()
        return
    for line in lines[1:]:
        try:
            index, values = json.loads(line)
            yield int(index), [float(value) for value in values]
        except (ValueError, TypeError):
            continue  # cut off by a crash: this pair is computed again


def _open(journal: Path, content: str, contender: Contender, data: RatedSet) -> Any:
    journal.parent.mkdir(parents=True, exist_ok=True)
    fresh = not journal.is_file()
    file = journal.open("a", encoding="utf-8")
    if fresh:
        header = {**_header(content, contender), "set": data.id, "pairs": len(data)}
        file.write(json.dumps(header) + "\n")
    else:
        file.write("\n")  # ends a line that a crash cut off
    file.flush()
    return file
