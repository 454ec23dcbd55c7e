"""What `msds serve` makes of its options."""

from __future__ import annotations

import pytest

from helpers.scoring_files import call
from msds.web.settings import MIB, Limits

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("python_multipart")


@pytest.mark.parametrize(("text", "expected"), [("1M", MIB), ("2G", 2048 * MIB)])
def test_an_upload_may_be_of_any_size_since_it_is_no_memory_to_work_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, expected: int
) -> None:
    found: list[Limits] = []
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")  # which the command sets
    monkeypatch.setattr(
        "msds.web.server.serve", lambda metric, place, limits, **_: found.append(limits)
    )
    assert call(monkeypatch, capsys, "serve", "--max-upload", text).status == 0
    assert [(one.body, one.bodies) for one in found] == [(expected, max(expected, Limits.bodies))]


def test_an_upload_of_no_size_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = call(monkeypatch, capsys, "serve", "--max-upload", "much")
    assert result.status == 2
    assert result.err.splitlines()[-1].startswith("msds: error: 'much' is not a size in bytes")
