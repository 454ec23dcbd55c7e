"""Engines by name, and the choice of the fastest one that holds the tolerance."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import time
from importlib.metadata import version
from typing import Literal, TypeAlias, cast, get_args

import torch

from msds.engines.base import PRECISIONS, EngineTrunk, Precision
from msds.engines.bfloat16 import TorchTrunk
from msds.engines.ncnn import NcnnTrunk
from msds.engines.onnxruntime import OnnxRuntimeTrunk
from msds.engines.openvino import OpenVinoTrunk
from msds.engines.winograd import WinogradTrunk
from msds.errors import InputError, MSDSError
from msds.files import atomic_write
from msds.method.similarity import deepssim
from msds.places import engines_folder
from msds.text import did_you_mean
from msds.trunks import ChainTrunk, Trunk
from msds.version import __version__

Engine: TypeAlias = Literal["auto", "torch", "winograd", "ncnn", "openvino", "onnxruntime"]

TOLERANCE = 1e-4
"""Largest difference from the reference's score that `auto` accepts."""

_ENGINES: dict[Engine, type[EngineTrunk]] = {
    "winograd": WinogradTrunk,
    "ncnn": NcnnTrunk,
    "openvino": OpenVinoTrunk,
    "onnxruntime": OnnxRuntimeTrunk,
}
_MODULES: dict[Engine, tuple[str, ...]] = {
    "winograd": ("torch",),
    "ncnn": ("ncnn",),
    "openvino": ("openvino",),
    "onnxruntime": ("onnxruntime", "onnx"),
}

ENGINES: tuple[Engine, ...] = get_args(Engine)
"""Names `open_engine` knows. "torch" is the reference, and the only one with gradients."""

_log = logging.getLogger("msds")


def installed() -> tuple[Engine, ...]:
    """The engines that can be used here, besides the reference."""
    return tuple(
        name
        for name, modules in _MODULES.items()
        if all(importlib.util.find_spec(module) for module in modules)
    )


def open_engine(trunk: Trunk, engine: Engine = "auto", precision: Precision = "float32") -> Trunk:
    """A trunk that computes what `trunk` computes, by another engine.

    Parameters
    ----------
    trunk : a chain, or what this function returned earlier.
    engine : one of `ENGINES`. "auto" takes the fastest one installed whose score differs from the
        reference's by at most `TOLERANCE`; it measures once for a trunk, machine and number of
        threads, and remembers the choice in the cache. On another device than the CPU, and in a
        reduced precision, where engines are different models, it is torch.
    precision : one of `PRECISIONS`; reduced ones change scores a little.

    Returns
    -------
    Trunk
        The chain itself for torch in float32, else an `EngineTrunk`.

    Raises
    ------
    InputError
        If there is no such engine or precision, or the trunk is not a chain.
    MissingExtraError
        If the engine's library is not installed.
    """
    if engine not in ENGINES:
        raise InputError(
            f"Unknown engine {engine!r}{did_you_mean(engine, ENGINES)}: expected one of "
            f"{', '.join(ENGINES)}."
        )
    if precision not in PRECISIONS:
        raise InputError(f"Unknown precision {precision!r}: expected {' or '.join(PRECISIONS)}.")
    chain = trunk.reference_chain
    if chain is None:
        if engine in ("auto", "torch") and precision == "float32":
            return trunk
        raise InputError(
            f"Trunk {trunk.name!r} is not a chain of layers: it runs on the engine 'torch' in its "
            "own precision only."
        )
    if engine == "auto":
        engine = _choose(chain, precision)
    if engine != "torch":
        return _ENGINES[engine](chain, precision)
    return chain if precision == "float32" else TorchTrunk(chain, precision)


def _choose(chain: ChainTrunk, precision: Precision) -> Engine:
    parameter = next(chain.parameters())
    if precision != "float32" or parameter.device.type != "cpu" or parameter.dtype != torch.float32:
        return "torch"
    names = installed()
    versions = [version(module) for name in names for module in _MODULES[name]]
    facts = [chain.parameter_digest(), torch.get_num_threads(), _processor(), versions]
    key = hashlib.sha256(json.dumps([__version__, *facts]).encode()).hexdigest()[:32]
    path = engines_folder() / f"{key}.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["engine"]
        if known == "torch" or known in names:
            return cast("Engine", known)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not measured yet, or not readable: measure
    engine, seconds = _measure(chain, names)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(json.dumps({"engine": engine, "seconds": seconds}).encode())
    except OSError as error:
        _log.info("The choice of engine is not kept: %s", error)
    return engine


def _measure(chain: ChainTrunk, names: tuple[Engine, ...]) -> tuple[Engine, dict[Engine, float]]:
    """The fastest engine that holds the tolerance, and the time of each for one image."""
    generator = torch.Generator().manual_seed(0)
    side = max(256, 2 * chain.stride)
    images = torch.rand(2, 3, side, side, generator=generator)
    images[1] = (images[0] + 0.1 * images[1]).clamp(0, 1)
    candidates: dict[Engine, Trunk] = {"torch": chain}
    with torch.inference_mode():
        expected = deepssim(*chain(images).chunk(2))
        for name in names:
            try:
                candidate = open_engine(chain, name)
                found = deepssim(*candidate(images).chunk(2))
            except MSDSError as error:
                _log.info("Engine %s is passed over: %s", name, error)
                continue
            if not (found - expected).abs() <= TOLERANCE:
                _log.warning("Engine %s is passed over: its score is too far off.", name)
                continue
            candidates[name] = candidate
        seconds: dict[Engine, float] = dict.fromkeys(candidates, float("inf"))
        for _ in range(3):
            for name, candidate in candidates.items():
                start = time.perf_counter()
                candidate(images[:1])
                seconds[name] = min(seconds[name], time.perf_counter() - start)
    best = min(seconds, key=seconds.__getitem__)
    _log.info("Engine %s is the fastest of %s", best, seconds)
    return best, seconds


def _processor() -> str:
    """What tells this processor's speed from another's, as far as torch knows."""
    return f"{torch.backends.cpu.get_cpu_capability()} {torch.__config__.parallel_info()}"
