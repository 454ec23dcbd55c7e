"""What is fuzzed: a function of bytes each, which raises if the package does what it must not."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from starlette.datastructures import Headers

from benchmarks.abuse import decoders, lossless, texts
from benchmarks.abuse.journal import PLAN, RUN, sample_journal
from msds.errors import MSDSError
from msds.images import load_image, open_regions
from msds.images.formats import checks, reckoning
from msds.images.formats.exr_header import read_exr_parts
from msds.images.formats.identify import read_header
from msds.images.formats.png_chunks import SIGNATURE, has_late_metadata
from msds.images.formats.tiff_directory import read_segments
from msds.models.load import find_model
from msds.pairs.manifest import read_manifest
from msds.results import Journal
from msds.results.clips import FrameJournal
from msds.results.earlier import read_results
from msds.results.journal import line_of
from msds.study.datasets.manifest import read_manifest as read_rated
from msds.video.tally import FrameTally
from msds.web.refusals import RefusedError
from msds.web.settings import Limits
from msds.web.uploads import READING_FIELDS, read_form

LIMITS = {"max_pixels": 1 << 18, "memory": 64 << 20}
BOUNDARY = b"line"

_FOLDER = tempfile.TemporaryDirectory()
_ROOM = Path(_FOLDER.name)


class WrongError(AssertionError):
    """The package did what it must not."""


def images(data: bytes) -> None:
    """A file's bytes are read, or refused in a sentence; none has more pixels than are allowed.

    Checksums of PNG are made right first, so that what is behind them is reached.
    """
    data = _resealed(data)
    image = _read("<bytes>", lambda: load_image(data, transfer="srgb", frame=0, **LIMITS))
    if image is not None and image.width * image.height > LIMITS["max_pixels"]:
        raise WrongError(f"{image.width} x {image.height} pixels")


def parts(data: bytes) -> None:
    """A file that is read whole and in parts shows the same both ways."""
    path = _file("image", _resealed(data))

    def in_parts() -> torch.Tensor:
        with open_regions(path, transfer="srgb", frame=0, **LIMITS) as regions:
            return regions.read(0, 0, regions.width, regions.height).clone()

    found = _read(path.name, in_parts)
    if found is None:
        return
    whole = _read(path.name, lambda: load_image(path, transfer="srgb", frame=0, **LIMITS))
    if whole is not None and not torch.equal(whole.pixels, found):
        raise WrongError(f"{tuple(whole.pixels.shape)} whole, {tuple(found.shape)} in parts")


def headers(data: bytes) -> None:
    """What looks at files before they are decoded ends soon, whatever they hold."""
    data = _resealed(data)
    read_header(io.BytesIO(data))
    list(reckoning._sizes_within(data))
    looks: Iterable[Callable[[Any], object]] = (
        *(lambda file, check=check: check(file, 0) for check in checks._CHECKS.values()),
        has_late_metadata,
        read_segments,
        read_exr_parts,
    )
    for look in looks:
        try:
            look(io.BytesIO(data))
        except Exception:  # they may: whoever calls them names the file
            continue


def tables(data: bytes) -> None:
    """The first byte says what kind of table; it is read, or refused in a sentence."""
    kind, content = data[:1], data[1:]
    suffix = (".csv", ".tsv", ".jsonl")[kind[0] % 3 if kind else 0]
    path = _file(f"table{suffix}", content)
    for read in (read_manifest, read_rated, read_results):
        _read(path.name, lambda read=read: read(path))


def models(data: bytes) -> None:
    """A model file is read, or refused in a sentence: as it is, or a good one with odd values."""
    path = _file("model.json", _odd_model(data[1:]) if data[:1] < b"\x80" else data[1:])
    _read(path.name, lambda: find_model(path))


def journals(data: bytes) -> None:
    """Lines, of which the first byte says whether checksums are made right; no pair comes twice."""
    sealed, lines = data[:1], data[1:]
    path = _file("journal", _sealed(lines) if sealed < b"\x80" else lines)

    def rows() -> list[int]:
        with Journal(path, PLAN, RUN) as journal:
            return [row for row, _ in journal.scores()]

    found = _read(path.name, rows)
    if found is not None and len(found) > len(set(found)):
        raise WrongError("a pair comes twice")
    frames = _file("frames", path.read_bytes())

    def kept() -> None:
        with FrameJournal(frames, RUN, resume=True) as journal:
            for pair in PLAN.pairs:
                tally = FrameTally(pair)
                for score in journal.frames(pair):
                    tally.add_kept(score)

    _read(frames.name, kept)


def form(data: bytes) -> None:
    """A form that is sent in two pieces is read, or refused with a status of the client's fault."""
    try:
        asyncio.run(_form(data))
    except RefusedError as error:
        if not 400 <= error.status < 500 or "\n" in str(error):
            raise WrongError(f"{error.status}: {error}") from error


