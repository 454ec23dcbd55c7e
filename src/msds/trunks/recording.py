"""Whether torch is recording what is computed."""

from __future__ import annotations

import torch


def is_recorded() -> bool:
    """Whether torch is recording what is computed, to export or to compile it."""
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return bool(tracing or torch.compiler.is_compiling())
