"""Fixtures shared by all tests: where real data lies, and photographs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from msds.trunks import ChainTrunk

# How long an example takes says more of the machine than of the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

ROOT = Path(__file__).resolve().parents[1]


def share_cores(workers: int) -> None:
    """Let each of several workers, and what it starts, compute with its share of the cores.

    With as many threads each as there are cores, they would wait for one another. Libraries read
    this when they are imported, so it is said before any is; what a user has set holds.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, str(max(1, (cores or 1) // workers)))


if (workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))) > 1:
    share_cores(workers)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder with rated images and trained networks; tests that need it are skipped without it."""
    folder = Path(os.environ.get("MSDS_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(
            "no rated images: neither MSDS_SHARED nor a folder 'shared' beside the checkout"
        )
    return folder


@pytest.fixture(scope="session")
def examples_dir() -> Path:
    """The example photographs of this repository and their distorted versions."""
    return ROOT / "examples" / "photos"


@pytest.fixture(scope="session")
def paper_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The paper's network, VGG16 with the published weights, as this package keeps it.

    Tests that need it are skipped where the weights are not on this machine.
    """
    from helpers.paper_network import MISSING
    from msds.errors import WeightsError
    from msds.trunks.weights.stored import resolve

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSDS_OFFLINE", "1")
        patch.setenv("MSDS_CACHE", str(tmp_path_factory.mktemp("paper")))
        try:
            return resolve("vgg16")
        except WeightsError:
            pytest.skip(MISSING)


@pytest.fixture(scope="session")
def paper_trunk(paper_weights: Path) -> ChainTrunk:
    """The paper's trunk: do not change it, it is shared by all tests."""
    from msds.trunks import load_trunk

    return load_trunk("vgg16", paper_weights)
