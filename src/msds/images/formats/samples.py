"""What decoders have in common: their samples in our own form, and the notes of depth."""

from __future__ import annotations

import numpy as np

from msds.errors import InputError
from msds.images.formats.header import Header
from msds.images.image import Decoded, Samples
from msds.images.transfer import Chromaticities, numbered_primaries


def arrange(
    samples: Samples,
    maximum: float,
    name: str,
    *,
    profile: bytes | None = None,
    orientation: int = 1,
    header: Header | None = None,
    primaries: Chromaticities | None = None,
    notes: tuple[str, ...] = (),
) -> Decoded:
    """Samples of a decoder, (H, W) or (H, W, C) with 1 to 4 channels, in our own form."""
    if samples.ndim == 2:
        samples = samples[:, :, None]
    if samples.ndim != 3 or not 1 <= samples.shape[2] <= 4:
        raise InputError(
            f"{name}: the decoded image has shape {samples.shape}; expected one image of 1 to 4"
            " channels."
        )
    return Decoded(
        samples,
        "grey" if samples.shape[2] < 3 else "rgb",
        alpha=samples.shape[2] in (2, 4),
        maximum=maximum,
        profile=profile or None,
        primaries=numbered_primaries(header.primaries) if header else primaries,
        transfer=header.transfer if header else 2,
        orientation=orientation,
        notes=notes,
    )


def straighten(samples: Samples, maximum: float) -> Samples:
    """Divide premultiplied colour by its alpha: float32, 1.0 the greatest."""
    scaled: Samples = samples.astype(np.float32) / np.float32(maximum)
    alpha = scaled[..., -1:]
    np.divide(scaled[..., :-1], alpha, out=scaled[..., :-1], where=alpha > 0)
    return scaled


def check_finite(samples: Samples, name: str) -> None:
    """Refuse NaN and infinity."""
    if not np.isfinite(samples).all():
        raise InputError(f"{name}: there are NaN or infinite values; expected finite ones.")


def depth_note(header: Header) -> tuple[str, ...]:
    """Note of samples that are deeper than 8 bits."""
    if header.floating:
        return (f"{header.depth}-bit floating-point samples",)
    return (f"{header.depth} bits per sample",) if header.depth > 8 else ()
