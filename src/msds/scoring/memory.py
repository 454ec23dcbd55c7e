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

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Memory:
    """Bytes for the parts of the engine, besides the program and the trunk's weights.

    Attributes
    ----------
    trunk : working memory of the trunk; decides the sizes of batches and of pieces.
    images : decoded images that wait for the trunk.
    encodings : encodings kept because they will be needed again.
    """

    trunk: int
    images: int
    encodings: int

    @classmethod
    def of(cls, total: int | None, device: torch.device) -> Memory:
        """Shares of a total in bytes; by default 1 GiB, and more for the trunk on accelerators."""
        whole = DEFAULT_TOTAL if total is None else total
        trunk = default_budget(device) if total is None else whole // 4
        return cls(trunk, whole // 4, whole // 2)


def parse_size(text: str) -> int:
    """Bytes from text such as "800M" or "2G".

    Raises
    ------
    InputError
        If it is no size, or less than 64 MiB.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise InputError(
            f"{text!r} is not an amount of memory; expected something like 800M or 2G."
        )
    size = int(float(match[1]) * _UNITS[match[2].upper()])
    if size < LEAST_TOTAL:
        raise InputError(f"{text!r} is too little memory to work in; expected at least 64M.")
    return size
