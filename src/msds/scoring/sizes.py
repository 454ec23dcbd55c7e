"""Metrics that compare pixel with pixel need images of one size."""

from __future__ import annotations

from typing import Any

from msds.errors import InputError


def same_size(reference: Any, distorted: Any, name: str) -> None:
    """Raise `InputError` unless two arrays (..., H, W) have one shape.

    Parameters
    ----------
    name : of the metric that needs it.
    """
    if reference.shape != distorted.shape:
        sizes = (tuple(x.shape[-1:-3:-1]) for x in (reference, distorted))
        raise InputError("{} needs images of one size; got {} and {}.".format(name, *sizes))
