"""Ray: begun on this machine or joined where it runs, quiet, and telling nobody outside of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msds.cluster.storage import EXTRA
from msds.errors import InputError, require
from msds.text import reason

LOCAL = "local"
STORE_BYTES = 128 << 20
"""Of Ray's object store on this machine: numbers of blocks and the model go through it."""


@contextmanager
def connected(address: str, cpus: int | None = None) -> Iterator[Any]:
    """Ray, while the block runs; a session that is there already is used and left open.

    Parameters
    ----------
    address : "local" begins Ray here; else where it runs, as `ray.init` takes it.
    cpus : cores to begin with; by default all of them.

    Raises
    ------
    InputError
        If there is no cluster.
    MissingExtraError
        If Ray is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports to its makers otherwise
    # Below that it tells, for every worker that may be restarted, that this may fail.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    ray = require("ray", EXTRA)
    data = require("ray.data", EXTRA)
    began = not ray.is_initialized()
    if began:
        _begin(ray, address, cpus)
    context = data.DataContext.get_current()
    bars, context.enable_progress_bars = context.enable_progress_bars, False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    try:
        yield ray
    finally:
        context.enable_progress_bars = bars
        if began:
            ray.shutdown()


def _begin(ray: Any, address: str, cpus: int | None) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        options |= {
            "address": LOCAL,
            "num_cpus": cpus,
            "include_dashboard": False,
            "object_store_memory": STORE_BYTES,
        }
    else:
        options["address"] = address
    try:
        ray.init(**options)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise InputError(
            f"There is no Ray cluster at {address!r} ({reason(error)}); expected an address such "
            "as 10.0.0.1:6379, auto, or local, which begins one on this machine."
        ) from error
