"""How fast the page of a large run opens and scrolls, in headless Chromium.

    python -m benchmarks.gallery --pairs 10000

Writes the page of a made-up run with pictures beside it, opens it, and scrolls through it a window
at a time; prints when the first rows stood there and how long the frames of the scrolling took.
Needs a program called chromium, and playwright.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.chromium import chromium
from msds.gallery.making import Illustrated, make_gallery
from msds.results import Run, Score

IMAGES = 400
"""Different pictures: more pairs than these share them, as pairs do their references."""

OPENED = """() => new Promise((done) => {
  const look = () => document.querySelector(".body .row")
    ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look);
  look();
})"""

DRAWN = """(times) => {
  const height = document.documentElement.scrollHeight;
  const found = [];
  for (let k = 0; k < times; k++) {
    window.scrollTo({ top: height * (k % 2 ? 0.3 : 0.6), behavior: "instant" });
    const start = performance.now();
    window.dispatchEvent(new Event("scroll"));
    document.body.getBoundingClientRect();
    found.push(performance.now() - start);
  }
  return found;
}"""

SCROLLED = """(steps) => new Promise((done) => {
  const gaps = [];
  let last = performance.now();
  const missing = [];
  const height = document.documentElement.scrollHeight;
  const step = (k) => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    const rows = document.querySelectorAll(".body .row");
    missing.push(![...rows].some((row) => {
      const box = row.getBoundingClientRect();
      return box.bottom > 0 && box.top < innerHeight;
    }));
    if (k === steps) return done([gaps.slice(2), missing.filter(Boolean).length, rows.length]);
    window.scrollBy({ top: k % 50 ? 240 : height / 20, behavior: "instant" });
    requestAnimationFrame(() => step(k + 1));
  };
  document.querySelector(".pairs").scrollIntoView({ behavior: "instant" });
  requestAnimationFrame(() => step(0));
})"""


def made_up(folder: Path, pairs: int) -> list[Score]:
    """Records of a run over small pictures of noise."""
    random = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    for k in range(IMAGES):
        blocks = random.integers(0, 256, (12, 18, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((288, 192)).save(folder / f"images/{k}.png")
    run = Run("msds-compact-v3", "0" * 64, {"levels": 4})
    return [
        Score(
            f"images/{k % 40}.png",
            f"images/{40 + k % (IMAGES - 40)}.png" if k < IMAGES else f"images/{k % IMAGES}.png",
            float(value),
            tuple(map(float, np.clip(value + random.normal(0, 0.03, 4), 0, 1))),
            notes=("ICC profile converted to sRGB",) if k % 5 == 0 else (),
            run=run,
            columns={"codec": ("webp", "avif", "jpeg")[k % 3], "quality": k % 100},
        )
        for k, value in enumerate(1 - random.beta(1.2, 8, pairs))
    ]


def measured(page: Path, steps: int) -> dict[str, float]:
    """Opening and scrolling of a page."""
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        session = tab.context.new_cdp_session(tab)
        # The main thread's own time, which does not count what others do on a busy machine.
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def worked() -> float:
            found = session.send("Performance.getMetrics")["metrics"]
            return 1000 * next(m["value"] for m in found if m["name"] == "TaskDuration")

        tab.goto(page.as_uri(), wait_until="commit")
        opened = tab.evaluate(OPENED)
        before = worked()
        tab.wait_for_timeout(1000)
        settled = worked()
        gaps, empty, present = tab.evaluate(SCROLLED, steps)
        scrolling = worked() - settled
        drawn = tab.evaluate(DRAWN, 40)
        start = time.perf_counter()
        tab.locator("#head .score button").click()
        tab.locator("#head .score[aria-sort]").wait_for()
        sorting = time.perf_counter() - start
    return {
        "first rows, ms": opened,
        "main thread at work until then, ms": before,
        "main thread at work per frame of scrolling, ms": scrolling / len(gaps),
        "frames": len(gaps),
        "median frame, ms": float(np.median(gaps)),
        "99 % of frames within, ms": float(np.percentile(gaps, 99)),
        "longest frame, ms": float(np.max(gaps)),
        "frames without a row in sight": empty,
        "a window of new rows made and laid out, ms": float(np.median(drawn)),
        "rows in the document": present,
        "a click sorts within, ms": 1000 * sorting,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=400, help="frames of scrolling")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scores = made_up(folder, arguments.pairs)
        start = time.perf_counter()
        page = folder / "report.html"
        problems = make_gallery(page, scores, illustrated=Illustrated([folder]))
        print(f"{arguments.pairs} pairs written in {time.perf_counter() - start:.1f} s, "
              f"{page.stat().st_size / 1e6:.1f} MB, {len(problems)} without pictures")  # fmt: skip
        print(json.dumps(measured(page, arguments.steps), indent=2))


if __name__ == "__main__":
    main()
