"""The one thread that encodes: batches of whatever waits.

Two threads, each encoding an image by itself, took twice as long on a busy machine: Python lets
one of them go on at a time.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msds.encoding.plan import should_tile
from msds.encoding.reduced import Reduced
from msds.encoding.streamed import TensorRegions
from msds.images import Image
from msds.scoring.batches import Batches, Waiting
from msds.scoring.cache import Encoded

if TYPE_CHECKING:
    import torch

    from msds.encoding import Encoding
    from msds.encoding.encoder import Encoder
    from msds.metric.modules import MSDS


@dataclass(eq=False)
class _Ticket:
    """One image that somebody waits for."""

    notes: tuple[str, ...]
    answer: Future[Encoded] = field(default_factory=Future)


class Studio:
    """Encodes images as they come, those of equal size together, and equal ones once.

    Parameters
    ----------
    metric : on the device to compute on.
    """

    def __init__(self, metric: MSDS) -> None:
        self.metric = metric
        self._encoder = metric.encoder()
        self._batches: Batches[_Ticket] = Batches()
        self._changed = threading.Condition()
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="msds-model", daemon=True)
        self._thread.start()

    def encode(self, image: Image, content: str) -> Future[Encoded]:
        """Have an image encoded; `content` is a digest of its pixels.

        Parameters
        ----------
        image : (3, H, W) pixels as bytes, or as floats in [0, 1].
        """
        ticket = _Ticket(image.notes)
        with self._changed:
            self._batches.add(ticket, image, content)
            self._changed.notify()
        return ticket.answer

    def close(self) -> None:
        """End the thread once it has done what it is at."""
        with self._changed:
            self._ends = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._batches or self._ends)
                if self._ends:
                    return
                batch = self._batches.take(self._encoder.batch_size)
            self._encode(batch)

    def _encode(self, batch: list[Waiting[_Ticket]]) -> None:
        tickets = [ticket for waiting in batch for ticket in waiting.sources]
        try:
            encodings = _encodings(self._encoder, [w.image.pixels for w in batch])
        except Exception as error:  # costs these images and not the thread
            for ticket in tickets:
                ticket.answer.set_exception(error)
            return
        for waiting, encoding in zip(batch, encodings, strict=True):
            made = Encoded(encoding, ())
            for ticket in waiting.sources:
                ticket.answer.set_result(replace(made, notes=ticket.notes))


def _encodings(encoder: Encoder, images: list[torch.Tensor]) -> list[Encoding]:
    """Of (3, H, W) images of one size; bytes of a large one become floats piece by piece."""
    height, width = images[0].shape[-2:]
    if len(images) == 1 and should_tile(height, width, encoder.trunk, encoder.budget):
        return [encoder.encode_regions(Reduced(TensorRegions(images[0]), 1))]
    return encoder.encode([_floating(pixels) for pixels in images])


def _floating(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels in [0, 1]; those of a batch are then of one type."""
    return pixels if pixels.is_floating_point() else pixels.float().div_(255)
