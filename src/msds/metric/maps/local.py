"""DeepSSIM in windows of feature positions.

The Gram matrix of a window is divided by its positions, and the two images' matrices are compared
as DeepSSIM compares those of whole images. No window's matrix is ever formed. With the features of
a block's four rows at position p written as their mean u_p and the rest v_p, and with
U(p, q) = 4 u_p u_q and V(p, q) = v_p . v_q, block (I, J) of sum_p f_p f_p^T, less its own mean, has
the squared length

    sum over p, q of V_I V_J + U_I V_J + V_I U_J,

so the statistics of all blocks are one product of two small matrices. All terms are products of
centred values: nothing cancels.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from msds.errors import InputError
from msds.method.similarity import BLOCK, STABILITY

WINDOW = 3
"""Positions along a side: see docs/maps.md for what others gave."""

STRIP_BYTES = 8 << 20
"""Working memory for some rows of windows; more leaves the cache."""

Offset = tuple[int, int]
Parts = tuple[Tensor, Tensor]
"""Of every block and position, the mean (h, w, G) and the rest (block, h, w, G)."""


def local_similarity(
    a: Tensor,
    b: Tensor,
    window: int = WINDOW,
    *,
    block: int = BLOCK,
    c: float = STABILITY,
    divisor: float = 1.0,
) -> Tensor:
    """DeepSSIM of the window around every position.

    Parameters
    ----------
    a, b : (C, h, w) features of two images of equal size.
    window : positions along a side of a window, odd. At the border windows are smaller.
    block : side of the blocks Gram matrices are cut into; C is a multiple of it.
    c : stability constant.
    divisor : of Gram matrices, besides the number of a window's positions.

    Returns
    -------
    (h, w) tensor in (-1, 1]; exactly 1 where the windows are equal.

    Raises
    ------
    InputError
        If the shapes differ, or the window is not odd.
    """
    check_window(window)
    if a.shape != b.shape or a.ndim != 3:
        raise InputError(
            f"Features must be (C, h, w) of equal shape; got {tuple(a.shape)} and {tuple(b.shape)}."
        )
    a, b = (x if x.dtype == torch.float64 else x.float() for x in (a, b))
    channels, height, width = a.shape
    reach = window // 2
    counts = torch.outer(_counts(height, window, a), _counts(width, window, a))
    stability = c * (block * divisor * counts) ** 2
    padded_a, padded_b = (F.pad(x, (reach, reach, reach, reach)) for x in (a, b))
    groups = channels // block
    size = a.element_size() * (4 * window**4 * groups + 3 * groups**2)
    step = max(1, STRIP_BYTES // (size * width))
    strips = []
    for y in range(0, height, step):
        rows = slice(y, y + step + 2 * reach)
        parts = _parts(padded_a[:, rows], block), _parts(padded_b[:, rows], block)
        strips.append(_strip(*parts, window, stability[y : y + step]))
    changed = F.max_pool2d((a != b).any(0).float()[None], window, 1, reach)[0] > 0
    return torch.where(changed, torch.cat(strips), torch.ones_like(counts))


def check_window(window: int) -> None:
    """Raise `InputError` unless a window has this many positions along a side."""
    if not isinstance(window, int) or isinstance(window, bool) or window < 1 or window % 2 == 0:
        raise InputError(f"A window must have an odd number of positions a side; got {window!r}.")


def _counts(size: int, window: int, like: Tensor) -> Tensor:
    """How many of a window's rows, or columns, lie within the map, for every position."""
    places = torch.arange(size, device=like.device)
    reach = window // 2
    ends = (places + reach).clamp(max=size - 1)
    return (ends - (places - reach).clamp(min=0) + 1).to(like.dtype)


def _parts(features: Tensor, block: int) -> Parts:
    """(C, h, w) features as mean and rest of each block, the blocks last."""
    channels, height, width = features.shape
    blocks = features.permute(1, 2, 0).reshape(height, width, channels // block, block)
    mean = blocks.mean(3)
    return mean.contiguous(), (blocks - mean[..., None]).movedim(3, 0).contiguous()


def _strip(a: Parts, b: Parts, window: int, stability: Tensor) -> Tensor:
    """Similarity of some rows of windows; the parts have the border around them."""
    cross = _moments([(a, b)], window)
    own = _moments([(a, a), (b, b)], window)
    c = stability.flatten()[:, None, None]
    scores = (cross + cross.mT).add_(c).div_((own + own.mT).mul_(0.5).add_(c))
    return scores.mean((1, 2)).view(stability.shape)


def _moments(pairs: list[tuple[Parts, Parts]], window: int) -> Tensor:
    """Sums over p, q of V_I (V_J + 2 U_J) for every window and all pairs of images: (h w, G, G).

    The mean of it and its transpose is the covariance of the blocks, times their entries.
    """
    terms = [term for a, b in pairs for term in _terms(a, b, window)]
    height, width, groups = terms[0][0].shape
    shape = (height, width, len(terms), groups)
    left, right = terms[0][0].new_empty(shape), terms[0][0].new_empty(shape)
    for index, (rest, both) in enumerate(terms):
        left[:, :, index], right[:, :, index] = rest, both
    return torch.bmm(left.flatten(0, 1).mT, right.flatten(0, 1))


def _terms(a: Parts, b: Parts, window: int) -> Iterator[tuple[Tensor, Tensor]]:
    """V and V + 2 U of every two positions p, q of a window, for all windows: (h, w, G) each.

    Of one image with itself, p, q stands for q, p too.
    """
    (mean_a, rest_a), (mean_b, rest_b) = a, b
    block = len(rest_a)
    height, width = (size - window + 1 for size in mean_a.shape[:2])
    for (dy, dx), starts in _offsets(window, half=a is b).items():
        here = _overlap(mean_a.shape[0], dy), _overlap(mean_a.shape[1], dx)
        there = tuple(slice(s.start + d, s.stop + d) for s, d in zip(here, (dy, dx), strict=True))
        rest = (rest_a[:, here[0], here[1]] * rest_b[:, there[0], there[1]]).sum(0)
        both = (mean_a[here] * mean_b[there]).mul_(2 * block).add_(rest)
        if a is b and (dy, dx) != (0, 0):
            both.mul_(2)
        for y, x in starts:
            y, x = y - here[0].start, x - here[1].start
            place = slice(y, y + height), slice(x, x + width)
            yield rest[place], both[place]


def _offsets(window: int, half: bool) -> dict[Offset, list[Offset]]:
    """From each offset q - p to the places in a window where p can be; of each two only one."""
    found: dict[Offset, list[Offset]] = {}
    cells = [(y, x) for y in range(window) for x in range(window)]
    for p in cells:
        for q in cells:
            if not half or q >= p:
                found.setdefault((q[0] - p[0], q[1] - p[1]), []).append(p)
    return found


def _overlap(size: int, shift: int) -> slice:
    """Where something and the same shifted overlap."""
    return slice(max(0, -shift), min(size, size - shift))
