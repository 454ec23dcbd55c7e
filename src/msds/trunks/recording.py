"""Whether torch is recording what is computed, or transforms it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import forward_ad


def is_recorded() -> bool:
    """Whether torch is recording what is computed, to export or to compile it."""
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return bool(tracing or torch.compiler.is_compiling())


def is_batched(tensor: Tensor) -> bool:
    """Whether a tensor stands for many in `torch.func.vmap`, so that nobody can see its values."""
    return bool(torch._C._functorch.is_batchedtensor(tensor))


def is_transformed(tensor: Tensor) -> bool:
    """Whether a function transform holds a tensor, or it has a tangent of forward-mode AD."""
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    dual = forward_ad.unpack_dual(tensor)  # type: ignore[no-untyped-call]
    return bool(wrapped) or dual.tangent is not None
