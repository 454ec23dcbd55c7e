"""Encodings of images within a memory budget that shrinks when memory runs short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from msds.encoding.plan import bytes_per_pixel, should_tile
from msds.encoding.streamed import RegionReader, encode_tiled
from msds.errors import InputError
from msds.metric.modules import MSDS, Encoding
from msds.scoring.memory import MIB, is_out_of_memory

LEAST_BUDGET = MIB
MOST_IMAGES = 64
"""In a batch; more do not make any trunk faster."""


class Encoder:
    """Runs a metric's trunk, in batches or in pieces, as memory allows.

    Parameters
    ----------
    metric : on the device to compute on.
    budget : bytes of working memory. Whenever memory runs short, batches are halved, and then the
        budget for a single image is, below which images are encoded in pieces.
    """

    def __init__(self, metric: MSDS, budget: int) -> None:
        self.metric = metric
        self.budget = budget
        self.device = next(metric.parameters(), torch.empty(0)).device
        self._bytes_per_pixel = bytes_per_pixel(metric.trunk)
        self._most_pixels: int | None = None  # in a batch, once memory ran short

    def batch_size(self, height: int, width: int) -> int:
        """How many images of this size the trunk may take at once."""
        fitting = int(self.budget / (self._bytes_per_pixel * height * width))
        if self._most_pixels is not None:
            fitting = min(fitting, self._most_pixels // (height * width))
        return max(1, min(MOST_IMAGES, fitting))

    def encode(self, images: Sequence[Tensor]) -> list[Encoding]:
        """Encodings of (3, H, W) images of equal size.

        Raises
        ------
        InputError
            If the images are too small, or there is not enough memory even for a piece of one.
        """
        done: list[Encoding] = []
        while len(done) < len(images):
            count = self.batch_size(*images[0].shape[-2:])
            batch = images[len(done) : len(done) + count]
            encoding = self._try(batch)
            if encoding is not None:
                done += [_only(encoding, k) for k in range(len(encoding))]
        return done

    def encode_regions(self, regions: RegionReader) -> Encoding:
        """Encoding of an image that is read in parts."""
        while True:
            encoding = self._try(regions)
            if encoding is not None:
                return encoding

    def _try(self, source: Sequence[Tensor] | RegionReader) -> Encoding | None:
        """An encoding, or None if memory ran short and the budget is smaller now."""
        try:
            # Autocast around it must not change a score.
            with torch.autocast(self.device.type, enabled=False):
                return self._encode(source)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside the handler, whose traceback keeps the tensors of the failed attempt alive.
        self._shrink(source)
        return None

    @torch.inference_mode()
    def _encode(self, source: Sequence[Tensor] | RegionReader) -> Encoding:
        if not isinstance(source, Sequence):
            return encode_tiled(self.metric, source, budget=self.budget)
        batch = torch.stack(tuple(source)).to(self.device)
        height, width = batch.shape[-2:]
        if should_tile(height, width, self.metric.trunk, self.budget):
            return encode_tiled(self.metric, batch, budget=self.budget)
        return self.metric.encode(batch)

    def _shrink(self, source: Sequence[Tensor] | RegionReader) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        elif self.device.type == "mps":
            torch.mps.empty_cache()
        used = self.budget
        if isinstance(source, Sequence):
            height, width = source[0].shape[-2:]
            if len(source) > 1:
                self._most_pixels = height * width * len(source) // 2
                return
            # What was tried may have been far below the budget.
            used = min(used, int(self._bytes_per_pixel * height * width))
        if self.metric.trunk.halo is None or used // 2 < LEAST_BUDGET:
            raise InputError("there is not enough memory to encode this image.")
        self.budget = used // 2


def _only(encoding: Encoding, index: int) -> Encoding:
    """One image's encoding that does not keep the memory of the whole batch."""
    one = encoding[index : index + 1]
    grams = tuple(gram.clone() for gram in one.grams) if len(encoding) > 1 else one.grams
    return replace(one, grams=grams)
