"""The engine: very many pairs, every image read and encoded once, in bounded memory.

One thread decides and runs the trunk; others read and decode files ahead of it. Images wait in
groups of equal size, and the trunk takes the largest group whenever it is free, so that batches
grow exactly where the trunk is slower than the reading.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import torch

from msds.errors import InputError, MSDSError
from msds.images.limits import MemoryLimitError
from msds.pairs import ImageFile, Pair
from msds.pairs.saliency import DIGESTS
from msds.results import Run, Score
from msds.scoring.batches import Batches
from msds.scoring.cache import DiskCache, Encoded, kept_as
from msds.scoring.compare import compare, run_of
from msds.scoring.inputs import Input, Reading, explain, named, read_input
from msds.scoring.memory import Memory
from msds.scoring.readers import Readers
from msds.scoring.shelf import Shelf
from msds.scoring.sources import Source, State
from msds.text import printable

if TYPE_CHECKING:
    from msds.metric.modules import MSDS


@dataclass(frozen=True)
class Options:
    """How the engine works; none of it changes a score.

    Attributes
    ----------
    memory : bytes to work in, besides the program and the trunk's weights; by default 1 GiB.
    threads : that read and decode files.
    cache : folder that keeps the encodings of references from one run to the next.
    """

    memory: int | None = None
    threads: int = 4
    cache: Path | None = None


def score_pairs(
    metric: MSDS,
    pairs: Sequence[Pair],
    *,
    rows: Iterable[int] | None = None,
    reading: Reading | None = None,
    options: Options | None = None,
) -> Iterator[tuple[int, Score]]:
    """Score pairs of files, and give each record as it comes, in no certain order.

    Parameters
    ----------
    metric : on the device to compute on.
    pairs : what to score.
    rows : which of `pairs`, by index; all by default.
    reading : how files become pixels.
    options : memory, threads and cache.

    Yields
    ------
    The index of a pair, and its record: scores, or why there are none.
    """
    reading, options = reading or Reading(), options or Options()
    wanted = range(len(pairs)) if rows is None else rows
    trunk = _Trunk(metric, reading, options)
    with closing(Readers(trunk.read, max(1, options.threads), trunk.memory.images)) as readers:
        yield from _Engine(trunk, readers, pairs, wanted).run()


class _Trunk:
    """The metric at work: files to encodings, and encodings to scores."""

    def __init__(self, metric: MSDS, reading: Reading, options: Options) -> None:
        self.metric = metric
        self.reading = reading.within(options.memory)
        self.run: Run = run_of(metric, reading)
        self.device = next(metric.parameters(), torch.empty(0)).device
        self.memory = Memory.of(options.memory, self.device)
        self.encoder = metric.encoder(self.memory.trunk)
        self.cache = (
            DiskCache(options.cache, metric, reading.settings)
            if options.cache is not None
            else None
        )

    def read(self, source: Source) -> Input:
        return read_input(source.file, self.reading, self.cache, source.in_parts)

    def encode_parts(self, path: Path) -> Encoded:
        if self.reading.saliency is not None:
            raise InputError(
                f"{printable(path)}: an image that is read in parts cannot be calibrated by "
                f"saliency; expected pixels of at most {self.memory.whole >> 20} MiB, twelve bytes "
                "each (--memory changes it)."
            )
        with self.reading.open(path) as regions:
            encoding = self.encoder.encode_regions(regions)
            return Encoded(encoding, regions.notes)

    def here(self, encoded: Encoded) -> Encoded:
        """The encoding on the device to compute on."""
        if encoded.encoding.grams[0].device == self.device:
            return encoded
        return Encoded(encoded.encoding.to(self.device), encoded.notes)

    def keep(self, source: Source, encoded: Encoded) -> None:
        """Store the encoding of a reference for later runs."""
        if self.cache is not None and source.is_reference and source.sha256:
            self.cache.keep(kept_as(source.sha256, source.saliency_sha256), encoded)

    def score(self, pair: Pair, reference: Source, distorted: Source) -> Score:
        start = time.perf_counter()
        a, b = reference.encoded, distorted.encoded
        found: dict[str, object] = {}
        if a is None or b is None:
            reasons = dict.fromkeys(text for text in (reference.error, distorted.error) if text)
            found["error"] = " ".join(reasons)
        else:
            try:
                found.update(compare(self.metric, a, b)._asdict())
            except MSDSError as error:
                found["error"] = str(error)
        seconds = reference.take_seconds() + distorted.take_seconds()
        return Score(
            pair.reference,
            pair.distorted,
            reference_size=a.size if a else None,
            distorted_size=b.size if b else None,
            reference_sha256=reference.sha256,
            distorted_sha256=distorted.sha256,
            seconds=seconds + time.perf_counter() - start,
            run=self.run,
            columns={**pair.columns, **_map_digests(reference, distorted)},
            **found,  # type: ignore[arg-type]
        )


class _Engine:
    """Decides what is read, encoded and compared next."""

    def __init__(
        self, trunk: _Trunk, readers: Readers, pairs: Sequence[Pair], rows: Iterable[int]
    ) -> None:
        self._trunk = trunk
        self._readers = readers
        self._pairs = pairs
        self._queue = deque(_by_reference(pairs, rows))
        self._uses = Counter(
            file
            for row in self._queue
            if pairs[row].problem is None
            for file in set(pairs[row].images)
        )
        self._sources: dict[ImageFile, Source] = {}
        self._batches: Batches[Source] = Batches()
        self._shelf = Shelf(trunk.memory.encodings)
        self._ready: list[int] = []
        self._contents: WeakValueDictionary[str, Encoded] = WeakValueDictionary()

    def run(self) -> Iterator[tuple[int, Score]]:
        while self._queue or self._readers or self._batches or self._ready:
            self._admit()
            yield from self._compare()
            idle = not (self._batches or self._ready)
            for source, read in self._readers.arrived(idle):
                self._take(source, read)
            if self._batches:
                self._encode()

    def _of(self, row: int) -> list[Source]:
        """The files of a pair, the reference first; one if they are the same."""
        pair = self._pairs[row]
        if pair.problem is not None:
            return []
        most = self._trunk.memory.whole
        for file in pair.images:
            if file not in self._sources:
                self._sources[file] = Source.of(file, self._uses[file], most)
        return list(dict.fromkeys(self._sources[file] for file in pair.images))

    def _admit(self) -> None:
        """Ask for the images of the next pairs, as far as memory allows."""
        while self._queue:
            row = self._queue[0]
            sources = self._of(row)
            new = [source for source in sources if source.state is State.UNREAD]
            if not self._readers.have_room(new):
                return
            self._queue.popleft()
            for source in sources:
                source.admitted += 1
                self._shelf.take(source)
                if source.state is not State.SETTLED:
                    source.waiting.append(row)
            if sources:
                sources[0].is_reference = True
            for source in new:
                self._readers.ask(source)
            self._is_ready(row)

    def _is_ready(self, row: int) -> None:
        if all(source.state is State.SETTLED for source in self._of(row)):
            self._ready.append(row)

    def _take(self, source: Source, read: Input) -> None:
        """What a thread made of a file."""
        source.sha256 = read.sha256 or None
        source.saliency_sha256 = read.saliency_sha256
        source.seconds += read.seconds
        encoded = read.encoded or self._contents.get(read.content)
        if isinstance(read.failure, MemoryLimitError):
            self._encode_parts(source)  # takes less
        elif read.failure is not None:
            self._settle(source, error=explain(read.failure, source.path))
        elif encoded is not None:
            self._settle(source, encoded)
        elif read.image is not None:
            self._batches.add(source, read.image, read.content, read.mask)
        else:
            self._encode_parts(source)

    def _encode(self) -> None:
        """Run the trunk on the images that fill a batch best."""
        encoder = self._trunk.encoder
        batch = self._batches.take(encoder.batch_size)
        start = time.perf_counter()
        encodings: list[Encoded | None] = [None] * len(batch)
        error = None
        try:
            masks = [waiting.mask for waiting in batch if waiting.mask is not None]
            found = encoder.encode([waiting.image.pixels for waiting in batch], masks or None)
            encodings = [
                Encoded(one, waiting.image.notes) for one, waiting in zip(found, batch, strict=True)
            ]
        except MSDSError as reason:
            error = str(reason)
        seconds = (time.perf_counter() - start) / len(batch)
        for waiting, encoded in zip(batch, encodings, strict=True):
            waiting.sources[0].seconds += seconds
            if encoded is not None:
                self._contents[waiting.content] = encoded
            for source in waiting.sources:
                self._finish(source, encoded, error)

    def _encode_parts(self, source: Source) -> None:
        start = time.perf_counter()
        encoded = error = None
        try:
            encoded = self._trunk.encode_parts(source.path)
        except Exception as reason:  # whatever a decoder raises costs this file only
            error = explain(reason, source.path)
        source.seconds += time.perf_counter() - start
        self._finish(source, encoded, error)

    def _finish(self, source: Source, encoded: Encoded | None, error: str | None) -> None:
        if encoded is not None:
            self._trunk.keep(source, encoded)
        self._settle(source, encoded, None if error is None else named(error, source.path))

    def _settle(
        self, source: Source, encoded: Encoded | None = None, error: str | None = None
    ) -> None:
        """A file's encoding is there, or is known never to be."""
        self._readers.release(source)
        here = None if encoded is None else self._trunk.here(encoded)
        for row in source.settle(here, error):
            self._is_ready(row)

    def _compare(self) -> Iterator[tuple[int, Score]]:
        """Records of the pairs of which both images are settled."""
        rows, self._ready = self._ready, []
        for row in rows:
            pair, sources = self._pairs[row], self._of(row)
            if sources:
                score = self._trunk.score(pair, sources[0], sources[-1])
            else:
                score = replace(Score.of(pair, self._trunk.run), error=f"{pair.problem}.")
            for source in sources:
                self._release(source)
            yield row, score

    def _release(self, source: Source) -> None:
        """One pair less needs this file; its encoding is kept while there is room."""
        source.uses -= 1
        source.admitted -= 1
        if source.uses == 0:
            del self._sources[source.file]
        elif source.admitted == 0:
            self._shelf.put(source)


def _map_digests(reference: Source, distorted: Source) -> dict[str, str]:
    """Columns for the digests of the saliency maps, where there are any."""
    digests = (reference.saliency_sha256, distorted.saliency_sha256)
    return {name: value for name, value in zip(DIGESTS, digests, strict=True) if value}


def _by_reference(pairs: Sequence[Pair], rows: Iterable[int]) -> list[int]:
    """Rows with those of the same reference together, in order of first appearance."""
    groups: dict[Path, list[int]] = {}
    for row in rows:
        groups.setdefault(pairs[row].reference_path, []).append(row)
    return [row for group in groups.values() for row in group]
