"""Mutants of files of every format: each is read, or refused in a sentence, in bounded memory."""

from __future__ import annotations

import io
import random
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image as PILImage

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.damage import cut, damaged
from benchmarks.abuse.lossless import Sample, make_samples
from benchmarks.abuse.peak import peak
from msds.errors import MSDSError, require
from msds.images import load_image, open_regions

TITLE = "Mutants of every format"
MUTANTS = 20_000
"""In all, at scale 1."""

LIMITS = {"max_pixels": 1 << 24, "memory": 64 << 20}
ALLOWED = 400 << 20
"""Bytes that all mutants of a kind together may add to the program's peak."""


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Damage anywhere; whatever is raised must be one sentence that names the file."""
    kinds = {kind: sample.data for kind, sample in make_samples(seed).items()}
    kinds |= lossy()
    share = round(MUTANTS * scale / len(kinds))
    for kind, data in kinds.items():
        yield Trial(kind, partial(_outcomes, kind, data, share, seed), ("raised", "over memory"))


def _outcomes(kind: str, data: bytes, count: int, seed: int) -> Iterator[str]:
    rng = random.Random(f"{seed} {kind} mutants")
    sample = Sample(data, ((0, len(data)),))
    first = peak()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant"
        for _ in range(count):
            mutant = damaged(sample, rng)
            short = rng.random() < 0.2
            path.write_bytes(cut(Sample(mutant), rng) if short else mutant)
            before = peak()
            found = _outcome(path)
            yield "over memory" if peak() > max(before, first + ALLOWED) else found


def _outcome(path: Path) -> str:
    whole = _try(lambda: load_image(path, transfer="srgb", **LIMITS))
    outcomes = {whole, _try(lambda: _parts(path))}
    return next(name for name in ("raised", "read", "refused") if name in outcomes)


def _try(read: Callable[[], object]) -> str:
    try:
        read()
    except MSDSError as error:
        text = str(error)
        return "refused" if "mutant: " in text and "\n" not in text else "raised"
    except Exception:  # what is looked for
        return "raised"
    return "read"


def _parts(path: Path) -> None:
    with open_regions(path, transfer="srgb", **LIMITS) as regions:
        regions.read(0, 0, regions.width, min(8, regions.height))


def lossy() -> dict[str, bytes]:
    """Files that are not lossless, or are of several images."""
    coarse = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    picture = PILImage.fromarray(coarse).resize((48, 40))

    def saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
        file = io.BytesIO()
        picture.convert(mode).save(file, kind, **options)
        return file.getvalue()

    more = {"save_all": True, "append_images": [picture.rotate(90, expand=False)]}
    heic = io.BytesIO()
    heif = require("pillow_heif", "formats")
    heif.from_pillow(picture).save(heic, quality=80)
    return {
        "JPEG": saved("JPEG"),
        "JPEG, progressive": saved("JPEG", progressive=True),
        "JPEG of CMYK": saved("JPEG", "CMYK"),
        "JPEG with EXIF": saved("JPEG", exif=_turned()),
        "AVIF": saved("AVIF"),
        "HEIC": heic.getvalue(),
        "WebP, lossy": saved("WEBP"),
        "WebP, animated": saved("WEBP", **more),
        "GIF, animated": saved("GIF", "P", **more),
        "PNG, animated": saved("PNG", **more),
        "TIFF of pages": saved("TIFF", **more),
        "TIFF of JPEG": saved("TIFF", compression="jpeg"),
        "icon": saved("ICO", sizes=[(32, 32)], bitmap_format="bmp"),
        "Apple's icon": saved("ICNS"),
        "PCX": saved("PCX"),
        "SGI": saved("SGI"),
        "DDS": saved("DDS"),
    }


def _turned() -> bytes:
    exif = PILImage.Exif()
    exif[0x0112] = 6
    return exif.tobytes()
