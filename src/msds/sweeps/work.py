"""The sweep at work: threads encode and decode ahead, one runs the model on what has come.

What threads have made waits in groups of one size, so that the model takes several images at once
wherever it is slower than they are. Everything is bounded by the memory that images may take.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msds.errors import MSDSError
from msds.files import atomic_write
from msds.results import Run, Score
from msds.scoring.inputs import Reading, explain, named, pixel_bytes
from msds.sweeps.judges import Beside, Lead
from msds.sweeps.pictures import Encoded, Picture, encoded
from msds.sweeps.plan import Cell

AHEAD = 3
"""Encodings per thread that may be under way or wait for the model."""

COPIES = 4
"""Of its pixels, so many times the memory is taken by an encoding that is under way."""


@dataclass(frozen=True)
class Workers:
    """How a sweep works.

    Attributes
    ----------
    run : what all records have in common.
    lead, beside : the metrics.
    reading : how files become pixels.
    threads : that encode and decode.
    memory : bytes that images under way may take.
    keep : folder for the encoded files, if they are kept.
    """

    run: Run
    lead: Lead
    beside: Sequence[Beside]
    reading: Reading
    threads: int
    memory: int
    keep: Path | None = None


@dataclass(eq=False)
class _Made:
    """What a thread made of a row."""

    row: int
    picture: Picture
    encoded: Encoded | None = None
    error: str | None = None
    scores: dict[str, float | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def size(self) -> tuple[int, int] | None:
        if self.encoded is None:
            return None
        return self.encoded.image.width, self.encoded.image.height


class SweepWork:
    """Makes the records of rows, in no certain order.

    Parameters
    ----------
    workers : how.
    cells : all rows of the sweep.
    rows : which of them to make.
    """

    def __init__(self, workers: Workers, cells: Sequence[Cell], rows: Iterable[int]) -> None:
        self._with = workers
        self._cells = cells
        self._queue = deque(rows)
        self._pictures: dict[str, Picture] = {}
        self._uses: dict[str, int] = {}
        self._bytes: dict[str, int] = {}
        for row in self._queue:
            name = cells[row].source.name
            self._uses[name] = self._uses.get(name, 0) + 1
        self._under_way: dict[Future[_Made], int] = {}
        self._waiting: deque[_Made] = deque()

    def run(self) -> Generator[tuple[int, Score], None, None]:
        """Records as they come, each with its row."""
        pool = ThreadPoolExecutor(self._with.threads, thread_name_prefix="msds-encode")
        try:
            while self._queue or self._under_way or self._waiting:
                self._ask(pool)
                self._collect(idle=not self._waiting)
                yield from self._scored()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for codec in {cell.codec for cell in self._cells}:
                codec.stop()  # nothing runs any more unless the sweep was given up
            pool.shutdown(wait=True)

    def _ask(self, pool: ThreadPoolExecutor) -> None:
        """Have the next rows encoded, as far as memory allows."""
        while self._queue:
            count = len(self._under_way) + len(self._waiting)
            if count >= AHEAD * self._with.threads:
                return
            row = self._queue[0]
            source = self._cells[row].source
            if source.name not in self._bytes:
                self._bytes[source.name] = COPIES * pixel_bytes(source.path)
            taken = sum(self._bytes[self._cells[r].source.name] for r in self._under_way.values())
            taken += sum(self._bytes[made.picture.source.name] for made in self._waiting)
            if taken and taken + self._bytes[source.name] > self._with.memory:
                return
            self._queue.popleft()
            picture = self._pictures.get(source.name)
            if picture is None:
                uses = self._uses[source.name]
                picture = self._pictures[source.name] = Picture(source, self._with.reading, uses)
            self._under_way[pool.submit(self._make, row, picture)] = row

    def _collect(self, idle: bool) -> None:
        if self._under_way:
            done, _ = wait(self._under_way, None if idle else 0, FIRST_COMPLETED)
            for future in done:
                del self._under_way[future]
                self._waiting.append(future.result())

    def _make(self, row: int, picture: Picture) -> _Made:
        """Encode, decode, and whatever else threads can do at once."""
        made, cell = _Made(row, picture), self._cells[row]
        try:
            _, raster, _ = picture.read()
            made.encoded = encoded(
                raster, cell.codec, cell.quality, self._with.reading, cell.distorted
            )
            if self._with.keep is not None:
                with atomic_write(self._with.keep / cell.distorted) as file:
                    file.write(made.encoded.data)
        except Exception as error:  # whatever is raised costs this row only
            made.error, made.encoded = explain(error, Path(cell.distorted)), None
            return made
        self._judge(made, [one for one in self._with.beside if one.contender.concurrent])
        return made

    def _judge(self, made: _Made, beside: Iterable[Beside]) -> None:
        """Scores of the metrics that stand beside the model's."""
        start = time.perf_counter()
        assert made.encoded is not None
        for one in beside:
            try:
                reference = made.picture.prepared(one, one.contender.prepare)
                made.scores[one.column] = one.score(reference, made.encoded.image)
            except Exception as error:  # whatever a metric raises costs its own cell only
                made.scores[one.column] = None
                made.notes.append(one.note(error))
        made.seconds += time.perf_counter() - start

    def _scored(self) -> Iterator[tuple[int, Score]]:
        """Records of what failed, and of the images that fill a batch best."""
        failed = [made for made in self._waiting if made.encoded is None]
        batch = self._batch()
        for made in (*failed, *batch):
            self._waiting.remove(made)
        for made in failed:
            yield made.row, self._record(made)
        if batch:
            yield from self._lead(batch)

    def _batch(self) -> list[_Made]:
        groups: dict[tuple[int, int] | None, list[_Made]] = {}
        for made in self._waiting:
            if made.encoded is not None:
                groups.setdefault(made.size, []).append(made)
        if not groups:
            return []
        group = max(groups.values(), key=len)
        assert group[0].encoded is not None
        return group[: self._with.lead.batch_size(group[0].encoded.image)]

    def _lead(self, batch: list[_Made]) -> Iterator[tuple[int, Score]]:
        """The model's scores of images of one size, and those of metrics that work alone."""
        start = time.perf_counter()
        lead = self._with.lead
        error, after = None, None
        try:
            after = lead.encode([made.encoded.image for made in batch if made.encoded])
        except MSDSError as reason:
            error = str(reason)
        share = (time.perf_counter() - start) / len(batch)
        alone = [one for one in self._with.beside if not one.contender.concurrent]
        for index, made in enumerate(batch):
            self._judge(made, alone)
            start = time.perf_counter()
            found: dict[str, Any] = {}
            try:
                if after is None:
                    found["error"] = error
                else:
                    before = made.picture.prepared(lead, lambda image: lead.encode([image])[0])
                    found.update(lead.compare(before, after[index])._asdict())
            except MSDSError as reason:
                found["error"] = str(reason)
            if found.get("error"):
                found["error"] = named(found["error"], Path(self._cells[made.row].distorted))
            made.seconds += share + time.perf_counter() - start
            yield made.row, self._record(made, **found)

    def _record(self, made: _Made, **found: Any) -> Score:
        """The record of a row; its picture is let go when this was the last of its rows."""
        cell, one = self._cells[made.row], made.encoded
        columns: dict[str, Any] = {
            "codec": cell.codec.name,
            "quality": cell.quality,
            "encoder": cell.codec.described(),
            "bytes": len(one.data) if one else None,
            "bits_per_pixel": round(one.bits_per_pixel, 6) if one else None,
            "encode_seconds": round(one.encode_seconds, 6) if one else None,
            "decode_seconds": round(one.decode_seconds, 6) if one else None,
            **{b.column: made.scores.get(b.column) for b in self._with.beside},
        }
        digest = size = None
        if one is not None:
            image, _, digest = made.picture.read()
            size = (image.width, image.height)
        made.picture.uses -= 1
        if not made.picture.uses:
            del self._pictures[cell.source.name]
        found.setdefault("error", made.error)
        found["notes"] = (*found.get("notes", ()), *made.notes)
        return Score(
            cell.source.name,
            cell.distorted,
            reference_size=size,
            distorted_size=made.size,
            reference_sha256=digest,
            distorted_sha256=hashlib.sha256(one.data).hexdigest() if one else None,
            seconds=made.seconds,
            run=self._with.run,
            columns=columns,
            **found,
        )