async def _form(data: bytes) -> None:
    limits = Limits(body=1 << 20, images=4)
    found = await read_form(
        _Request(data), limits, ("reference", "distorted"), ("places", "side", *READING_FIELDS)
    )
    found.reading(limits)
    found.truth("places")
    found.count("side")
    for uploads in found.files.values():
        if any("\n" in upload.name or len(upload.name) > 200 for upload in uploads):
            raise WrongError("a name that cannot be shown in one line")


class _Request:
    """What is asked of a request."""

    def __init__(self, body: bytes) -> None:
        self.headers = Headers(
            {"content-type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
        )
        self._body = body

    async def stream(self) -> AsyncIterator[bytes]:
        half = len(self._body) // 2
        for piece in (self._body[:half], self._body[half:], b""):
            yield piece


def _read(name: str, read: Callable[[], Any]) -> Any:
    """What it gives; None if it is refused as it must be."""
    try:
        return read()
    except MSDSError as error:
        if name not in str(error) or "\n" in str(error):
            raise WrongError(str(error)) from error
        return None


def _file(name: str, data: bytes) -> Path:
    path = _ROOM / name
    path.write_bytes(data)
    return path


def _resealed(data: bytes) -> bytes:
    """A PNG with right checksums; anything else as it is."""
    if not data.startswith(SIGNATURE):
        return data
    made, place = bytearray(data), len(SIGNATURE)
    while place + 12 <= len(data):
        end = place + 8 + struct.unpack_from(">I", data, place)[0]
        if end + 4 > len(data):
            break
        struct.pack_into(">I", made, end, zlib.crc32(data[place + 4 : end]))
        place = end + 4
    return bytes(made)


def _sealed(lines: bytes) -> bytes:
    """Lines of JSON as a journal holds them; what is none stays as it is."""
    made = []
    for line in lines.split(b"\n"):
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        made.append(line_of(content) if isinstance(content, dict) and content else line + b"\n")
    return b"".join(made)


def _odd_model(choices: bytes) -> bytes:
    """A good model in which each two bytes replace a value by another."""
    content = dict(texts.MODEL)
    names = (*texts.MODEL, "filter", "normalize", "trunk_digest", "x")
    values = (*texts.VALUES, *texts.MODEL.values(), "gaussian", "geometric", "vgg16", 1, 12, [1.0])
    for name, value in zip(choices[::2], choices[1::2], strict=False):
        content[names[name % len(names)]] = values[value % len(values)]
    return json.dumps(content).encode()


def _images() -> Iterator[bytes]:
    for sample in lossless.make_samples(0).values():
        yield sample.data
    yield from decoders.lossy().values()


def _tables() -> Iterator[bytes]:
    for name, data, _ in texts.files().values():
        for k, suffix in enumerate((".csv", ".tsv", ".jsonl")):
            if name.endswith(suffix):
                yield bytes([k]) + data


def _journals() -> Iterator[bytes]:
    written = sample_journal()
    contents = [json.loads(line) for line in written.splitlines()]
    for content in contents:
        del content["crc32"]
    clip = {"clip": ["r0.png", "d0.png"], "sha256": ["a", "b"]}
    frame = {**contents[1], "columns": {"frame": 3, "time": 0.12, "lonely": False, "passed": 1}}
    plain = (contents[0], clip, frame, *contents[1:3])
    yield b"\0" + b"".join(json.dumps(one).encode() + b"\n" for one in plain)
    yield b"\xff" + written[:2000]


def _forms() -> Iterator[bytes]:
    start = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="'
    fields = b"".join(
        start + name + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in ((b"side", b"64"), (b"background", b"#ff00aa"), (b"places", b"on"))
    )
    files = b"".join(
        start + name + b'"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nxyz\r\n'
        for name in (b"reference", b"distorted", b"distorted")
    )
    yield fields + files + b"--" + BOUNDARY + b"--\r\n"
    yield files


def _models() -> Iterator[bytes]:
    yield b"\0"
    for content in (texts.MODEL, {**texts.MODEL, "fusion": "linear", "filter": "gaussian"}):
        yield b"\xff" + json.dumps(content).encode()


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], Iterator[bytes]]]] = {
    "form": (form, _forms),
    "headers": (headers, _images),
    "images": (images, _images),
    "journals": (journals, _journals),
    "models": (models, _models),
    "parts": (parts, _images),
    "tables": (tables, _tables),
}
"""Targets by name, each with where it begins."""
