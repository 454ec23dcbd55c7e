"""Sends hundreds of bad files to `msds serve`, many at once, and tells what became of it.

    python -m benchmarks.abuse_web --files 500

Every file must be answered with a score or a sentence, none with a fault of the server; a good pair
must score the same before, in between and after; and the memory of the server and its processes is
shown before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.abuse_files import Abuse, abuse

AT_ONCE = 8
IDLE = 20
"""Seconds without a request before memory is looked at: what lies idle is given back then."""


def memory(process: int) -> dict[str, float]:
    """MiB that the server and the processes it started hold by themselves, without their code."""
    found = {"server": 0.0, "workers": 0.0}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if process not in (int(stat.parent.name), parent):
                continue
            lines = (stat.parent / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        anonymous = next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))
        found["workers" if parent == process else "server"] += anonymous / 1024
    return found


def good_pair() -> dict[str, tuple[str, bytes]]:
    """Two images that score."""
    gradient = Image.radial_gradient("L").convert("RGB")
    files = {}
    for name, options in (("reference", {"format": "PNG"}), ("distorted", {"format": "JPEG"})):
        buffer = io.BytesIO()
        gradient.save(buffer, **options)
        files[name] = (f"{name}.img", buffer.getvalue())
    return files


async def campaign(process: int, files: list[Abuse], send: Any) -> Counter[str]:
    """Send all files, some at once; a word for each answer."""
    queue, said = list(enumerate(files)), Counter[str]()
    good = good_pair()
    expected = (await send("/api/score", good)).json()["score"]

    async def one_after_the_other() -> None:
        while queue:
            number, (what, data) = queue.pop()
            paths = ("/api/score", "/api/picture", "/api/map", "/api/rank")
            path = paths[number % len(paths)]
            names = ("image",) if path == "/api/picture" else ("reference", "distorted")
            answer = await send(path, dict.fromkeys(names, (what, data)))
            said[f"{answer.status_code}"] += 1
            if answer.status_code >= 500 and answer.status_code != 503:
                print(f"{answer.status_code}: {what}: {answer.text}")
            elif answer.status_code != 200 and not answer.json()["error"].endswith((".", ").")):
                print(f"no sentence: {what}: {answer.text}")
            if number % 25 == 0:
                print(f"{len(queue)} to go, {memory(process)}", flush=True)
                again = (await send("/api/score", good)).json()["score"]
                said["good pairs"] += 1
                said["wrong scores"] += abs(again - expected) > 1e-5

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return said


async def run(address: str, process: int, count: int, seed: int) -> None:
    import httpx2

    async with httpx2.AsyncClient(base_url=address, timeout=None) as client:

        async def send(path: str, files: dict[str, tuple[str, bytes]]) -> Any:
            return await client.post(path, files=files)

        for _ in range(4):  # what is made when it is first needed is made now
            await send("/api/map", good_pair())
        before = memory(process)
        said = await campaign(process, list(abuse(count, seed)), send)
        print(f"when it ends: {memory(process)}")
        await asyncio.sleep(IDLE)
        after = memory(process)
        print(f"{count} files: {dict(sorted(said.items()))}")
        for role, held in before.items():
            print(f"{role}: {held:.0f} MiB before, {after[role]:.0f} MiB after")
        print((await client.get("/api/health")).json())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "msds", "serve", "--port", "0", "--max-pixels", "20000000"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        address = server.stderr.readline().split()[-1]
        asyncio.run(run(address, server.pid, arguments.files, arguments.seed))
    finally:
        server.terminate()
        print(server.communicate()[1])


if __name__ == "__main__":
    main()
