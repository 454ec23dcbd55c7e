"""Many images tuned, several at once, and what that saves against one setting for all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from msds.errors import InputError
from msds.files import atomic_write, sha256_file
from msds.results import Run, Score
from msds.scoring.inputs import Reading, explain
from msds.scoring.memory import Memory
from msds.sweeps.judges import Lead
from msds.sweeps.kept import columns_of
from msds.sweeps.pictures import raster_of
from msds.sweeps.plan import Source
from msds.sweeps.tuning import Tuned, search

if TYPE_CHECKING:
    from msds.metric.modules import MSDS
    from msds.sweeps.codec import Codec


@dataclass(frozen=True)
class TuneJob:
    """What is asked for, and how it is done.

    Attributes
    ----------
    codec, settings : the encoder, and what to choose from, the poorest first.
    target, max_bytes : what is to be reached, see `msds.sweeps.tune`.
    reading : how files become pixels.
    memory : bytes to work in; by default 1 GiB.
    threads : images at once.
    files : folder for the chosen files, if they are kept.
    """

    codec: Codec
    settings: Sequence[float]
    target: float | None = None
    max_bytes: int | None = None
    reading: Reading = field(default_factory=Reading)
    memory: int | None = None
    threads: int = 1
    files: Path | None = None


def tune_images(
    sources: Sequence[Source], metric: MSDS, job: TuneJob, run: Run
) -> Iterator[tuple[int, Score]]:
    """Tune every image; records come in their order, each with what was chosen in its columns.

    Columns are `codec`, `quality`, `encoder`, `bytes`, `bits_per_pixel`, `reached` and `tries`. An
    image that cannot be tuned has an `error` and ends nothing.
    """
    lead = Lead(metric, Memory.of(job.memory, metric.trunk.device).trunk)
    lock = Lock()

    def one(source: Source) -> Score:
        start = time.perf_counter()
        record = Score(source.name, "", run=run)
        try:
            return replace(
                _tuned(source, lead, lock, job, record), seconds=time.perf_counter() - start
            )
        except Exception as error:  # whatever is raised costs this image only
            return replace(record, error=explain(error, source.path))

    with ThreadPoolExecutor(job.threads, thread_name_prefix="msds-tune") as pool:
        yield from enumerate(pool.map(one, sources))


def _tuned(source: Source, lead: Lead, lock: Lock, job: TuneJob, record: Score) -> Score:
    reading, codec = job.reading, job.codec
    image = reading.load(source.path)
    with lock:  # one image at a time passes the trunk
        before = lead.encode([image])[0]

    def scored(data: bytes) -> float:
        decoded = reading.load(data)
        with lock:
            return lead.compare(before, lead.encode([decoded])[0]).score

    raster = raster_of(image)
    found = search(raster, codec.encode, scored, job.settings, job.target, job.max_bytes)
    name = f"{source.stem}{codec.suffix}"
    if job.files is not None:
        with atomic_write(job.files / name) as file:
            file.write(found.data)
    with lock:
        decoded = reading.load(found.data)
        compared = lead.compare(before, lead.encode([decoded])[0])
    return replace(
        record,
        distorted=name,
        reference_size=(image.width, image.height),
        distorted_size=(decoded.width, decoded.height),
        reference_sha256=sha256_file(source.path),
        distorted_sha256=hashlib.sha256(found.data).hexdigest(),
        columns=_columns(codec, found, image.width * image.height),
        **compared._asdict(),
    )


def _columns(codec: Codec, found: Tuned, pixels: int) -> dict[str, Any]:
    return {
        **columns_of(codec, found.setting, found.bytes, 8 * found.bytes / pixels),
        "reached": found.reached,
        "tries": len(found.tried),
    }


def bytes_at(
    sources: Sequence[Source], codec: Codec, setting: float, reading: Reading, threads: int
) -> dict[str, int]:
    """Bytes of every image at one setting; images that cannot be encoded have none."""

    def one(source: Source) -> tuple[str, int] | None:
        try:
            raster = raster_of(reading.load(source.path))
            return source.name, len(codec.encode(raster, setting))
        except (InputError, OSError, MemoryError):
            return None

    with ThreadPoolExecutor(threads, thread_name_prefix="msds-encode") as pool:
        return dict(found for found in pool.map(one, sources) if found is not None)
