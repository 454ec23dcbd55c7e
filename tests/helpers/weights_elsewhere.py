"""What the tests run in processes of their own; light to import."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

from msds.trunks.weights import packages, published
from msds.trunks.weights.download import download, exclusive


def resolve_at_once(sha256: str, size: int, report: Path, ready: Barrier) -> None:
    """Find the synthetic weights at the same moment as another process; say where they are."""
    from msds.trunks.weights.stored import resolve

    entry = replace(published.PUBLISHED["vgg16"], sha256=sha256, size=size)
    published.PUBLISHED["vgg16"] = entry
    packages.find_file = lambda _: None  # the synthetic weights come from nowhere else
    ready.wait()
    report.write_text(str(resolve("vgg16")))


def fetch_locked(sha256: str, size: int, folder: Path) -> None:
    """Fetch the synthetic file into a folder."""
    entry = replace(published.PUBLISHED["vgg16"], sha256=sha256, size=size)
    with exclusive(folder / "lock"):
        download(entry, folder)
