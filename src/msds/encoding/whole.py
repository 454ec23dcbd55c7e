"""`encode_whole`: the encoding of images that the trunk takes as they are."""

from __future__ import annotations

from torch import Tensor

from msds.encoding.checks import check_images, check_mask
from msds.encoding.encoding import Encoding
from msds.encoding.levels import Levels
from msds.method.pyramid import pyramid
from msds.method.similarity import gram
from msds.trunks import Trunk


def encode_whole(
    trunk: Trunk,
    images: Tensor,
    levels: Levels,
    mask: Tensor | None = None,
    *,
    check_range: bool = True,
) -> Encoding:
    """Gram matrices of (N, 3, H, W) images on every level, each level in one piece.

    Parameters
    ----------
    trunk, levels : what makes feature maps, and of which levels.
    images : as for `msds.encoding.checks.check_images`; gradients flow back to them.
    mask : (N, 1, H, W) saliency masks of 0 and 1, or one for all images.
    check_range : whether values outside [0, 1] are looked for.

    Raises
    ------
    InputError
        If the images are not as expected, or too small for the levels.
    """
    images = check_images(images, check_range=check_range)
    height, width = images.shape[-2:]
    count = levels.of(height, width, trunk.stride)
    masks: list[Tensor] | list[None] = [None] * count
    if mask is not None:
        masks = mask_levels(check_mask(mask, images), count)
    grams, positions = [], []
    for level, level_mask in zip(pyramid(images, count, levels.filter), masks, strict=True):
        features = trunk(level, level_mask)
        grams.append(gram(features))
        positions.append(features.shape[-1] * features.shape[-2])
    found = (tuple(grams), tuple(positions), height, width, trunk.digest, levels.filter)
    return Encoding(*found, masked=mask is not None)


def mask_levels(mask: Tensor, count: int) -> list[Tensor]:
    """A saliency mask on every level: it is no image, and nothing in it is averaged."""
    return pyramid(mask, count, "stride")
