"""Where to compute: a device by its name."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch

from msds.errors import InputError

Device: TypeAlias = Literal["cpu", "cuda", "mps"] | str | torch.device
"""A device by name, such as "cuda:1", or torch's own record of one."""

_MEANT = {"gpu": "cuda", "nvidia": "cuda", "metal": "mps", "apple": "mps"}


def choose_device(name: Device) -> torch.device:
    """A device by name, such as "cpu", "cuda:1" or "mps".

    Raises
    ------
    InputError
        If torch does not have it, or nothing can be computed there.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        known = str(name).partition(":")[0] in ("cpu", "cuda", "mps")
        found = str(error).strip().splitlines()[0].rstrip(".") if known else "no such device"
        meant = _MEANT.get(str(name).lower())
        advice = f"; did you mean {meant}?" if meant else "."
        raise InputError(
            f"Device {str(name)!r} cannot be used: {found}; expected one of "
            f"{', '.join(_available())}{advice}"
        ) from error
    if device.type == "meta":
        raise InputError("Device 'meta' holds no numbers, so nothing can be computed there.")
    return device


def idle_gpus(name: str | torch.device) -> int:
    """How many GPUs are left unused here by who computes on one that is not named by number."""
    device = torch.device(name)
    count = torch.cuda.device_count() if device.type == "cuda" and device.index is None else 1
    return max(0, count - 1)


def use_threads(count: int) -> None:
    """Compute with so many threads from now on, on the CPU, whatever the engine.

    Raises
    ------
    InputError
        If these are less than one.
    """
    if count < 1:
        raise InputError(f"At least one thread is needed to compute; found {count}.")
    torch.set_num_threads(count)


def _available() -> list[str]:
    """The devices that torch has here."""
    found = ["cpu"]
    count = torch.cuda.device_count()
    found += ["cuda", *(f"cuda:{k}" for k in range(1, count))] if count else []
    return found + (["mps"] if torch.backends.mps.is_available() else [])
