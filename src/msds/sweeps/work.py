"""The sweep at work: threads encode and decode, and what has come passes the model in batches.

What threads have made waits in groups of one size, of which the model takes several images at once.
On a processor the same threads do that too, each by itself: threads that share an image wait for
each other, and for those that encode. An accelerator, and whatever cannot run twice at once, is
driven from one place. Everything is bounded by the memory that images may take.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msds.errors import MSDSError
from msds.files import atomic_write
from msds.results import Run, Score
from msds.scoring.inputs import Reading, explain, named, pixel_bytes
from msds.sweeps.judges import Beside, Lead
from msds.sweeps.kept import columns_of
from msds.sweeps.pictures import EncodedFile, Original, encoded
from msds.sweeps.plan import Cell

if TYPE_CHECKING:
    from msds.images import Image

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
    """What a thread made of a row, and what the model found."""

    row: int
    original: Original
    encoded: EncodedFile | None = None
    error: str | None = None
    scores: dict[str, float | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def image(self) -> Image:
        """The decoded picture, where it was encoded."""
        assert self.encoded is not None
        return self.encoded.image

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
        self._originals: dict[str, Original] = {}
        self._uses: dict[str, int] = {}
        self._bytes: dict[str, int] = {}
        for row in self._queue:
            name = cells[row].source.name
            self._uses[name] = self._uses.get(name, 0) + 1
        self._encoding: dict[Future[_Made], int] = {}
        self._waiting: deque[_Made] = deque()
        self._scoring: dict[Future[None], list[_Made]] = {}

    def run(self) -> Generator[tuple[int, Score], None, None]:
        """Records as they come, each with its row."""
        pool = self._with.lead.threads(self._with.threads)
        try:
            while self._queue or self._encoding or self._waiting or self._scoring:
                self._ask(pool)
                batch = self._batch()
                if batch and self._with.lead.aside(batch[0].image):
                    self._scoring[pool.submit(self._lead, batch)] = batch
                elif batch:
                    self._lead(batch)
                    yield from map(self._record, batch)
                for made in self._done(idle=not batch):
                    yield self._record(made)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for codec in {cell.codec for cell in self._cells}:
                codec.stop()  # nothing runs any more unless the sweep was given up
            pool.shutdown(wait=True)

    def _ask(self, pool: ThreadPoolExecutor) -> None:
        """Have the next rows encoded, as far as memory allows."""
        while self._queue:
            if len(self._encoding) + len(self._waiting) >= AHEAD * self._with.threads:
                return
            row = self._queue[0]
            source = self._cells[row].source
            if source.name not in self._bytes:
                self._bytes[source.name] = COPIES * pixel_bytes(source.path)
            taken = sum(self._bytes[self._cells[r].source.name] for r in self._under_way())
            if taken and taken + self._bytes[source.name] > self._with.memory:
                return
            self._queue.popleft()
            original = self._originals.get(source.name)
            if original is None:
                uses = self._uses[source.name]
                original = self._originals[source.name] = Original(source, self._with.reading, uses)
            self._encoding[pool.submit(self._make, row, original)] = row

    def _under_way(self) -> Iterator[int]:
        """Rows whose pixels are in memory, or soon will be."""
        yield from self._encoding.values()
        yield from (made.row for made in self._waiting)
        yield from (made.row for batch in self._scoring.values() for made in batch)

    def _batch(self) -> list[_Made]:
        """Images of one size for the model, if they are enough or no more will come."""
        groups: dict[tuple[int, int] | None, list[_Made]] = {}
        for made in self._waiting:
            groups.setdefault(made.size, []).append(made)
        if not groups:
            return []
        group, lead = max(groups.values(), key=len), self._with.lead
        size = lead.batch_size(group[0].image)
        if lead.aside(group[0].image) and (
            len(self._scoring) >= lead.at_once or (self._encoding and len(group) < size)
        ):
            return []
        for made in group[:size]:
            self._waiting.remove(made)
        return group[:size]

    def _done(self, idle: bool) -> Iterator[_Made]:
        """What is done with: scored, or not to be encoded."""
        futures: list[Future[Any]] = [*self._encoding, *self._scoring]
        if futures:
            wait(futures, None if idle else 0, FIRST_COMPLETED)
        for encoding in [one for one in self._encoding if one.done()]:
            del self._encoding[encoding]
            made = encoding.result()
            if made.encoded is None:
                yield made
            else:
                self._waiting.append(made)
        for scoring in [one for one in self._scoring if one.done()]:
            batch = self._scoring.pop(scoring)
            scoring.result()
            yield from batch

    def _make(self, row: int, original: Original) -> _Made:
        """Encode, decode, and whatever else threads can do at once."""
        made, cell = _Made(row, original), self._cells[row]
        try:
            _, raster, _ = original.read()
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
        for one in beside:
            try:
                reference = made.original.prepared(one, one.contender.prepare)
                made.scores[one.column] = one.score(reference, made.image)
            except Exception as error:  # whatever a metric raises costs its own cell only
                made.scores[one.column] = None
                made.notes.append(one.note(error))
        made.seconds += time.perf_counter() - start

    def _lead(self, batch: Sequence[_Made]) -> None:
        """The model's scores of images of one size."""
        start = time.perf_counter()
        lead = self._with.lead
        error, after = None, None
        try:
            after = lead.encode([made.image for made in batch])
        except MSDSError as reason:
            error = str(reason)
        share = (time.perf_counter() - start) / len(batch)
        for index, made in enumerate(batch):
            start = time.perf_counter()
            try:
                if after is None:
                    made.found["error"] = error
                else:
                    before = made.original.prepared(lead, lambda image: lead.encode([image])[0])
                    made.found.update(lead.compare(before, after[index])._asdict())
            except MSDSError as reason:
                made.found["error"] = str(reason)
            if made.found.get("error"):
                name = Path(self._cells[made.row].distorted)
                made.found["error"] = named(made.found["error"], name)
            made.seconds += share + time.perf_counter() - start

    def _record(self, made: _Made) -> tuple[int, Score]:
        """A row and its record; its original is let go when this was the last of its rows."""
        cell, one, found = self._cells[made.row], made.encoded, made.found
        if one is not None:
            self._judge(made, [one for one in self._with.beside if not one.contender.concurrent])
        columns: dict[str, Any] = {
            **columns_of(
                cell.codec,
                cell.quality,
                len(one.data) if one else None,
                one.bits_per_pixel if one else None,
            ),
            "encode_seconds": round(one.encode_seconds, 6) if one else None,
            "decode_seconds": round(one.decode_seconds, 6) if one else None,
            **{b.column: made.scores.get(b.column) for b in self._with.beside},
        }
        digest = size = None
        if one is not None:
            image, _, digest = made.original.read()
            size = (image.width, image.height)
        made.original.uses -= 1
        if not made.original.uses:
            del self._originals[cell.source.name]
        found.setdefault("error", made.error)
        found["notes"] = (*found.get("notes", ()), *made.notes)
        record = Score(
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
        return made.row, record
