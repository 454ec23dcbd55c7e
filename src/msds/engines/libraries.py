"""Optional libraries that report their use, imported without doing so.

OpenVINO sends an event when it is imported and keeps an identifier in `~/intel`; ONNX Runtime keeps
one, and a queue of events, in `~/.cache/Microsoft`. A metric has no business on the network: both
are switched off before the import, whatever the settings, and nothing else is changed.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from msds.errors import require

_importing = threading.Lock()


def library(module: str, extra: str) -> Any:
    """Import an optional library as `msds.errors.require` does, its reports switched off.

    Parameters
    ----------
    module : dotted name of the module to import.
    extra : name of the extra of this distribution that installs it.

    Raises
    ------
    MissingExtraError
        If the module cannot be imported.
    """
    name = module.partition(".")[0]
    if name in sys.modules or name not in _SILENT:
        return require(module, extra)
    with _importing, _SILENT[name]():
        return require(module, extra)


@contextmanager
def _entry(place: MutableMapping[str, Any], name: str, value: Any) -> Iterator[None]:
    """An entry of a mapping while the block runs; then it is as it was."""
    before = place.get(name)
    place[name] = value
    try:
        yield
    finally:
        if before is None:
            del place[name]
        else:
            place[name] = before


_SILENT: dict[str, Callable[[], AbstractContextManager[None]]] = {
    # Its own switch, which is read when the library is loaded.
    "onnxruntime": partial(_entry, os.environ, "ORT_DISABLE_TELEMETRY", "1"),
    # Its reporter as if it were not installed: then it takes a stand-in that does nothing.
    "openvino": partial(_entry, sys.modules, "openvino_telemetry", None),
}
