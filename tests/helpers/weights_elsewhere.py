"""What the tests run in processes of their own; light to import."""

from __future__ import annotations

import logging
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

from msds.locks import exclusive
from msds.trunks.weights import download as module
from msds.trunks.weights import packages
from msds.trunks.weights.download import download
from msds.trunks.weights.published import PUBLISHED, PublishedWeights


class _Waiting(logging.Handler):
    """Tells that this process waits for another, as it says in its log."""

    def __init__(self, waiting: Event) -> None:
        super().__init__()
        self.waiting = waiting

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("Waiting for another process"):
            self.waiting.set()


def _count_as_published(sha256: str, size: int) -> PublishedWeights:
    """Make other bytes the published vgg16 of this process, which is never taken for silent."""
    entry = replace(PUBLISHED["vgg16"], sha256=sha256, size=size)
    PUBLISHED["vgg16"] = entry
    module.SILENCE = 3600.0
    return entry


def resolve_beside(sha256: str, size: int, report: Path, waiting: Event) -> None:
    """Find the synthetic weights; say where they are, and when this process waits for another."""
    from msds.trunks.weights.stored import resolve

    _count_as_published(sha256, size)
    packages.find_file = lambda _: None  # the synthetic weights come from nowhere else
    logging.getLogger("msds").addHandler(_Waiting(waiting))
    report.write_text(str(resolve("vgg16")))


def fetch_locked(sha256: str, size: int, folder: Path) -> None:
    """Fetch the synthetic file into a folder."""
    entry = _count_as_published(sha256, size)
    with exclusive(folder / "lock"):
        download(entry, folder)
