"""Anybody's metric as a contender: a callable of two batches of images, named on the command."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from msds.errors import InputError
from msds.scoring.contenders import Contender
from msds.text import one_line, reason

if TYPE_CHECKING:
    from msds.images import Image

DIRECTIONS = ("higher", "lower")
_SPEC = re.compile(r"(?P<module>[\w.]+):(?P<name>[\w.]+)(?P<made>\(\))?(?:,(?P<direction>\w+))?")


class CustomContender(Contender):
    """A metric of somebody else.

    Parameters
    ----------
    spec : "package.module:callable,higher" or ",lower": which values are better must be said. The
        callable takes two (1, 3, H, W) RGB tensors in [0, 1], reference first, and gives one
        number; "package.module:Class(),lower" makes an object of a class first. The current folder
        is looked in as well.
    device : where the tensors are.

    Raises
    ------
    InputError
        If there is no such callable, or its direction is not said.
    """

    def __init__(self, spec: str, device: torch.device | str = "cpu") -> None:
        match = _SPEC.fullmatch(spec.strip())
        if match is None:
            raise InputError(
                f"{one_line(spec)!r} names no metric: expected package.module:callable,higher or "
                "package.module:callable,lower."
            )
        if match["direction"] not in DIRECTIONS:
            raise InputError(
                f"{spec}: say which values are better, by ',higher' or ',lower' behind the name."
            )
        self.device: torch.device = torch.device(device)
        self.name: str = match["name"] + (match["made"] or "")
        self.columns: tuple[str, ...] = ("value",)
        self._sign = 1.0 if match["direction"] == "higher" else -1.0
        self._call, source = _found(match["module"], match["name"], bool(match["made"]))
        if isinstance(self._call, torch.nn.Module):
            self._call = self._call.to(self.device).eval()
        self._settings = {
            "metric": spec.strip(),
            "source": _digest(source),
            "version": _version(match["module"]),
        }

    def settings(self) -> dict[str, Any]:
        return dict(self._settings)

    def prepare(self, image: Image) -> Tensor:
        return image.pixels[None].to(self.device)

    def compare(self, reference: Tensor, distorted: Tensor) -> tuple[float, ...]:
        with torch.no_grad():
            value = self._call(reference, distorted)
        numbers = torch.as_tensor(value).detach().double().reshape(-1).tolist()
        if len(numbers) != 1:
            raise InputError(f"{self.name} gave {len(numbers)} numbers for one pair; expected 1.")
        return (self._sign * numbers[0],)


def _found(module: str, name: str, made: bool) -> tuple[Callable[..., Any], str | None]:
    """The callable, and the file it comes from."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        call = found() if made else found
    except Exception as error:  # whatever somebody else's module raises
        raise InputError(
            f"{module}:{name} cannot be used as a metric ({type(error).__name__}: {reason(error)})."
        ) from error
    finally:
        sys.path.remove(here)
    if inspect.isclass(call) or not callable(call):
        what = "a class: write () behind it" if inspect.isclass(call) else "no callable"
        raise InputError(f"{module}:{name} is {what}.")
    return call, getattr(sys.modules[module], "__file__", None)


def _digest(source: str | None) -> str | None:
    """SHA-256 of the file that a callable comes from: a changed metric is another one."""
    return hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else None


def _version(module: str) -> str | None:
    names = metadata.packages_distributions().get(module.partition(".")[0], [])
    return metadata.version(names[0]) if names else None
