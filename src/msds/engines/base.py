"""What all engines share: they stand in for a chain, and do inference only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from threading import Lock
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import torch
from torch import Tensor

from msds.errors import InputError
from msds.trunks import ChainTrunk, Trunk
from msds.trunks.layers import widest_map

SESSIONS = 3
"""Numbers of threads that an engine stays prepared for: one for each that alternates, as a rule."""

Precision: TypeAlias = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""Precisions of the features; from the Gram matrix on everything is float32 in any case."""


class _Prepared(NamedTuple):
    """What an engine has prepared: by the number of threads, for a process and a chain's state."""

    process: int
    revision: Any
    sessions: Mapping[int, Any] = {}


_NOTHING = _Prepared(0, None)


class EngineTrunk(Trunk):
    """A trunk whose features another library or algorithm computes.

    What is computed is the chain's: the same weights, layers and normalisation. In float32 the
    parameters' digest is the chain's too, so encodings of both can be compared; in another
    precision the digest and names of models say so, and which engine it is.

    Parameters
    ----------
    chain : the trunk to stand in for; also what calibrates by saliency masks.
    precision : one of `PRECISIONS`.

    Raises
    ------
    InputError
        If the engine does not have this precision, or for images it cannot take: those that
        require gradients, and those on another device than the CPU.
    """

    engine: str
    stands_in = True
    precisions: tuple[str, ...] = ("float32",)
    forks = True
    """Whether it can be prepared again in a process forked after its use."""

    counts_threads = True
    """Whether what is prepared is for one number of threads."""

    layout: torch.memory_format = torch.contiguous_format
    """How normalised images lie in memory."""

    def __init__(self, chain: ChainTrunk, precision: str = "float32") -> None:
        super().__init__()
        if precision not in self.precisions:
            raise InputError(
                f"Engine {self.engine!r} has no precision {precision!r}: expected "
                f"{' or '.join(self.precisions)}."
            )
        self.chain = chain
        self.precision = precision
        # In float32 engines agree to 1e-4; in fewer bits each rounds at other places.
        if precision != "float32":
            self.reduced = precision if self.engine == "torch" else f"{precision}-{self.engine}"
        self.name: str = chain.name
        self.channels: int = chain.channels
        self.stride: int = chain.stride
        self.halo: int | None = chain.halo
        self._prepared: _Prepared = _NOTHING
        # By process: one that is held when a process is forked is never let go in the new one.
        self._preparing: dict[int, Lock] = {}
        self.freeze()

    @property
    def reference_chain(self) -> ChainTrunk:
        return self.chain

    def bytes_per_pixel(self) -> float:
        return self.maps_at_once * widest_map(self.chain.layers) * self.value_size

    @property
    def version(self) -> str:
        """The version of the library that computes."""
        return f"torch {torch.__version__}"

    @property
    def description(self) -> str:
        """Engine, precision and library, as results name them."""
        return f"{self.engine} {self.precision} ({self.version})"

    def architecture(self) -> str:
        return self.chain.architecture()

    def parameter_digest(self) -> str:
        digest = self.chain.parameter_digest()
        if not self.reduced:
            return digest
        return hashlib.sha256(f"{digest} {self.reduced}".encode()).hexdigest()

    def parameters_changed(self) -> None:
        super().parameters_changed()
        self.chain.parameters_changed()
        self._prepared = _NOTHING

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None:
            return self.chain(images, mask)
        if images.requires_grad and torch.is_grad_enabled():
            raise InputError(
                f"Engine {self.engine!r} gives no gradients: use the engine 'torch' for them."
            )
        self._check(images)
        session = self._session()
        with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
            return self._features(session, self.chain.normalise(images, self.layout))

    def _session(self) -> Any:
        """What is prepared for the weights, and for torch's number of threads, as they are now."""
        process, revision, threads = os.getpid(), self.chain.revision(), torch.get_num_threads()
        key = threads if self.counts_threads else 0
        kept = self._kept(process, revision)
        if key not in kept.sessions:
            with self._preparing.setdefault(process, Lock()):
                kept = self._kept(process, revision)  # another thread may have prepared it
                if key not in kept.sessions:
                    latest = dict(list(kept.sessions.items())[1 - SESSIONS :])
                    kept = kept._replace(sessions={**latest, key: self._open(threads)})
                    self._prepared = kept
        return kept.sessions[key]

    def _kept(self, process: int, revision: Any) -> _Prepared:
        """What is prepared for these weights in this process."""
        kept = self._prepared  # other threads may replace it meanwhile
        # Threads of a library do not come along into a forked process.
        if kept.sessions and kept.process != process and not self.forks:
            raise InputError(
                f"Engine {self.engine!r} cannot be used in a process that was forked after its "
                "first use: start workers by 'spawn', or use the engine 'torch'."
            )
        if (kept.process, kept.revision) != (process, revision):
            return _Prepared(process, revision)
        return kept

    def _check(self, images: Tensor) -> None:
        parameter = next(self.chain.parameters())
        if parameter.dtype != torch.float32:
            raise InputError(
                f"Engine {self.engine!r} starts from float32 parameters; the trunk's are "
                f"{parameter.dtype}: use the engine 'torch'."
            )
        for place in (parameter.device, images.device):
            if place.type != "cpu":
                raise InputError(
                    f"Engine {self.engine!r} runs on the CPU; got a tensor on {place}: use the "
                    "engine 'torch'."
                )

    def _open(self, threads: int) -> Any:
        """What is prepared once from the weights."""
        raise NotImplementedError(f"{type(self).__name__} does not define _open().")

    def _features(self, session: Any, normalised: Tensor) -> Tensor:
        """Feature maps of normalised (N, 3, H, W) images, by what `_open` has prepared."""
        raise NotImplementedError(f"{type(self).__name__} does not define _features().")

    def __getstate__(self) -> dict[str, Any]:
        # What other libraries prepare can be neither copied nor sent to other processes.
        return {**super().__getstate__(), "_prepared": _NOTHING, "_preparing": {}}
