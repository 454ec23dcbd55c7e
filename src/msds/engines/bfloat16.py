"""The chain itself in torch, in a lower precision than float32; on any device."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from msds.engines.base import EngineTrunk
from msds.trunks import ChainTrunk


class TorchTrunk(EngineTrunk):
    """Features by torch in bfloat16: for processors and GPUs that multiply it natively."""

    engine = "torch"
    layout: torch.memory_format = torch.channels_last
    precisions: tuple[str, ...] = ("bfloat16",)
    counts_threads = False

    def _check(self, images: Tensor) -> None:
        """Any device will do."""

    def _open(self, threads: int) -> ChainTrunk:
        del threads
        return copy.deepcopy(self.chain).to(torch.bfloat16)

    def _features(self, session: ChainTrunk, normalised: Tensor) -> Tensor:
        device = normalised.device
        if next(session.parameters()).device != device:
            session.to(device)
        return session.layers_of(normalised.to(torch.bfloat16))
