"""The application with the default model, called in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from helpers.pictures import saved
from msds.metric.modules import MSDS
from msds.models import load_model

pytest.importorskip("fastapi", reason="the extra web is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from fastapi.testclient import TestClient

from msds.web.app import make_app
from msds.web.settings import Limits


@pytest.fixture(scope="session")
def metric() -> MSDS:
    return load_model()


@pytest.fixture(scope="session")
def client(metric: MSDS) -> Iterator[TestClient]:
    """A client of an application with small limits; it ends with the tests."""
    limits = Limits(body=8 << 20, pixels=4_000_000, images=6, decoding_seconds=120)
    app = make_app(metric, limits=limits)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """A photograph, small."""
    path = Path(__file__).resolve().parents[2] / "examples" / "photos" / "chelsea.png"
    return Image.open(path).convert("RGB").crop((100, 40, 292, 184))


@pytest.fixture(scope="session")
def original(photo: Image.Image) -> bytes:
    return saved(photo)


@pytest.fixture(scope="session")
def versions(photo: Image.Image) -> dict[str, bytes]:
    """JPEGs of falling quality."""
    return {f"q{q}.jpg": saved(photo, "JPEG", quality=q) for q in (90, 50, 20, 5)}
