"""From images that were sent to scores and maps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import torch

from msds.encoding.reduced import Reduced
from msds.encoding.streamed import RegionReader, TensorRegions
from msds.errors import InputError, MSDSError
from msds.images import Image
from msds.metric.maps import QualityMap
from msds.results import Score
from msds.scoring import Reading
from msds.scoring.compare import compare, run_of
from msds.scoring.maps import Places, copied, look_of, places_of, reduced
from msds.web.kept import Kept, Known
from msds.web.room import Room
from msds.web.saving import report_page
from msds.web.settings import Limits
from msds.web.studio import Studio
from msds.web.uploads import Upload
from msds.web.workers import Reply, Workers

if TYPE_CHECKING:
    from msds.metric.maps import Kind
    from msds.metric.modules import MSDS

_R = TypeVar("_R")

REPORT_SIDE = 1024
"""Pixels along the longer side of a picture in a report."""

WARM_SIDE = 512
"""Of the first image, which nobody has sent."""


@dataclass(frozen=True)
class _Pixels:
    """An image that was decoded, and the room that it takes."""

    image: Image
    content: str
    sha256: str
    size: int

    @property
    def regions(self) -> RegionReader:
        """Its pixels, which become floats where they are read."""
        return Reduced(TensorRegions(self.image.pixels), 1)


class _Crew:
    """All that works for a service: processes that decode, and threads that compute."""

    def __init__(self, metric: MSDS, limits: Limits, workers: int) -> None:
        self.workers = Workers(workers, limits)
        self.studio = Studio(metric)
        self.one_map = asyncio.Lock()
        # Maps take long, and scores shall not wait for them.
        self.maps = ThreadPoolExecutor(1, thread_name_prefix="msds-map")

    def warm_up(self) -> None:
        """Wait until the processes can be asked, and have made what is made at the first image."""
        nothing = torch.zeros(3, *2 * (WARM_SIDE,), dtype=torch.uint8)
        self.studio.encode(Image(nothing, (), ""), "").exception()
        self.workers.start_up()

    def close(self) -> None:
        self.workers.close()
        self.studio.close()
        self.maps.shutdown()


class Service:
    """Scores and maps of images that were sent, with one model.

    Parameters
    ----------
    metric : on the device to compute on.
    limits : of the server.
    workers : how many processes decode.

    Attributes
    ----------
    kept : references that stay encoded.
    room : for pixels that wait for the model.

    Nothing runs until `start`; after `close` it can be started again.
    """

    def __init__(self, metric: MSDS, limits: Limits, workers: int = 2) -> None:
        self.metric = metric
        self.limits = limits
        self.kept: Kept = Kept(limits.kept, limits.kept_seconds)
        self.room: Room = Room(limits.pending_bytes)
        self._count = workers
        self._crew: _Crew | None = None

    @property
    def workers(self) -> Workers:
        """The processes that decode."""
        return self._running.workers

    @property
    def _running(self) -> _Crew:
        if self._crew is None:
            raise RuntimeError("the service was not started")
        return self._crew

    def start(self) -> None:
        """Start what works, unless it was started, and wait until the first image need not wait.

        Raises
        ------
        InputError
            If the processes that decode end as soon as they begin.
        """
        if self._crew is not None:
            return
        self._crew = _Crew(self.metric, self.limits, self._count)
        try:
            self._crew.warm_up()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the processes and the model's threads."""
        crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()

    async def score(
        self,
        reference: Upload | Known,
        distorted: Sequence[Upload],
        reading: Reading,
        *,
        places: bool = False,
    ) -> tuple[Known, list[Score]]:
        """Scores of some images against one; an image that cannot be used costs its own only.

        Parameters
        ----------
        reference : one that is kept only without `places`.
        places : whether it is noted where parts have moved.

        Raises
        ------
        InputError
            If the reference cannot be used.
        """
        start = time.perf_counter()
        if places and isinstance(reference, Upload):
            return await self._score_and_look(reference, distorted, reading, start)
        known, *others = await asyncio.gather(
            self._known(reference, reading),
            *(self._known(upload, reading) for upload in distorted),
            return_exceptions=True,
        )
        if isinstance(known, BaseException):
            raise known
        scores = [
            self._score(known, upload, other, reading, start)
            for upload, other in zip(distorted, others, strict=True)
        ]
        return known, scores

    async def _score_and_look(
        self, reference: Upload, distorted: Sequence[Upload], reading: Reading, start: float
    ) -> tuple[Known, list[Score]]:
        """The same with places; every image is decoded once."""
        async with self._decoded(reference, reading) as decoded:
            known = await self._encoded(reference, decoded, reading)
            look = await self._in_turn(copied, look_of(self.metric, decoded.regions))
        turn = asyncio.Lock()  # one at a time, so that maps of others come in between

        async def scored(upload: Upload) -> Score:
            try:
                async with self._decoded(upload, reading) as decoded:
                    other = await self._encoded(upload, decoded, reading)
                    score = self._score(known, upload, other, reading, start)
                    if score.score is None or score.size_difference:
                        return score
                    looks = look, look_of(self.metric, decoded.regions)
                    async with turn:
                        found = await self._in_turn(places_of, self.metric, looks)
                    note = () if found.note is None else (found.note,)
                    return replace(score, notes=(*score.notes, *note))
            except InputError as error:
                return self._score(known, upload, error, reading, start)

        return known, list(await asyncio.gather(*map(scored, distorted)))

    async def map(
        self,
        reference: Upload,
        distorted: Upload,
        reading: Reading,
        kind: str,
        side: int | None = None,
    ) -> tuple[QualityMap, RegionReader]:
        """Where two images differ, and the distorted one, both reduced to `side` pixels if given.

        Raises
        ------
        InputError
            If an image cannot be used, or their sizes differ.
        """
        async with self._pair(reference, distorted, reading) as decoded:
            images = decoded[0].regions, decoded[1].regions
            if side is not None:
                images = reduced(self.metric, images, side)
            how = partial(self.metric.map, kind=cast("Kind", kind))
            return await self._in_turn(how, *images), images[1]

    async def places(self, reference: Upload, distorted: Upload, reading: Reading) -> Places:
        """Whether the parts of two images are alike but not in the same places.

        Raises
        ------
        InputError
            If an image cannot be used.
        """
        async with self._pair(reference, distorted, reading) as decoded:
            images = decoded[0].regions, decoded[1].regions
            return await self._in_turn(places_of, self.metric, images)

    async def _in_turn(self, work: Callable[..., _R], *arguments: Any) -> _R:
        """What a function gives, in the thread for what takes long."""
        return await asyncio.wrap_future(self._running.maps.submit(work, *arguments))

    @asynccontextmanager
    async def _pair(
        self, reference: Upload, distorted: Upload, reading: Reading
    ) -> AsyncIterator[tuple[_Pixels, _Pixels]]:
        """Two images, decoded side by side; one pair at a time."""
        async with self._running.one_map:
            # One at a time has room for a second image without waiting for it.
            decoded = await asyncio.gather(
                self._pixels(reference, reading),
                self._pixels(distorted, reading, waits=False),
                return_exceptions=True,
            )
            try:
                first, second = (_or_raise(one) for one in decoded)
                yield first, second
            finally:
                self.room.give(sum(one.size for one in decoded if isinstance(one, _Pixels)))

    async def report(
        self, reference: Upload, distorted: Sequence[Upload], reading: Reading
    ) -> bytes:
        """A page of some images against one, with all pictures in it, to be kept.

        Raises
        ------
        InputError
            If the reference cannot be used.
        """
        _, scores = await self.score(reference, distorted, reading)
        uploads = [reference, *distorted]
        pictures = await asyncio.gather(
            *(self.picture(upload, reading, REPORT_SIDE) for upload in uploads),
            return_exceptions=True,
        )
        shown = [None if isinstance(one, BaseException) else one for one in pictures]
        return await asyncio.to_thread(report_page, scores, shown[0], shown[1:])

    async def picture(self, upload: Upload, reading: Reading, side: int | None = None) -> bytes:
        """An image as the metric sees it, as a PNG, at most `side` pixels wide and high."""
        about = {"want": "picture", "side": side, "reading": self._options(reading)}
        try:
            return bytes((await self.workers.ask(about, upload.data)).content)
        except InputError as error:
            raise _named(error, upload.name) from error

    async def _known(self, source: Upload | Known, reading: Reading) -> Known:
        if isinstance(source, Known):
            return source
        async with self._decoded(source, reading) as decoded:
            return await self._encoded(source, decoded, reading)

    async def _encoded(self, source: Upload, decoded: _Pixels, reading: Reading) -> Known:
        try:
            answer = self._running.studio.encode(decoded.image, decoded.content)
            encoded = await asyncio.wrap_future(answer)
        except InputError as error:
            raise _named(error, source.name) from error
        settings = tuple(sorted(reading.settings.items()))
        return Known(source.name, encoded, decoded.sha256, decoded.content, settings)

    @asynccontextmanager
    async def _decoded(
        self, upload: Upload, reading: Reading, waits: bool = True
    ) -> AsyncIterator[_Pixels]:
        """An image for as long as the block runs; then its room is given back."""
        decoded = await self._pixels(upload, reading, waits)
        try:
            yield decoded
        finally:
            self.room.give(decoded.size)

    async def _pixels(self, upload: Upload, reading: Reading, waits: bool = True) -> _Pixels:
        taken = 0

        def admit(size: int) -> None:
            nonlocal taken
            (self.room.take if waits else self.room.add)(size)
            taken = size

        about = {"want": "pixels", "reading": self._options(reading)}
        try:
            reply = await self.workers.ask(about, upload.data, admit)
            return _Pixels(
                Image(_tensor(reply), tuple(reply.about["notes"]), upload.name),
                reply.about["content"],
                reply.about["sha256"],
                taken,
            )
        except InputError as error:
            self.room.give(taken)
            raise _named(error, upload.name) from error

    def _options(self, reading: Reading) -> dict[str, Any]:
        return {
            "background": reading.background,
            "transfer": reading.transfer,
            "frame": reading.frame,
            "max_pixels": self.limits.pixels,
            "memory": self.limits.decoding_bytes,
        }

    def _score(
        self,
        reference: Known,
        upload: Upload,
        other: Known | BaseException,
        reading: Reading,
        start: float,
    ) -> Score:
        """The record of a pair."""
        found: dict[str, Any] = {}
        if isinstance(other, Known):
            found = {"distorted_size": other.encoded.size, "distorted_sha256": other.sha256}
            encoded = other.encoded
            if other.content == reference.content:
                # Equal pixels are equal, whatever they were encoded together with.
                encoded = replace(reference.encoded, notes=encoded.notes)
            try:
                found.update(compare(self.metric, reference.encoded, encoded)._asdict())
            except MSDSError as error:
                found["error"] = str(error)
        elif isinstance(other, MSDSError):
            found["error"] = str(other)
        else:
            raise other
        return Score(
            reference.name,
            upload.name,
            reference_size=reference.encoded.size,
            reference_sha256=reference.sha256,
            seconds=time.perf_counter() - start,
            run=run_of(self.metric, reading),
            **found,
        )


def _tensor(reply: Reply) -> torch.Tensor:
    """(3, H, W) uint8 or float32 pixels."""
    values = np.frombuffer(reply.content, reply.about["kind"])
    return torch.from_numpy(values.reshape(3, reply.about["height"], reply.about["width"]))


def _or_raise(found: _Pixels | BaseException) -> _Pixels:
    if isinstance(found, BaseException):
        raise found
    return found


def _named(error: InputError, name: str) -> InputError:
    """The same with the name that the sender gave the file."""
    text = str(error)
    plain = text.removeprefix("<bytes>: ")
    return InputError(f"{name}: {plain}")
