"""How much memory each part of the engine may take, and how to tell that there was not enough."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from msds.encoding.plan import default_budget
from msds.errors import InputError

MIB = 2**20
DEFAULT_TOTAL = 1024 * MIB
LEAST_TOTAL = 64 * MIB

PARTS_BYTES = 512 * MIB
"""Images whose pixels take more than this are read in parts, whatever the total."""

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Memory:
    """Bytes for the parts of the engine, besides the program and the trunk's weights.

    Attributes
    ----------
    trunk : working memory of the trunk; decides the sizes of batches and of pieces.
    images : decoded images that wait for the trunk.
    whole : an image whose pixels take more is read in parts.
    encodings : encodings kept because they will be needed again.
    """

    trunk: int
    images: int
    encodings: int
    whole: int = PARTS_BYTES

    @classmethod
    def of(cls, total: int | None, device: torch.device) -> Memory:
        """Shares of a total in bytes; by default 1 GiB, and more for the trunk on accelerators."""
        whole = DEFAULT_TOTAL if total is None else total
        trunk = default_budget(device) if total is None else whole // 4
        return cls(trunk, whole // 4, whole // 2, min(PARTS_BYTES, whole * 3 // 8))


def decoding_share(total: int) -> int:
    """Bytes of a total that decoding one file may take: what the trunk leaves."""
    return total * 3 // 4


def total_for(decoding: int) -> str:
    """The total, as `parse_memory` reads it, of which a file has its share."""
    return f"{max(-(-decoding * 4 // (3 * MIB)), LEAST_TOTAL // MIB)}M"


def parse_size(text: str) -> int:
    """Bytes from text such as "800M" or "2G".

    Raises
    ------
    InputError
        If it is no size.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise InputError(f"{text!r} is not a size in bytes; expected something like 800M or 2G.")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def parse_memory(text: str) -> int:
    """Bytes to work in, as `parse_size` reads them.

    Raises
    ------
    InputError
        If it is no size, or less than 64 MiB.
    """
    size = parse_size(text)
    if size < LEAST_TOTAL:
        raise InputError(f"{text!r} is too little memory to work in; expected at least 64M.")
    return size
