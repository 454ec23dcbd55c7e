"""Arrays and tensors that are already pixels, and the rules for reading them without guessing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from msds.errors import InputError
from msds.images.image import Decoded, Samples

_KINDS = "uint8, uint16, or floating point in [0, 1]"


def from_array(array: npt.NDArray[Any], name: str, *, check_range: bool = True) -> Decoded:
    """Read a NumPy array as an image.

    Parameters
    ----------
    array : (H, W) or (H, W, 1) grey, (H, W, 3) RGB or (H, W, 4) RGB with straight alpha; uint8,
        uint16, or floating point in [0, 1].
    name : what to call it in an error.
    check_range : refuse floating-point values outside [0, 1]; without it only NaN and infinity.

    Raises
    ------
    InputError
        For any other shape, type or range.
    """
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise InputError(
            f"{name}: the array has shape {array.shape}; expected (H, W), (H, W, 3) or (H, W, 4)."
        )
    if array.shape[2] not in (1, 3, 4):
        hint = " (channels go last in NumPy arrays)" if array.shape[0] in (1, 3, 4) else ""
        raise InputError(
            f"{name}: the array has shape {array.shape}; expected 1, 3 or 4 channels in the last"
            f" place{hint}."
        )
    if 0 in array.shape:
        raise InputError(f"{name}: the array has shape {array.shape}; expected at least one pixel.")
    samples, maximum = _samples(array, name, check_range)
    channels = samples.shape[2]
    return Decoded(
        samples, "grey" if channels == 1 else "rgb", alpha=channels == 4, maximum=maximum
    )


def from_tensor(
    tensor: torch.Tensor, name: str, *, check_range: bool = True
) -> tuple[torch.Tensor, tuple[str, ...]]:
    """Read a torch tensor as an image.

    Parameters
    ----------
    tensor : (3, H, W) or (1, 3, H, W) RGB, or (H, W), (1, H, W), (1, 1, H, W) grey; uint8, uint16,
        or floating point in [0, 1].
    name : what to call it in an error.
    check_range : refuse floating-point values outside [0, 1]; without it only NaN and infinity.

    Returns
    -------
    (3, H, W) float32 tensor in [0, 1] on the tensor's device, and notes of what was done.

    Raises
    ------
    InputError
        For any other shape, type or range.
    """
    if tensor.is_nested or tensor.layout != torch.strided or tensor.is_meta:
        raise InputError(f"{name}: expected an ordinary tensor; got {_special(tensor)}.")
    shape = tuple(tensor.shape)
    pixels = tensor.detach()
    if pixels.ndim == 4:
        if shape[0] != 1:
            raise InputError(
                f"{name}: the tensor is a batch of {shape[0]} images, shape {shape}; expected one"
                " image, (3, H, W) or (1, 3, H, W)."
            )
        pixels = pixels[0]
    if pixels.ndim == 2:
        pixels = pixels[None]
    if pixels.ndim != 3:
        raise InputError(
            f"{name}: the tensor has shape {shape}; expected (3, H, W) or (1, 3, H, W)."
        )
    if pixels.shape[0] not in (1, 3):
        hint = " (channels go first in tensors)" if pixels.shape[2] in (1, 3, 4) else ""
        raise InputError(
            f"{name}: the tensor has shape {shape}; expected 1 or 3 channels in the first place"
            f"{hint}."
        )
    if pixels.numel() == 0:
        raise InputError(f"{name}: the tensor has shape {shape}; expected at least one pixel.")
    if pixels.dtype in (torch.uint8, torch.uint16):
        pixels = pixels.to(torch.float32) / torch.iinfo(pixels.dtype).max
    elif pixels.is_floating_point() and pixels.element_size() > 1:
        _check_floats(float(pixels.min()), float(pixels.max()), name, check_range)
        pixels = pixels.to(torch.float32)
    else:
        raise InputError(f"{name}: the tensor holds {tensor.dtype}; expected {_KINDS}.")
    if pixels.shape[0] == 1:
        return pixels.expand(3, -1, -1).contiguous(), ("grey expanded to RGB",)
    return pixels.contiguous(), ()


def _special(tensor: torch.Tensor) -> str:
    """What makes a tensor no plain grid of numbers."""
    if tensor.is_nested:
        return "a nested one"
    if tensor.layout != torch.strided:
        return f"one of layout {tensor.layout} (to_dense() makes it one)"
    return "one on the device 'meta', which holds no numbers"


def _samples(array: npt.NDArray[Any], name: str, check_range: bool) -> tuple[Samples, float]:
    if array.dtype.kind == "u" and array.dtype.itemsize in (1, 2):
        maximum = float(np.iinfo(array.dtype).max)
        return np.ascontiguousarray(
            array.astype(array.dtype.newbyteorder("="), copy=False)
        ), maximum
    if array.dtype.kind == "f":
        _check_floats(float(array.min()), float(array.max()), name, check_range)
        return np.ascontiguousarray(array, dtype=np.float32), 1.0
    raise InputError(f"{name}: the array holds {array.dtype}; expected {_KINDS}.")


def _check_floats(low: float, high: float, name: str, check_range: bool) -> None:
    # The least and greatest value are NaN if any value is, in NumPy and in torch.
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"{name}: there are NaN or infinite values; expected finite ones.")
    if check_range and (low < 0.0 or high > 1.0):
        raise InputError(
            f"{name}: floating-point values run from {low:.6g} to {high:.6g}; expected [0, 1]"
            " (say how brighter ones are meant with transfer, such as linear:PEAK)."
        )
