"""`make_map`: the map of a pair of images of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from msds.encoding.streamed import RegionReader
from msds.errors import InputError
from msds.method.similarity import BLOCK, normalized
from msds.metric.maps.attribution import attribution, change_weights
from msds.metric.maps.grid import level_origin, seen_centre
from msds.metric.maps.local import WINDOW, check_window, local_similarity
from msds.metric.maps.pieces import Piece, Pieces, open_pair
from msds.metric.maps.record import LevelMap, QualityMap, Region
from msds.metric.maps.regions import REGIONS, WHOLE, GramSums, region_scores
from msds.metric.modules import MSDS, DeepSSIMLite

Kind: TypeAlias = Literal["local", "attribution"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Values = list[dict[tuple[int, int], Tensor]]
"""Of every level, values by the first position of their piece."""


def make_map(
    metric: MSDS,
    reference: Tensor | RegionReader,
    distorted: Tensor | RegionReader,
    *,
    kind: Kind = "local",
    window: int = WINDOW,
    side: int | None = None,
) -> QualityMap:
    """Where two images differ.

    Parameters
    ----------
    metric : any metric; what it computes decides what the map shows.
    reference, distorted : (1, 3, H, W) or (3, H, W) tensors as the metric takes, or readers of
        regions as `msds.images.open_regions` gives, of equal size. Large ones are taken in pieces.
    kind : "local" for 1 - DeepSSIM in windows of feature positions, or "attribution" for what each
        position adds to 1 - score. See docs/maps.md for what each means.
    window : positions along a side of a window, odd; of a local map only.
    side : pixels along a side of the pieces; chosen by the memory at hand if not given.

    Returns
    -------
    QualityMap; no gradients are recorded.

    Raises
    ------
    InputError
        If the images differ in size, are too small for the levels, or an argument is not allowed.
    """
    if kind not in KINDS:
        raise InputError(f"Unknown kind of map {kind!r}: expected {' or '.join(KINDS)}.")
    check_window(window)
    local = kind == "local"
    images = open_pair(reference, distorted)
    device = metric.trunk.device
    with torch.inference_mode(), torch.autocast(device.type, enabled=False):
        pieces = Pieces(metric, *images, window // 2 if local else 0, side)
        sums = [GramSums.of_level(pieces, level, quarters=local) for level in range(pieces.count)]
        if local:
            compare = _windows(metric, window)
            values = _walk(pieces, sums, compare)
        else:
            _walk(pieces, sums, None)
            values = _walk(pieces, None, _shares(metric, sums))
        return _record(metric, pieces, sums, values, kind, window if local else 1)


Compare = Callable[[Piece], Tensor]


def _walk(pieces: Pieces, sums: list[GramSums] | None, compare: Compare | None) -> Values:
    """Go through all pieces once; sum up their Gram matrices and collect values."""
    found: Values = [{} for _ in range(pieces.count)]
    for piece in pieces:
        if sums is not None:
            sums[piece.level].add(piece)
        if compare is not None:
            found[piece.level][piece.top, piece.left] = compare(piece).float().cpu()
    return found


def _windows(metric: MSDS, window: int) -> Compare:
    """1 - DeepSSIM of the windows of a piece."""
    lite = isinstance(metric, DeepSSIMLite)
    channels = metric.trunk.channels

    def compare(piece: Piece) -> Tensor:
        # Neighbours are needed as far as windows reach, and the trunk's halo is wider.
        reach = window // 2
        rows, columns = (
            _near(part, size, reach)
            for part, size in zip(piece.own, piece.features.shape[-2:], strict=True)
        )
        a, b = piece.features[..., rows[0], columns[0]]
        similarity = local_similarity(
            a,
            b,
            window,
            block=channels if lite else BLOCK,
            divisor=float(channels) if lite else 1.0,
        )
        return 1 - similarity[rows[1], columns[1]]

    return compare


def _near(own: slice, size: int, reach: int) -> tuple[slice, slice]:
    """A part with its neighbours, and where in that the part itself is."""
    stop = size if own.stop is None else own.stop
    first, last = max(0, own.start - reach), min(size, stop + reach)
    return slice(first, last), slice(own.start - first, stop - first)


def _shares(metric: MSDS, sums: list[GramSums]) -> Compare:
    """What each position of a piece adds to 1 - DeepSSIM, times the number of positions."""
    block = metric.trunk.channels if isinstance(metric, DeepSSIMLite) else BLOCK
    how, device = metric.gram_normalization, metric.trunk.device
    weights = []
    for part in sums:
        (a, b), count = part.of(WHOLE, device), part.positions(WHOLE)
        change = change_weights(normalized(a, count, how), normalized(b, count, how), block=block)
        # What divides the Gram matrices divides every position's part of them.
        weights.append(normalized(change, count, how))

    def compare(piece: Piece) -> Tensor:
        a, b = piece.cut(piece.features)
        return attribution(a, b, weights[piece.level][0]) * sums[piece.level].positions(WHOLE)

    return compare


def _record(
    metric: MSDS,
    pieces: Pieces,
    sums: list[GramSums],
    values: Values,
    kind: str,
    window: int,
) -> QualityMap:
    scores = region_scores(metric, pieces, sums, WHOLE)
    fused = float(metric.fuse(scores)[0])
    weights = metric.weights_of(pieces.count)
    if kind == "attribution":
        weights = _scaled(weights, scores[0].tolist(), fused)
    centre = seen_centre(metric.trunk)
    levels = tuple(
        LevelMap(
            _assembled(found),
            float(scores[0, k]),
            weights[k],
            level_origin(centre, k, metric.filter),
            float(metric.trunk.stride << k),
        )
        for k, found in enumerate(values)
    )
    regions = _regions(metric, pieces, sums, levels) if kind == "local" else ()
    return QualityMap(
        kind,
        levels,
        pieces.height,
        pieces.width,
        fused,
        window,
        metric.model_id,
        metric.fingerprint,
        metric.trunk.name,
        regions,
    )


def _regions(
    metric: MSDS, pieces: Pieces, sums: list[GramSums], levels: tuple[LevelMap, ...]
) -> tuple[Region, ...]:
    """The whole and the halves: how they score, and how alike their windows are."""
    similarity = [1 - level.values for level in levels]
    return tuple(
        Region(
            name,
            tuple(region_scores(metric, pieces, sums, name)[0].tolist()),
            tuple(part.mean(name, s) for part, s in zip(sums, similarity, strict=True)),
        )
        for name in REGIONS
    )


def _scaled(weights: Iterable[float], scores: list[float], fused: float) -> tuple[float, ...]:
    """Weights with which 1 - level scores sum to 1 - score: the same for linear fusion."""
    weights = tuple(weights)
    total = sum(w * (1 - s) for w, s in zip(weights, scores, strict=True))
    factor = (1 - fused) / total if total > 0 else 1.0
    return tuple(w * factor for w in weights)


def _assembled(parts: dict[tuple[int, int], Tensor]) -> Tensor:
    """One (h, w) map of its pieces."""
    height = max(top + part.shape[0] for (top, _), part in parts.items())
    width = max(left + part.shape[1] for (_, left), part in parts.items())
    whole = torch.empty(height, width)
    for (top, left), part in parts.items():
        whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    return whole
