"""Damage that no checksum shows: what formats without any let pass cannot be told from an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.damage import damaged, trial
from benchmarks.abuse.lossless import Ranges, Sample, make_samples

TITLE = "Damage that no checksum shows (nothing here counts as failed)"
MUTANTS = 4_000
"""In all, at scale 1."""


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Damage anywhere in files without checksums, and what comes of it."""
    samples = make_samples(seed)
    bare = {kind: one for kind, one in samples.items() if not one.protected}
    bare["TIFF, Deflate, its directory"] = samples["TIFF, Deflate"]
    share = round(MUTANTS * scale / len(bare))
    for kind, sample in bare.items():
        everywhere = replace(sample, protected=_outside(sample))
        yield replace(trial(kind, everywhere, damaged, share, seed), bad=())


def _outside(sample: Sample) -> Ranges:
    """What checksums do not protect of a file."""
    edges = [0, *(edge for span in sorted(sample.protected) for edge in span), len(sample.data)]
    spans = zip(edges[::2], edges[1::2], strict=True)
    return tuple((start, end) for start, end in spans if start < end)
