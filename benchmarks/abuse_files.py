"""Files that nobody sends who means well: cut, damaged, wrong, of two kinds at once, bombs."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image

KINDS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "JPEG2000", "AVIF", "ICO", "TGA")


class Abuse(NamedTuple):
    """A file, and what is wrong with it."""

    what: str
    data: bytes


def abuse(count: int, seed: int = 0) -> Iterator[Abuse]:
    """So many files, the kinds of abuse by turns."""
    rng = np.random.default_rng(seed)
    plain = _plain(rng)
    makers: tuple[Callable[[np.random.Generator, dict[str, bytes]], Abuse], ...] = (
        _truncated,
        _damaged,
        _wrong,
        _polyglot,
        _bomb,
    )
    for maker in itertools.islice(itertools.cycle(makers), count):
        yield maker(rng, plain)


def _plain(rng: np.random.Generator) -> dict[str, bytes]:
    """A small image in every format that Pillow writes here."""
    pixels = rng.integers(0, 256, (64, 96, 3), np.uint8)
    pixels = np.asarray(Image.fromarray(pixels).resize((192, 128), Image.Resampling.BICUBIC))
    found = {}
    for kind in KINDS:
        buffer = io.BytesIO()
        try:
            Image.fromarray(pixels).save(buffer, kind)
        except (KeyError, OSError, ValueError):
            continue
        found[kind.lower()] = buffer.getvalue()
    return found


def _any(rng: np.random.Generator, plain: dict[str, bytes]) -> tuple[str, bytes]:
    name = str(rng.choice(list(plain)))
    return name, plain[name]


def _truncated(rng: np.random.Generator, plain: dict[str, bytes]) -> Abuse:
    name, data = _any(rng, plain)
    # As often within the header as anywhere.
    end = int(rng.integers(1, 64 if rng.random() < 0.5 else len(data)))
    return Abuse(f"{name} cut after {end} bytes", data[:end])


def _damaged(rng: np.random.Generator, plain: dict[str, bytes]) -> Abuse:
    name, data = _any(rng, plain)
    changed = bytearray(data)
    for place in rng.integers(0, min(len(data), 200 if rng.random() < 0.5 else len(data)), 6):
        changed[place] = int(rng.integers(0, 256))
    return Abuse(f"{name} with wrong bytes", bytes(changed))


def _wrong(rng: np.random.Generator, plain: dict[str, bytes]) -> Abuse:
    noise = rng.integers(0, 256, 4096, np.uint8).tobytes()
    others = {
        "nothing": b"",
        "one byte": b"\0",
        "noise": noise,
        "text": b"This is no image.\n" * 100,
        "HTML": b"<!doctype html><script>alert(1)</script>",
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd)(r) file\n",
        "a program": b"\x7fELF" + noise,
        "a pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        "an array of objects": b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, "
        b"'shape': (1,), }".ljust(120)
        + b"\n"
        + noise,
        "zeros": bytes(1 << 20),
    }
    name = str(rng.choice(list(others)))
    return Abuse(name, others[name])


def _polyglot(rng: np.random.Generator, plain: dict[str, bytes]) -> Abuse:
    name, data = _any(rng, plain)
    other, more = _any(rng, plain)
    page = b"<script>alert(document.cookie)</script>"
    archive = b"PK\x03\x04" + bytes(26) + b"PK\x05\x06" + bytes(18)
    choices = {
        f"{name} before {other}": data + more,
        f"{name} before an archive": data + archive,
        f"{name} before a page": data + page,
        f"the start of {name} before {other}": data[:32] + more,
        "GIF and script": b"GIF89a/*" + page + b"*/=1;",
        f"{name} in an icon": b"\0\0\1\0\1\0\0\0\0\0\1\0\x20\0"
        + struct.pack("<II", len(data), 22)
        + data,
    }
    what = str(rng.choice(list(choices)))
    return Abuse(what, choices[what])


def _bomb(rng: np.random.Generator, plain: dict[str, bytes]) -> Abuse:
    side = int(rng.choice([9_000, 60_000, 2**31 - 1]))
    choices = {
        f"PNG that claims {side} squared": png(side, side, b""),
        f"TIFF that claims {side} squared": _tiff(side),
        f"BMP that claims {side} squared": _bmp(side),
        f"PPM that claims {side} squared": b"P6 %d %d 255\n" % (side, side),
        f"PAM that claims {side} squared": b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH 3\nMAXVAL 255\n"
        b"TUPLTYPE RGB\nENDHDR\n" % (side, side),
        "GIF that claims all it can": b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(3)
        + b"," + struct.pack("<HHHH", 0, 0, 65535, 65535) + b"\0\x02\x01\x04\0;",
        "PNG whose text unpacks to much": png(8, 8, zlib.compress(bytes(8 * 25)), _text(30)),
        "PNG that unpacks to much more than its size": png(64, 64, _zeros(40)),
        "PNG of 16 million pixels in 16 KB": png(4000, 4000, _zeros(48)),
        "a file of 7 MiB behind a PNG": plain["png"] + bytes(7 << 20),
    }  # fmt: skip
    what = str(rng.choice(list(choices)))
    return Abuse(what, choices[what])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, packed: bytes, before: bytes = b"") -> bytes:
    """An 8-bit RGB PNG from its compressed rows."""
    head = struct.pack(">IIBBBBB", width % 2**32, height % 2**32, 8, 2, 0, 0, 0)
    body = _chunk(b"IHDR", head) + before + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@cache
def _zeros(mebibytes: int) -> bytes:
    """So much of nothing, compressed."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(mebibytes)) + packer.flush()


def _text(mebibytes: int) -> bytes:
    return _chunk(b"zTXt", b"Comment\0\0" + _zeros(mebibytes))


def _tiff(side: int) -> bytes:
    tags = ((256, side), (257, side), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, side),
            (279, side))  # fmt: skip
    listed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + listed + bytes(4)


def _bmp(side: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info
