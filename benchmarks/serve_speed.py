"""How long `msds serve` takes for two photographs of 12 megapixels, and for more of the same.

    python -m benchmarks.serve_speed

The first request also pays for what is made when it is first needed; the server itself was started
before. Times are those of a client on this machine, sending and decoding included.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.serve_pictures import served

SIZE = (4000, 3000)
PHOTO = Path(__file__).resolve().parents[1] / "examples" / "photos" / "chelsea.png"


def photographs() -> dict[int, bytes]:
    """A photograph enlarged, with grain so that it is not easier than one, as JPEG by quality."""
    large = Image.open(PHOTO).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    grain = np.random.default_rng(0).normal(0, 4, (SIZE[1], SIZE[0], 1))
    large = Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8))
    found = {}
    for quality in (95, 80, 60, 40, 20):
        buffer = io.BytesIO()
        large.save(buffer, "JPEG", quality=quality)
        found[quality] = buffer.getvalue()
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    import httpx2

    files = photographs()
    with served() as address, httpx2.Client(base_url=address, timeout=None) as client:
        client.get("/api/health")
        key = None
        for quality in (80, 60, 40, 20):
            given = {"distorted": ("b.jpg", files[quality])}
            if key is None:
                given["reference"] = ("a.jpg", files[95])
            start = time.perf_counter()
            answer = client.post(
                "/api/score", files=given, data={"reference_id": key} if key else {"keep": "true"}
            ).json()
            seconds = time.perf_counter() - start
            key = answer["reference_id"]
            print(f"quality {quality}: score {answer['score']:.4f} in {seconds:.2f} s")
        start = time.perf_counter()
        pair = {"reference": ("a.jpg", files[95]), "distorted": ("b.jpg", files[20])}
        client.post("/api/map", files=pair)
        print(f"map in {time.perf_counter() - start:.2f} s; {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
