"""How long `msds serve` takes for photographs of 12 megapixels, as a client beside it sees it.

    python -m benchmarks.serve_speed [--rounds 5] [--against OTHER/src]

The first request also pays for what is made when it is first needed. In every round come a pair
that is new, one with a reference that was kept, the map at a smaller size and, once, that of the
whole image. With another version of the package both servers run at once and take turns, so that
both meet the same hour; the ratios are those of the turns.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.serve_pictures import served

SIZE = (4000, 3000)
PHOTO = Path(__file__).resolve().parents[1] / "examples" / "photos" / "chelsea.png"
HERE = Path(__file__).resolve().parents[1] / "src"
SIDE = "1024"


def photographs(number: int) -> dict[str, tuple[str, bytes]]:
    """A photograph enlarged, with grain so that it is not easier than one, and it compressed."""
    large = Image.open(PHOTO).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    grain = np.random.default_rng(number).normal(0, 4, (SIZE[1], SIZE[0], 1))
    large = Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8))
    found = {}
    for name, quality in (("reference", 95), ("distorted", 60)):
        buffer = io.BytesIO()
        large.save(buffer, "JPEG", quality=quality)
        found[name] = (f"{name}.jpg", buffer.getvalue())
    return found


class Client:
    """Asks one server, and remembers how long each kind of request took."""

    def __init__(self, http: Any) -> None:
        self.http = http
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def ask(self, kind: str, path: str, files: Any, data: dict[str, str]) -> Any:
        start = time.perf_counter()
        answer = self.http.post(path, files=files, data=data)
        self.seconds[kind].append(time.perf_counter() - start)
        answer.raise_for_status()
        return answer.json()

    def round(self, pair: dict[str, tuple[str, bytes]], first: bool, side: bool) -> None:
        """All kinds of requests with a pair that is new to the server."""
        kind = "first pair" if first else "new pair"
        key = self.ask(kind, "/api/score", pair, {"keep": "true"})["reference_id"]
        again = {"distorted": pair["distorted"]}
        self.ask("kept reference", "/api/score", again, {"reference_id": key})
        if side:
            self.ask("map, quick", "/api/map", pair, {"side": SIDE})


def report(clients: list[Client]) -> None:
    """Medians, and medians of the ratios of turns."""
    for kind, seconds in clients[0].seconds.items():
        line = f"{kind}: {statistics.median(seconds):.2f} s of {len(seconds)}"
        if len(clients) > 1 and kind in clients[1].seconds:
            other = clients[1].seconds[kind]
            ratios = [a / b for a, b in zip(seconds, other, strict=True)]
            line += (
                f"; other {statistics.median(other):.2f} s, ratio {statistics.median(ratios):.2f}"
            )
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="folder of another version of the package")
    parser.add_argument("--no-map", action="store_true", help="leave the whole map out")
    arguments = parser.parse_args()
    import httpx2

    folders = [HERE, *([arguments.against] if arguments.against else [])]
    with ExitStack() as stack:
        clients = []
        for folder in folders:
            address = stack.enter_context(served(folder))
            http = stack.enter_context(httpx2.Client(base_url=address, timeout=None))
            clients.append(Client(http))
        for number in range(arguments.rounds):
            pair = photographs(number)
            # In turns, and each is as often the first.
            for client in clients[:: -1 if number % 2 else 1]:
                client.round(pair, number == 0, client is clients[0])
        if not arguments.no_map:
            for client in clients:
                client.ask("map, whole", "/api/map", pair, {})
        report(clients)
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
