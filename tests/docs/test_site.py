"""The site of the docs builds without warnings or network, and asks for nothing outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
import typer.main

import msds
from helpers.axe import serious
from helpers.browser import NARROW, Browser, browser
from msds.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/example/example"
UNREACHABLE = "http://127.0.0.1:9"
"""Nobody listens there: what is asked for through this proxy is not had."""

pytestmark = pytest.mark.slow


class Page(NamedTuple):
    """What a page links to, what it loads, and the names of its places."""

    links: list[str]
    loaded: list[str]
    places: set[str]


class Reader(HTMLParser):
    """Reads a page; links are for readers, everything else is loaded by the browser."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page([], [], set())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.page.places.update(filter(None, (found.get("id"), found.get("name"))))
        if tag == "a":
            self.page.links.append(found.get("href", ""))
        elif tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.page.loaded.append(found["href"])
        for name in ("src", "srcset", "poster", "data"):
            if tag != "a" and name in found:
                self.page.loaded.append(found[name])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    for module in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("site")
    environment = {
        **os.environ,
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), UNREACHABLE),
        "MSDS_REPOSITORY": f"{REPOSITORY}.git",
        "NO_MKDOCS_2_WARNING": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
    }
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """All pages by their paths."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        reader = Reader()
        reader.feed(path.read_text(encoding="utf-8"))
        found[path.relative_to(site).as_posix()] = reader.page
    return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


def test_every_page_and_style_sheet_loads_only_what_lies_in_the_site(
    site: Path, pages: dict[str, Page]
) -> None:
    for name, page in pages.items():
        for address in page.loaded:
            parts = urlsplit(address)
            assert not parts.netloc, f"{name} loads {address}"
            assert parts.scheme in ("", "data"), f"{name} loads {address}"
            if name != "404.html" and not parts.scheme:
                assert ((site / name).parent / unquote(parts.path)).exists(), f"{name}: {address}"
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        for address in re.findall(r"(?:url\(|@import\s*)[\"']?([^\"')]+)", text):
            assert not urlsplit(address).netloc, f"{sheet.name} loads {address}"
            if not address.startswith(("data:", "#")):
                assert (sheet.parent / urlsplit(address).path).exists(), f"{sheet.name}: {address}"


def test_internal_links_lead_to_pages_and_places_that_are_there(
    site: Path, pages: dict[str, Page]
) -> None:
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or name == "404.html":
                continue
            target = name
            if parts.path:
                path = ((site / name).parent / unquote(parts.path)).resolve()
                path = path / "index.html" if path.is_dir() else path
                assert path.exists(), f"{name} links to {link}"
                target = path.relative_to(site.resolve()).as_posix()
            if parts.fragment and target in pages:
                place = unquote(parts.fragment)
                assert place in pages[target].places, f"{name} links to {link}"


def test_the_link_to_the_repository_is_that_of_the_clone(pages: dict[str, Page]) -> None:
    assert REPOSITORY in pages["index.html"].links


def test_pages_lead_to_the_previous_and_the_next(site: Path) -> None:
    text = (site / "method.html").read_text(encoding="utf-8")
    assert 'rel="prev"' in text
    assert 'rel="next"' in text


def test_the_search_index_holds_the_words_of_the_pages(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"].partition("#")[0] for entry in index["docs"]
             if "BD-rate" in entry["title"] + entry["text"]}  # fmt: skip
    assert "sweeps.html" in found


def test_the_reference_of_the_command_has_a_page_for_each_verb_with_every_option(
    pages: dict[str, Page],
) -> None:
    command = typer.main.get_command(app)
    for name, verb in command.commands.items():  # type: ignore[attr-defined]
        places = pages[f"reference/commands/{name}.html"].places
        for below, prefix in each_verb(verb):
            for option in below.params:
                if option.help and not option.hidden:
                    longest = max(option.opts, key=len).lstrip("-").lower()
                    assert f"{prefix}{longest}" in places, f"msds {name} {prefix}: {option.opts}"


def each_verb(verb: Any) -> Iterator[tuple[Any, str]]:
    """A verb, or those of a group, and what their places begin with."""
    if hasattr(verb, "commands"):
        for name, below in verb.commands.items():
            yield below, f"{name}-"
    else:
        yield verb, ""


def test_every_name_that_msds_offers_is_in_the_reference(pages: dict[str, Page]) -> None:
    places = set().union(*(page.places for page in pages.values()))
    for name in set(msds.__all__) - {"__version__"}:
        offered = getattr(msds, name)
        assert f"{offered.__module__}.{offered.__qualname__}" in places, name


def test_searching_for_bd_rate_finds_it_without_a_server(site: Path, chromium: Browser) -> None:
    with chromium.open(site / "index.html") as tab:
        tab.page.locator(".md-search__input").press_sequentially("BD-rate")
        first = tab.page.locator(".md-search-result__item").first
        first.wait_for()
        assert "BD-rate" in first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(site: Path, chromium: Browser, scheme: str) -> None:
    for name in ("index.html", "comparison.html", "method.html", "reference/scores.html"):
        with chromium.open(site / name, scheme=scheme) as tab:
            if tab.page.locator(".arithmatex").count():
                tab.page.locator(".arithmatex .katex").first.wait_for(state="attached")
            tab.page.locator(".md-search[aria-label]").wait_for(state="attached")
            assert not serious(tab), name


def test_pages_fit_a_phone_ask_for_nothing_and_typeset_every_equation(
    site: Path, pages: dict[str, Page], chromium: Browser
) -> None:
    asked: list[str] = []
    with chromium.open(site / "index.html", NARROW) as tab:
        tab.page.on("request", lambda request: asked.append(request.url))
        for name in pages:
            if name == "404.html":  # its addresses begin at the root of a server
                continue
            tab.page.goto((site / name).as_uri())
            assert tab.overflow() <= 0, f"{name} is wider than a phone"
            if tab.page.locator(".arithmatex").count():
                tab.page.locator(".arithmatex .katex").first.wait_for(state="attached")
            assert not tab.page.locator(".arithmatex:not(:has(.katex)), .katex-error").count(), name
        problems = [said for said in tab.said if said.startswith("error")]
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
    assert not problems
