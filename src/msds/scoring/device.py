"""Where to compute: a device by its name."""

from __future__ import annotations

import torch

from msds.errors import InputError


def choose_device(name: str) -> torch.device:
    """A device by name, such as "cpu", "cuda:1" or "mps".

    Raises
    ------
    InputError
        If torch does not have it.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        found = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(f"Device {name!r} cannot be used: {found}.") from error
    return device
