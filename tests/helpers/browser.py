"""Debian's Chromium, driven by Playwright; tests skip with the reason where either is missing.

Nothing is downloaded: the browser is the one that is installed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

WIDE, NARROW = (1400, 900), (390, 844)


@dataclass
class Tab:
    """An open page, and what its console said."""

    page: Any
    said: list[str] = field(default_factory=list)

    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wide))


class Browser:
    """A running browser; `open` gives a tab."""

    def __init__(self, running: Any) -> None:
        self._running = running

    @contextmanager
    def open(
        self, address: Path | str, size: tuple[int, int] = WIDE, scheme: str = "light", **more: Any
    ) -> Iterator[Tab]:
        """A page in a context of its own, which may load nothing but files and data."""
        viewport = {"width": size[0], "height": size[1]}
        context = self._running.new_context(viewport=viewport, color_scheme=scheme, **more)
        context.set_default_timeout(0)  # a slow machine is waited for
        page = context.new_page()
        tab = Tab(page)
        page.on("console", lambda message: tab.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: tab.said.append(f"error: {error}"))
        page.goto(address.resolve().as_uri() if isinstance(address, Path) else address)
        try:
            yield tab
        finally:
            context.close()


@contextmanager
def browser() -> Iterator[Browser]:
    """The browser, or a skip with the reason why there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no program called chromium")
    # As root, which containers are, Chromium only runs without its sandbox.
    options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=options, timeout=0)
        try:
            yield Browser(running)
        finally:
            running.close()
