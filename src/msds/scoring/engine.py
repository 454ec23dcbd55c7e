"""The engine: very many pairs, every image read and encoded once, in bounded memory.

One thread decides and runs the trunk; others read and decode files ahead of it. Images wait in
groups of equal size, and the trunk takes the largest group whenever it is free, so that batches
grow exactly where the trunk is slower than the reading.
"""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

import torch

from msds.encoding import Encoding
from msds.encoding.shortage import is_out_of_memory
from msds.errors import MSDSError
from msds.images import Image
from msds.metric.modules import MSDS
from msds.pairs import Pair
from msds.results import Outcome
from msds.scoring.cache import DiskCache, Encoded
from msds.scoring.inputs import PARTS_BYTES, Input, Reading, explain, named, pixel_bytes, read_input
from msds.scoring.memory import Memory
from msds.scoring.pair import notes_of

READ_AHEAD = 8
"""Images per thread that are read before the trunk needs them, at most."""


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
) -> Iterator[tuple[int, Outcome]]:
    """Score pairs of files, and give each outcome as it comes, in no certain order.

    Parameters
    ----------
    metric : on the device to compute on.
    pairs : what to score.
    rows : which of `pairs`, by index; all by default.
    reading : how files become pixels.
    options : memory, threads and cache.

    Yields
    ------
    (row, outcome) : the index of a pair, and its scores, or why there are none.
    """
    wanted = range(len(pairs)) if rows is None else rows
    return _Engine(metric, pairs, wanted, reading or Reading(), options or Options()).run()


@dataclass(eq=False)
class _File:
    """One image file, from when a pair first asks for it.

    Attributes
    ----------
    uses : pairs that still need it.
    admitted : those of them that are being worked on.
    waiting : rows that wait for it to be settled: encoded, or known to be bad.
    seconds : spent on it and not yet counted for a pair.
    """

    path: Path
    uses: int
    admitted: int = 0
    is_reference: bool = False
    bytes: int = 0
    large: bool = False
    requested: bool = False
    retried: bool = False
    waiting: list[int] = field(default_factory=list)
    sha256: str | None = None
    encoded: Encoded | None = None
    error: str | None = None
    seconds: float = 0.0

    @property
    def settled(self) -> bool:
        return self.encoded is not None or self.error is not None


@dataclass(eq=False)
class _Waiting:
    """Pixels that wait for the trunk, and the files that hold them."""

    image: Image
    content: str
    files: list[_File]


