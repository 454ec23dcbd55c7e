"""What the site is made with: docstrings as numpydoc has them, links to the repository."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]

DOCSTRING = """\
What it does.

Parameters
----------
first, second : two images, of one
    size.
third : a number.

Returns
-------
(N,) tensor, in the order
of the images.

Raises
------
InputError
    If they differ.
"""


def hook(name: str) -> ModuleType:
    """A file of docs/hooks, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "hooks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_descriptions_stand_where_numpydoc_has_them() -> None:
    griffe = pytest.importorskip("griffe")
    text = hook("docstrings").rewritten(DOCSTRING, "Tensor")
    parsed = griffe.Docstring(text).parse("numpy", warnings=False)
    parameters, returned, raised = (section.value for section in parsed[1:])
    assert [(one.name, one.description.split()) for one in parameters] == [
        ("first", ["two", "images,", "of", "one", "size."]),
        ("second", ["two", "images,", "of", "one", "size."]),
        ("third", ["a", "number."]),
    ]
    assert [str(one.annotation) for one in returned] == ["Tensor"]
    assert returned[0].description.startswith("(N,) tensor, in the order")
    assert [(one.annotation, one.description) for one in raised] == [
        ("InputError", "If they differ.")
    ]


def test_pages_named_in_a_docstring_are_linked_by_their_titles() -> None:
    pytest.importorskip("griffe")
    linked = hook("docstrings").linked
    text = "form (see docs/method.md); `docs/models/compact.md`; docs/none.md of another"
    title = (ROOT / "docs" / "method.md").read_text(encoding="utf-8").splitlines()[0][2:]
    shown = linked(text)
    assert f"(see [{title}](../method.md));" in shown
    assert "](../models/compact.md);" in shown
    assert shown.endswith("docs/none.md of another")


def test_what_is_for_readers_of_the_sources_is_not_on_the_site() -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="changelog.md"))
    source = (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8")
    assert "(../CHANGELOG.md)" in source
    shown = hook("repository").on_page_markdown(source, page=page, config={"repo_url": None})
    assert shown.startswith("# Changelog")
    for path in (ROOT / "docs" / "reference").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        if "\n:::" in text:
            assert "`make docs`" in text.partition("\n:::")[0], path.name


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        ("git@example.org:some/fork.git", "https://example.org/some/fork"),
        ("ssh://git@example.org/some/fork.git", "https://example.org/some/fork"),
        ("https://name:secret@example.org/some/fork.git", "https://example.org/some/fork"),
        ("../elsewhere", None),
    ],
)
def test_the_repository_is_linked_without_the_secrets_of_its_address(
    origin: str, shown: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSDS_REPOSITORY", origin)
    assert hook("repository").address() == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.org/fork", "[it](https://example.org/fork/blob/HEAD/examples/common.py)"),
        (None, "it"),
    ],
)
def test_a_link_that_leaves_the_docs_leads_to_the_repository(
    address: str | None, shown: str
) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="tutorials/one.md"))
    lead = hook("repository").on_page_markdown
    text = "[it](../../examples/common.py) and [this](../method.md#msds), xs[0](y)"
    expected = f"{shown} and [this](../method.md#msds), xs[0](y)"
    assert lead(text, page=page, config={"repo_url": address}) == expected


def test_an_included_file_has_its_links_as_the_page_needs_them() -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="contributing.md"))
    lead = hook("repository").on_page_markdown
    shown = lead('--8<-- "CONTRIBUTING.md"', page=page, config={"repo_url": None})
    assert shown.startswith("# Contributing")
    assert "](architecture.md)" in shown
    assert "](releasing.md)" in shown


def test_every_variable_of_the_environment_that_is_read_is_in_the_docs() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.rglob("src/msds/**/*.py"))
    read = set(re.findall(r"[\"'](MSDS_[A-Z_]+)[\"']", code))
    page = (ROOT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
    assert read
    assert read <= set(re.findall(r"^\| `(MSDS_[A-Z_]+)`", page, re.MULTILINE))


def test_a_picture_by_itself_leads_to_its_file() -> None:
    wrap = hook("pictures").on_page_content
    shown = wrap('<p><img alt="it" src="a.png"></p><p>with words <img src="b.png"></p>')
    assert shown.startswith('<p><a class="picture" href="a.png"><img alt="it" src="a.png"></a></p>')
    assert shown.endswith('<p>with words <img src="b.png"></p>')


def test_calls_and_examples_of_the_reference_are_as_they_are_typed() -> None:
    pages = hook("commands").pages()
    assert "msds compare [OPTIONS] RESULTS...\n" in pages["compare.md"]
    assert "msds weights fetch [OPTIONS] [NAME...]\n" in pages["weights.md"]
    examples = pages["serve.md"].partition("## Examples")[2]
    assert "\nMSDS_TOKEN=" in examples.partition("```sh")[2].partition("```")[0]


def test_pages_that_are_named_nowhere_stand_in_the_places_kept_for_them() -> None:
    nav = [{"First": "index.md"}, {"Results": [{"One": "results/one.md"}, "results/"]}, "./"]
    pages = ["index.md", "new.md", "results/one.md", "results/two.md"]
    assert hook("navigation").placed(nav, pages) == [
        {"First": "index.md"},
        {"Results": [{"One": "results/one.md"}, "results/two.md"]},
        "new.md",
    ]
