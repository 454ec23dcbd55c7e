"""Fixtures for the tests of weights: a machine of its own, and a server of a synthetic file."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from helpers import weights_server
from helpers.weights_server import WeightsServer
from msds.places import weights_folder
from msds.trunks.weights import download, packages
from msds.trunks.weights.published import PUBLISHED, PublishedWeights
from msds.trunks.weights.stored import import_file

__all__ = ["converted", "converted_bytes", "machine", "publish", "published_bytes", "server"]

Publish = Callable[[bytes], None]


def counted_as_published(data: bytes) -> PublishedWeights:
    """The table's entry for vgg16, with the digest and the size of other bytes."""
    digest = hashlib.sha256(data).hexdigest()
    return replace(PUBLISHED["vgg16"], sha256=digest, size=len(data))


@pytest.fixture(scope="session")
def published_bytes() -> bytes:
    return weights_server.saved(weights_server.checkpoint())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine without weights, where no host but the test's is reached.

    Pauses are short, and no silence is so long that a slow machine could be taken for one.
    """
    monkeypatch.setenv("MSDS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("MSDS_WEIGHTS_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MSDS_WEIGHTS", raising=False)
    monkeypatch.delenv("MSDS_OFFLINE", raising=False)
    monkeypatch.setattr(packages, "find_file", lambda _: None)
    monkeypatch.setattr(download, "SILENCE", 3600.0)
    monkeypatch.setattr(download, "BACKOFF", 0.01)
    yield tmp_path
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Make the digest and the size of some bytes those of the published vgg16."""

    def make(data: bytes) -> None:
        monkeypatch.setitem(PUBLISHED, "vgg16", counted_as_published(data))

    return make


@pytest.fixture
def server(
    machine: Path, published_bytes: bytes, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WeightsServer]:
    """A mirror that serves the synthetic checkpoint, which counts as the published one."""
    publish(published_bytes)
    with weights_server.serve(published_bytes) as server:
        monkeypatch.setenv("MSDS_WEIGHTS_URL", server.url)
        yield server


@pytest.fixture(scope="session")
def converted_bytes(published_bytes: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The synthetic checkpoint as the package converts it."""
    folder = tmp_path_factory.mktemp("converted")
    (folder / "vgg16-397923af.pth").write_bytes(published_bytes)
    entry = counted_as_published(published_bytes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSDS_CACHE", str(folder))
        patch.setitem(PUBLISHED, "vgg16", entry)
        file = import_file(folder / "vgg16-397923af.pth")
        data = file.read_bytes()
        file.unlink()
    return data


@pytest.fixture
def converted(
    machine: Path, published_bytes: bytes, publish: Publish, converted_bytes: bytes
) -> Path:
    """The converted file in the cache of a machine."""
    publish(published_bytes)
    weights_folder().mkdir(parents=True)
    file = weights_folder() / "vgg16-397923af.safetensors"
    file.write_bytes(converted_bytes)
    return file
