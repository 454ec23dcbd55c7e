"""The clock of the machine is set, by hours and days, while `msds` runs.

Needs libfaketime (`apt-get install faketime`, or `LIBFAKETIME` names its library), by which the
processes see a clock that jumps forth and back every few hundredths of a second. Clocks that only
count what passes go on as they do when somebody sets the time. Every run must give the tables of an
undisturbed one, also where it is killed and goes on; a server must keep what it was asked to keep.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.abuse import kills
from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.killed_verbs import BAD, VERBS, Verb, outcomes
from benchmarks.abuse_web import good_pair
from msds.errors import require

TITLE = "The clock set while a run goes on"
RUNS, REQUESTS = 10, 100
"""Of each verb, and to a server, at scale 1."""

EVERY_SECONDS = 0.03
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
SCORE = Verb((*kills.RUN, "--out", "o.csv"), ("o.csv",), ("--resume",))


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Runs of each verb, half of them killed, and requests to a server."""
    if not library().exists():
        yield Trial("no libfaketime here", list, ())
        return
    verbs = {"score": SCORE, "sweep": VERBS["sweep"], "video": VERBS["video"]}
    for name, verb in verbs.items():
        count = max(1, round(RUNS * scale))
        yield Trial(name, partial(_runs, verb, count, f"{seed} {name}"), BAD)
    requests = max(1, round(REQUESTS * scale))
    yield Trial("serve", partial(_served, requests, seed), ("another answer", "forgotten"))


def library() -> Path:
    """Where libfaketime lies."""
    return Path(os.environ.get("LIBFAKETIME", LIBRARY))


def _runs(verb: Verb, count: int, seed: str) -> Iterator[str]:
    with jumping_clock(seed) as environment:
        yield from outcomes(verb, count, seed, environment)


@contextmanager
def jumping_clock(seed: object) -> Iterator[Mapping[str, str]]:
    """The environment of processes whose clock jumps by up to 30 days as long as the block runs."""
    rng, ended = random.Random(f"{seed} clock"), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        told, new = Path(folder) / "clock", Path(folder) / "new"

        def jump() -> None:
            hours = rng.choice([rng.randint(-720, 720), rng.randint(-3, 3)])
            new.write_text(f"{hours:+d}h\n", encoding="utf-8")
            new.replace(told)

        def jump_on() -> None:
            while not ended.wait(EVERY_SECONDS):
                jump()

        jump()
        thread = threading.Thread(target=jump_on)
        thread.start()
        try:
            yield {
                "LD_PRELOAD": str(library()),
                "FAKETIME_TIMESTAMP_FILE": str(told),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        finally:
            ended.set()
            thread.join()


def _served(count: int, seed: int) -> Iterator[str]:
    command = [sys.executable, "-m", "msds", "serve", "--port", "0"]
    with (
        jumping_clock(seed) as environment,
        subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
        ) as server,
    ):
        assert server.stderr is not None
        try:
            yield from asyncio.run(_asked(server.stderr.readline().split()[-1], count))
        finally:
            server.terminate()


async def _asked(address: str, count: int) -> list[str]:
    """What a reference that stays gives, again and again."""
    client: Any = require("httpx2", "test").AsyncClient(base_url=address, timeout=60)
    files, found = good_pair(), []
    async with client:
        first = (await client.post("/api/score", files=files, data={"keep": "true"})).json()
        named = {"reference_id": first["reference_id"]}
        for _ in range(count):
            distorted = {"distorted": files["distorted"]}
            answer = await client.post("/api/score", files=distorted, data=named)
            if answer.status_code != 200:
                found.append("forgotten")
            else:
                same = json.loads(answer.text)["score"] == first["score"]
                found.append("the same answer" if same else "another answer")
    return found