class _Engine:
    def __init__(
        self,
        metric: MSDS,
        pairs: Sequence[Pair],
        rows: Iterable[int],
        reading: Reading,
        options: Options,
    ) -> None:
        self.metric = metric
        self.pairs = pairs
        self.reading = reading
        self.threads = max(1, options.threads)
        device = next(metric.parameters(), torch.empty(0)).device
        self.memory = Memory.of(options.memory, device)
        self.encoder = metric.encoder(self.memory.trunk)
        self.cache = (
            DiskCache(options.cache, metric, reading.settings)
            if options.cache is not None
            else None
        )
        self.queue = deque(self._by_reference(rows))
        self.uses = Counter(
            path
            for row in self.queue
            if pairs[row].problem is None
            for path in {pairs[row].reference_path, pairs[row].distorted_path}
        )
        self.files: dict[Path, _File] = {}
        self.being_read: dict[Future[Input], _File] = {}
        self.postponed: deque[_File] = deque()  # to be read again when nothing else takes memory
        self.groups: dict[tuple[int, int], dict[str, _Waiting]] = {}
        self.in_flight = 0  # bytes of images being read or waiting
        self.ready: list[int] = []
        self.idle: OrderedDict[Path, _File] = OrderedDict()  # encodings no admitted pair needs
        self.idle_bytes = 0
        self.contents: WeakValueDictionary[str, Encoded] = WeakValueDictionary()

    def _by_reference(self, rows: Iterable[int]) -> list[int]:
        """Rows with those of the same reference together, in order of first appearance."""
        groups: dict[Path, list[int]] = {}
        for row in rows:
            groups.setdefault(self.pairs[row].reference_path, []).append(row)
        return [row for group in groups.values() for row in group]

    def run(self) -> Iterator[tuple[int, Outcome]]:
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="msds-read")
        try:
            while self.queue or self.being_read or self.groups or self.postponed or self.ready:
                self._admit(pool)
                yield from self._compare()
                self._collect()
                if self.groups:
                    self._encode_largest()
                elif not self.being_read and self.postponed:
                    self._read_again(self.postponed.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    # Reading

    def _admit(self, pool: ThreadPoolExecutor) -> None:
        """Ask for the images of the next pairs, as far as memory allows."""
        while self.queue and len(self.being_read) < READ_AHEAD * self.threads:
            row = self.queue[0]
            pair = self.pairs[row]
            if pair.problem is not None:
                self.ready.append(self.queue.popleft())
                continue
            paths = (pair.reference_path, pair.distorted_path)
            files = list(dict.fromkeys(self._file(path) for path in paths))
            new = [file for file in files if not file.requested]
            cost = sum(file.bytes for file in new)
            if new and self.in_flight and self.in_flight + cost > self.memory.images:
                return
            self.queue.popleft()
            files[0].is_reference = True
            for file in files:
                file.admitted += 1
                if self.idle.pop(file.path, None) is not None and file.encoded is not None:
                    self.idle_bytes -= file.encoded.bytes
                if not file.settled:
                    file.waiting.append(row)
            for file in new:
                file.requested = True
                self.in_flight += file.bytes
                future = pool.submit(read_input, file.path, self.reading, self.cache, file.large)
                self.being_read[future] = file
            if all(file.settled for file in files):
                self.ready.append(row)

    def _file(self, path: Path) -> _File:
        if path not in self.files:
            size = pixel_bytes(path)
            large = size > PARTS_BYTES
            self.files[path] = _File(path, self.uses[path], bytes=0 if large else size, large=large)
        return self.files[path]

    def _collect(self) -> None:
        """Take what has been read; wait for something only if the trunk has nothing to do."""
        if not self.being_read:
            return
        idle = not (self.groups or self.ready)
        done, _ = wait(self.being_read, None if idle else 0, FIRST_COMPLETED)
        for future in done:
            file = self.being_read.pop(future)
            error = future.exception()
            if error is None:
                self._take(file, future.result())
            elif is_out_of_memory(error) and not file.retried:
                file.retried = True
                self.in_flight -= file.bytes
                self.postponed.append(file)
            elif isinstance(error, Exception):
                self.in_flight -= file.bytes
                self._settle(file, error=explain(error, file.path))
            else:
                raise error

    def _read_again(self, file: _File) -> None:
        self.in_flight += file.bytes
        try:
            self._take(file, read_input(file.path, self.reading, self.cache, file.large))
        except Exception as error:  # whatever a decoder raises costs this file only
            self.in_flight -= file.bytes
            self._settle(file, error=explain(error, file.path))

    def _take(self, file: _File, read: Input) -> None:
        file.sha256 = read.sha256
        file.seconds += read.seconds
        encoded = read.encoded or self.contents.get(read.content)
        if encoded is not None:
            self.in_flight -= file.bytes
            self._settle(file, encoded)
        elif read.image is None:
            self._encode_parts(file)
        else:
            size = (read.image.height, read.image.width)
            group = self.groups.setdefault(size, {})
            waiting = group.setdefault(read.content, _Waiting(read.image, read.content, []))
            waiting.files.append(file)

    # Encoding

    def _encode_largest(self) -> None:
        """Run the trunk on the group that fills its batch best."""
        size = max(self.groups, key=lambda s: len(self.groups[s]) / self.encoder.batch_size(*s))
        group = self.groups[size]
        batch = [group.pop(key) for key in list(group)[: self.encoder.batch_size(*size)]]
        if not group:
            del self.groups[size]
        start = time.perf_counter()
        encodings: list[Encoding] = []
        error = None
        try:
            encodings = self.encoder.encode([waiting.image.pixels for waiting in batch])
        except MSDSError as reason:
            error = str(reason)
        seconds = (time.perf_counter() - start) / len(batch)
        for k, waiting in enumerate(batch):
            waiting.files[0].seconds += seconds
            encoded = None
            if error is None:
                encoded = Encoded(encodings[k], waiting.image.notes)
                self.contents[waiting.content] = encoded
            for file in waiting.files:
                self.in_flight -= file.bytes
                self._finish(file, encoded, error)

    def _encode_parts(self, file: _File) -> None:
        start = time.perf_counter()
        encoded = error = None
        try:
            with self.reading.open(file.path) as regions:
                encoding = self.encoder.encode_regions(regions)
                encoded = Encoded(encoding, regions.notes)
        except Exception as reason:  # whatever a decoder raises costs this file only
            error = explain(reason, file.path)
        file.seconds += time.perf_counter() - start
        self._finish(file, encoded, error)

    def _finish(self, file: _File, encoded: Encoded | None, error: str | None) -> None:
        if error is not None:
            error = named(error, file.path)
        if encoded is not None and self.cache is not None and file.is_reference and file.sha256:
            self.cache.keep(file.sha256, encoded)
        self._settle(file, encoded, error)

    def _settle(
        self, file: _File, encoded: Encoded | None = None, error: str | None = None
    ) -> None:
        """A file's encoding is there, or is known never to be."""
        if encoded is not None and encoded.encoding.grams[0].device != self.encoder.device:
            encoded = Encoded(encoded.encoding.to(self.encoder.device), encoded.notes)
        file.encoded, file.error = encoded, error
        rows, file.waiting = file.waiting, []
        for row in rows:
            pair = self.pairs[row]
            if all(self.files[p].settled for p in (pair.reference_path, pair.distorted_path)):
                self.ready.append(row)

    # Comparing

    def _compare(self) -> Iterator[tuple[int, Outcome]]:
        """Outcomes of the pairs of which both images are settled."""
        rows, self.ready = self.ready, []
        for row in rows:
            pair = self.pairs[row]
            if pair.problem is not None:
                yield row, Outcome(error=f"{pair.problem}.")
                continue
            files = (self.files[pair.reference_path], self.files[pair.distorted_path])
            outcome = self._outcome(*files)
            for file in dict.fromkeys(files):
                self._release(file)
            yield row, outcome

    def _outcome(self, reference: _File, distorted: _File) -> Outcome:
        start = time.perf_counter()
        a, b = reference.encoded, distorted.encoded
        score: float | None = None
        levels: tuple[float, ...] = ()
        notes: tuple[str, ...] = ()
        error = None
        if a is None or b is None:
            reasons = dict.fromkeys(text for text in (reference.error, distorted.error) if text)
            error = " ".join(reasons)
        else:
            with torch.inference_mode():
                scores = self.metric.level_scores(a.encoding, b.encoding)
                score = float(self.metric.fuse(scores))
            levels = tuple(scores[0].tolist())
            notes = notes_of(self.metric, len(levels), (a.notes, a.size), (b.notes, b.size))
            if not math.isfinite(score):
                score, levels = None, ()
                error = "The score is not a finite number: the trunk's features overflow."
        seconds = time.perf_counter() - start
        for file in dict.fromkeys((reference, distorted)):
            seconds += file.seconds
            file.seconds = 0.0
        return Outcome(
            score=score,
            levels=levels,
            notes=notes,
            reference_size=a.size if a else None,
            distorted_size=b.size if b else None,
            reference_sha256=reference.sha256,
            distorted_sha256=distorted.sha256,
            seconds=seconds,
            error=error,
        )

    def _release(self, file: _File) -> None:
        """One pair less needs this file; its encoding is kept while there is room."""
        file.uses -= 1
        file.admitted -= 1
        if file.uses == 0:
            del self.files[file.path]
        elif file.admitted == 0 and file.encoded is not None:
            self.idle[file.path] = file
            self.idle_bytes += file.encoded.bytes
            while self.idle_bytes > self.memory.encodings:
                _, oldest = self.idle.popitem(last=False)
                self.idle_bytes -= oldest.encoded.bytes if oldest.encoded is not None else 0
                oldest.encoded, oldest.requested = None, False
