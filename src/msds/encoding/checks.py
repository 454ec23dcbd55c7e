"""What an image tensor must be, and the sentence that says why one is refused."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from msds.errors import InputError
from msds.trunks.recording import is_batched, is_recorded

TOGETHER = 3 << 20
"""Largest number of values of images that are encoded in one batch with those they are compared
with: a megapixel of three channels. Beyond, the machine is busy with one of them."""


def check_images(images: Tensor, *, check_range: bool = True) -> Tensor:
    """Return (N, 3, H, W) images as floating values in [0, 1], or say what is wrong with them.

    uint8 and uint16 are scaled by the range of their type, floating values must lie in [0, 1]. The
    result is float32, or float64 if the images are. While torch compiles or traces, nobody looks at
    the values.

    Raises
    ------
    InputError
        Wrong type, rank or channels; no image; NaN, infinite or out-of-range values.
    """
    if not isinstance(images, Tensor):
        raise InputError(
            f"Expected a (N, 3, H, W) tensor; got {type(images).__name__} (msds.score takes files, "
            "arrays and PIL images)."
        )
    _check_plain(images)
    if images.ndim != 4 or images.shape[1] != 3:
        shape = tuple(images.shape)
        raise InputError(f"Expected a (N, 3, H, W) tensor; got {shape}{_hint(shape)}.")
    if 0 in images.shape:
        raise InputError(f"Expected at least one image of one pixel; got {tuple(images.shape)}.")
    if images.dtype in (torch.uint8, torch.uint16):
        return images.float() / torch.iinfo(images.dtype).max
    if not images.is_floating_point() or images.element_size() < 2:
        raise InputError(
            f"Expected floating, uint8 or uint16 images; got {images.dtype}, whose range of values "
            "is not known."
        )
    if check_range and not is_recorded():
        low, high = (float(v) for v in images.detach().aminmax())
        if not (low >= 0 and high <= 1):
            if low == low and high == high and abs(low) != float("inf") and high != float("inf"):
                hint = ""
                if high > 1.5 and low >= 0:
                    hint = ": divide 8-bit values by 255, or pass them as uint8"
                elif -1 <= low < 0 and high <= 1:
                    hint = ": if they are in [-1, 1], use (x + 1) / 2"
                raise InputError(
                    f"Floating images must lie in [0, 1]; got values from {low:g} to {high:g}"
                    f"{hint}."
                )
            raise InputError("Images must be finite; got NaN or infinite values.")
    return images.to(torch.promote_types(images.dtype, torch.float32))


def _hint(shape: tuple[int, ...]) -> str:
    """What to do about a shape that is often meant well."""
    if len(shape) == 3:
        return " (add a batch dimension: image[None])"
    if len(shape) == 4 and shape[-1] == 3:
        return " (channels come second: images.permute(0, 3, 1, 2))"
    if len(shape) == 4 and shape[1] == 1:
        return " (grey as RGB: images.expand(-1, 3, -1, -1))"
    return ""


def _check_plain(images: Tensor) -> None:
    """Raise `InputError` for tensors that are no plain grid of numbers."""
    if images.is_nested or images.layout != torch.strided:
        found = "a nested tensor" if images.is_nested else f"a tensor of layout {images.layout}"
        raise InputError(
            f"Expected an ordinary (N, 3, H, W) tensor; got {found} (sparse ones: to_dense())."
        )
    if is_recorded():
        return
    if is_batched(images):
        raise InputError(
            "torch.func.vmap hides the images: call the metric itself with a (N, 3, H, W) batch."
        )
    if images.is_meta:
        raise InputError(
            "Expected images; got a tensor on the device 'meta', which holds no numbers."
        )


def check_mask(mask: Tensor, images: Tensor) -> Tensor:
    """Return the (N, 1, H, W) mask if it fits the images, or say what is wrong with it."""
    expected = (images.shape[0], 1, *images.shape[-2:])
    if not isinstance(mask, Tensor):
        raise InputError(f"A saliency mask must be a tensor; got {type(mask).__name__}.")
    if (
        mask.ndim != 4
        or mask.shape[1] != 1
        or mask.shape[-2:] != images.shape[-2:]
        or (mask.shape[0] not in (1, images.shape[0]))
    ):
        raise InputError(f"A saliency mask must be {expected}; got {tuple(mask.shape)}.")
    return mask.to(images.dtype)


def better_together(a: Any, b: Any) -> bool:
    """Whether two batches are alike and small enough to be encoded faster as one."""
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)) or a.requires_grad or b.requires_grad:
        return False
    if a.is_nested or b.is_nested:
        return False  # they have no shape to look at
    if a.ndim != 4 or a.shape[1] != 3:
        return False  # what is wrong with one of them is said of its own shape
    alike = (a.shape, a.dtype, a.device) == (b.shape, b.dtype, b.device)
    return alike and a.numel() <= TOGETHER
