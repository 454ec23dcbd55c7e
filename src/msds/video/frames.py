"""The moments of a group of clips to records: pixels in threads, encodings in batches."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from msds.errors import MSDSError
from msds.images.video import Clip
from msds.pairs import Pair
from msds.results import Run, Score
from msds.scoring import Options
from msds.scoring.cache import Encoded
from msds.scoring.compare import compare
from msds.scoring.memory import Memory
from msds.video.pairing import Moment
from msds.video.pixels import Shown, shown

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

_MOST = 64
"""Moments that are made pixels before they are encoded, at most."""

_HELD_BYTES = 24
"""Of a pixel of an image that waits, with a share of what it is made of."""

Pixels = tuple[Shown, tuple[Shown, ...]]


@dataclass(frozen=True)
class Scored:
    """The record of a frame.

    Attributes
    ----------
    which : of the distorted clips.
    lonely : whether it has no partner.
    passed : frames of the distorted clip without a partner that came before.
    """

    which: int
    score: Score
    lonely: bool = False
    passed: int = 0


@dataclass
class FrameScorer:
    """Scores the frames of a reference and of the distorted clips that belong to it.

    Parameters
    ----------
    metric : on the device to compute on.
    reference, others : the clips.
    pairs : their pairs, one for each of the others.
    run : for the records.
    """

    metric: MSDS
    reference: Clip
    others: Sequence[Clip]
    pairs: Sequence[Pair]
    run: Run
    options: Options
    same_size: bool = False
    _waiting: deque[tuple[Moment, Future[Pixels]]] = field(default_factory=deque)

    def scores(self, moments: Iterable[Moment]) -> Iterator[list[Scored]]:
        """Records of moments, in their order."""
        device = next(self.metric.parameters()).device
        memory = Memory.of(self.options.memory, device)
        encoder = self.metric.encoder(memory.trunk)
        batch = max(1, encoder.batch_size(self.reference.height, self.reference.width))
        together = max(1, batch // (1 + len(self.others)))
        most = self._most(memory.images, together)
        with ThreadPoolExecutor(
            max(1, self.options.threads), thread_name_prefix="msds-pixels"
        ) as pool:
            try:
                for moment in moments:
                    self._waiting.append((moment, pool.submit(self._pixels, moment)))
                    if len(self._waiting) >= most:
                        yield from self._some(encoder, together)
                while self._waiting:
                    yield from self._some(encoder, together)
            finally:
                for _, one in self._waiting:
                    one.cancel()

    def _most(self, images: int, together: int) -> int:
        """How many moments may wait, within memory for images."""
        pixels = self.reference.width * self.reference.height
        return max(
            1, min(_MOST, 2 * together, images // (_HELD_BYTES * pixels * (1 + len(self.others))))
        )

    def _pixels(self, moment: Moment) -> Pixels:
        return shown(moment, self.reference, self.others, same_size=self.same_size)

    def _some(self, encoder: Any, count: int) -> Iterator[list[Scored]]:
        """Score the moments that came first."""
        start = time.perf_counter()
        taken = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
        pixels = [future.result() for _, future in taken]
        images = [one.image for found in pixels for one in _distinct(found)]
        try:
            encoded = iter(_encoded(encoder, images))
            error = None
        except MSDSError as reason:
            encoded, error = iter(()), str(reason)
        records = []
        for (moment, _), found in zip(taken, pixels, strict=True):
            own = {id(one): next(encoded, None) for one in _distinct(found)}
            records.append(self._records(moment, found, own, error))
        share = (time.perf_counter() - start) / sum(map(len, records))
        for scored in records:
            yield [_timed(one, share) for one in scored]

    def _records(
        self, moment: Moment, found: Pixels, own: dict[int, Encoded | None], error: str | None
    ) -> list[Scored]:
        first, others = found
        made = []
        for which, one in enumerate(others):
            values: dict[str, Any]
            if one.image is None or first.image is None:
                values = {"error": one.error}
            elif error is not None:
                values = {"error": error}
            else:
                values = self._compared(own[id(first)], own[id(first if one.same else one)])
            partner = moment.partners[which]
            columns = {
                "frame": moment.number,
                "time": float(moment.frame.time),
                "distorted_time": None if partner is None else float(partner.time),
            }
            record = Score(
                self.pairs[which].reference,
                self.pairs[which].distorted,
                reference_size=_size(first),
                distorted_size=_size(one),
                run=self.run,
                columns=columns,
                **values,
            )
            lonely = partner is None and moment.frame.picture is not None
            made.append(Scored(which, record, lonely, moment.passed[which]))
        return made

    def _compared(self, a: Encoded | None, b: Encoded | None) -> dict[str, Any]:
        if a is None or b is None:
            return {"error": "this frame was not encoded."}
        try:
            return compare(self.metric, a, b)._asdict()
        except MSDSError as error:
            return {"error": str(error)}


def _distinct(found: Pixels) -> list[Shown]:
    """Images of a moment that are to be encoded: one of those that are the same."""
    first, others = found
    kept = [one for one in others if one.image is not None and not one.same]
    needed = first.image is not None and any(one.image is not None for one in others)
    return [first, *kept] if needed else []


def _encoded(encoder: Any, images: Sequence[Any]) -> Iterator[Encoded]:
    """Encodings of images, those of one size together."""
    sizes: dict[tuple[int, int], list[int]] = {}
    for index, image in enumerate(images):
        sizes.setdefault((image.height, image.width), []).append(index)
    found: dict[int, Encoded] = {}
    for indices in sizes.values():
        encodings = encoder.encode([images[k].pixels for k in indices])
        for k, encoding in zip(indices, encodings, strict=True):
            found[k] = Encoded(encoding, images[k].notes)
    return iter([found[k] for k in range(len(images))])


def _timed(scored: Scored, seconds: float) -> Scored:
    return replace(scored, score=replace(scored.score, seconds=seconds))


def _size(one: Shown) -> tuple[int, int] | None:
    return None if one.image is None else (one.image.width, one.image.height)
