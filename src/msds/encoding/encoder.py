"""The one place that decides whether images are encoded whole or in pieces, within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from msds.encoding.encoding import Encoding
from msds.encoding.forks import survive_forks
from msds.encoding.levels import Levels
from msds.encoding.plan import MIB, choose_tile, default_budget, should_tile
from msds.encoding.shortage import is_out_of_memory
from msds.encoding.streamed import RegionReader, encode_streamed
from msds.encoding.whole import encode_whole
from msds.errors import InputError
from msds.trunks import Trunk
from msds.trunks.recording import is_recorded

LEAST_BUDGET = MIB
MOST_IMAGES = 64
"""In a batch; more do not make any trunk faster."""


def encode(
    trunk: Trunk,
    source: Tensor | RegionReader,
    levels: Levels,
    mask: Tensor | None = None,
    *,
    budget: int | None = None,
    check_range: bool = True,
) -> Encoding:
    """Encode images whole where the trunk's working memory allows, else in pieces.

    The encoding is the same either way. Images that require gradients, or that torch is recording,
    are always encoded whole, and so are those with a mask by a trunk whose layers are not known.

    Parameters
    ----------
    trunk, levels : what makes feature maps, and of which levels.
    source : (N, 3, H, W) tensor, or a reader of one image.
    mask : saliency masks, see `encode_whole`.
    budget : bytes of working memory for the trunk; by default that of `default_budget`.
    check_range : whether values outside [0, 1] are looked for.

    Raises
    ------
    InputError
        If the images are not as expected, or too small for the levels.
    """
    if not is_recorded():
        survive_forks()
    if not isinstance(source, Tensor) and isinstance(source, RegionReader):
        width = source.width
    elif _fits(trunk, source, budget) or (mask is not None and trunk.reference_chain is None):
        return encode_whole(trunk, source, levels, mask, check_range=check_range)
    else:
        width = source.shape[-1]
    tile = choose_tile(width, trunk, budget) if trunk.halo is not None else None
    return encode_streamed(trunk, source, levels, tile, mask, check_range=check_range)


def _fits(trunk: Trunk, images: Tensor, budget: int | None) -> bool:
    """Whether these images are to be encoded whole, or are none and will be refused."""
    if not isinstance(images, Tensor) or images.is_nested or images.ndim != 4:
        return True
    if images.requires_grad or is_recorded():
        return True
    return not should_tile(images.shape[-2], images.shape[-1], trunk, budget)


class Encoder:
    """Encodes many images, in batches or in pieces, as memory allows.

    Parameters
    ----------
    trunk, levels : what makes feature maps, and of which levels; the trunk is where it computes.
    budget : bytes of working memory; by default that of `default_budget`. Whenever memory runs
        short, batches are halved, and then the budget for a single image is, below which images
        are encoded in pieces.
    check_range : whether values outside [0, 1] are looked for.
    """

    def __init__(
        self,
        trunk: Trunk,
        levels: Levels,
        budget: int | None = None,
        *,
        check_range: bool = True,
    ) -> None:
        self.trunk = trunk
        self.levels = levels
        self.device: torch.device = trunk.device
        self.budget: int = default_budget(self.device) if budget is None else budget
        self.check_range = check_range
        self._bytes_per_pixel = trunk.bytes_per_pixel()
        self._most_pixels: int | None = None  # in a batch, once memory ran short

    def batch_size(self, height: int, width: int) -> int:
        """How many images of this size the trunk may take at once."""
        fitting = int(self.budget / (self._bytes_per_pixel * height * width))
        if self._most_pixels is not None:
            fitting = min(fitting, self._most_pixels // (height * width))
        return max(1, min(MOST_IMAGES, fitting))

    def encode(
        self, images: Sequence[Tensor], masks: Sequence[Tensor] | None = None
    ) -> list[Encoding]:
        """Encodings of (3, H, W) images of equal size.

        Parameters
        ----------
        images : the images.
        masks : for each a (1, H, W) saliency mask of 0 and 1.

        Raises
        ------
        InputError
            If the images are too small, or there is not enough memory even for a piece of one.
        """
        done: list[Encoding] = []
        while len(done) < len(images):
            count = self.batch_size(*images[0].shape[-2:])
            now = slice(len(done), len(done) + count)
            encoding = self._try(images[now], None if masks is None else masks[now])
            if encoding is not None:
                done += [_only(encoding, k) for k in range(len(encoding))]
        return done

    def encode_regions(self, regions: RegionReader) -> Encoding:
        """Encoding of an image that is read in parts."""
        while True:
            encoding = self._try(regions)
            if encoding is not None:
                return encoding

    def _try(
        self, source: Sequence[Tensor] | RegionReader, masks: Sequence[Tensor] | None = None
    ) -> Encoding | None:
        """An encoding, or None if memory ran short and the budget is smaller now."""
        try:
            # Autocast around it must not change a score.
            with torch.autocast(self.device.type, enabled=False), torch.inference_mode():
                return encode(
                    self.trunk,
                    self._stacked(source) if isinstance(source, Sequence) else source,
                    self.levels,
                    None if masks is None else self._stacked(masks),
                    budget=self.budget,
                    check_range=self.check_range,
                )
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside the handler, whose traceback keeps the tensors of the failed attempt alive.
        self._shrink(source)
        return None

    def _stacked(self, images: Sequence[Tensor]) -> Tensor:
        return torch.stack(tuple(images)).to(self.device)

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
        if self.trunk.halo is None or used // 2 < LEAST_BUDGET:
            raise InputError("there is not enough memory to encode this image.")
        self.budget = used // 2


def _only(encoding: Encoding, index: int) -> Encoding:
    """One image's encoding that does not keep the memory of the whole batch."""
    one = encoding[index : index + 1]
    grams = tuple(gram.clone() for gram in one.grams) if len(encoding) > 1 else one.grams
    return replace(one, grams=grams)
