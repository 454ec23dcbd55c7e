"""Many at once: each gets its own score, or is told to come again."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

import msds
from msds.metric.modules import MSDS
from msds.web.app import Application, make_app
from msds.web.settings import Limits

httpx = pytest.importorskip("httpx2", reason="httpx2 is not installed")

REQUESTS = 200


async def ask(app: Application, jobs: list[dict[str, tuple[str, bytes]]]) -> list[Any]:
    """Answers to all jobs, sent at once."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        sent = (client.post("/api/score", files=files, timeout=None) for files in jobs)
        return await asyncio.gather(*sent)


@pytest.mark.slow
def test_two_hundred_at_once_get_the_right_score_or_are_told_to_come_again(
    metric: MSDS, original: bytes, versions: dict[str, bytes]
) -> None:
    expected = {name: msds.score(original, data).score for name, data in versions.items()}
    names = [list(versions)[k % len(versions)] for k in range(REQUESTS)]
    jobs = [{"reference": ("a.png", original), "distorted": (n, versions[n])} for n in names]
    app = make_app(metric, limits=Limits(requests=24, decoding_seconds=600))
    app.service.start()
    try:
        answers = asyncio.run(ask(app, jobs))
    finally:
        app.service.close()
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 503}
    assert statuses[200] >= 24
    for name, answer in zip(names, answers, strict=True):
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["error"]
        else:
            assert answer.json()["distorted"] == name
            assert answer.json()["score"] == pytest.approx(expected[name], abs=1e-5)
    assert app.waiting == 0
    assert app.service.room.taken == 0
