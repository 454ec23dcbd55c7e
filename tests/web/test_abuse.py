"""Files that nobody sends who means well cost a sentence each, and nothing else.

`python -m benchmarks.abuse_web` sends hundreds of them to a server, and looks at its memory.
"""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

import msds
from benchmarks.abuse_files import abuse

FILES = 60


@pytest.mark.slow
def test_bad_files_are_answered_in_a_sentence_and_good_ones_still_scored(
    client: TestClient, original: bytes, versions: dict[str, bytes]
) -> None:
    before = client.app.service.workers.pids  # type: ignore[attr-defined]
    for number, (what, data) in enumerate(abuse(FILES)):
        fields = {"distorted": ("x.png", data), "reference": ("a.png", original)}
        if number % 2:
            fields = {"image": ("x.png", data)}
        answer = client.post("/api/picture" if number % 2 else "/api/score", files=fields)
        assert answer.status_code in (200, 413, 422), f"{what}: {answer.text}"
        if answer.status_code != 200:
            sentence = answer.json()["error"]
            assert sentence.endswith("."), what
            assert "<bytes>" not in sentence, what
            assert "Traceback" not in sentence, what
    files = {"reference": ("a.png", original), "distorted": ("b.jpg", versions["q50.jpg"])}
    found = client.post("/api/score", files=files).json()["score"]
    assert found == pytest.approx(msds.score(original, versions["q50.jpg"]).score, abs=1e-5)
    assert client.app.service.room.taken == 0  # type: ignore[attr-defined]
    assert len(client.app.service.workers.pids) == len(before)  # type: ignore[attr-defined]
