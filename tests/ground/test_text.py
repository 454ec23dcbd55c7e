"""Text of others, as it is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from msds.text import counted, did_you_mean, markdown, one_line


def test_characters_that_move_or_hide_others_are_shown_as_escapes() -> None:
    # Unicode Standard Annex 9, "Directional Formatting Characters": embeddings, overrides,
    # isolates and marks, which the character database tells by their bidirectional classes.
    classes = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    marks = [c for c in map(chr, range(0x110000)) if unicodedata.bidirectional(c) in classes]
    marks += ["\u061c", "\u200e", "\u200f"]  # implicit marks have the class of a letter
    assert len(marks) == 12
    for character in (*marks, "\n", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"):
        shown = one_line(f"photo{character}gpj.exe")
        assert shown == f"photo{ascii(character)[1:-1]}gpj.exe"


def test_other_alphabets_stay_as_they_are() -> None:
    for text in ("Größe 写真 שלום مرحبا", "a b", "é\u0301"):
        assert one_line(text) == text


HOSTILE = st.text(st.sampled_from("ab1 _*|`\\<>~&#;[](){}!/?:=\u202e\n\"'-"), max_size=12)


@given(HOSTILE)
def test_any_text_stands_in_a_cell_of_markdown_as_it_is(text: str) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(f"| {markdown(text)} | end |\n|---|---|\n")
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 2
    parts = cells[0].children or []
    assert {part.type for part in parts} <= {"text", "text_special"}
    assert "".join(part.content for part in parts) == one_line(text).strip()


def test_markdown_leaves_ordinary_names_and_numbers_alone() -> None:
    for text in ("level_1", "0.500 [0.250, 0.750]", "< 0.001*", "a (b) #2", "x & y", "JPEG -1.5"):
        assert markdown(text) == text


def test_a_misspelt_name_is_told_what_it_seems_to_mean() -> None:
    known = ("tid2013", "kadid10k", "live")
    assert did_you_mean("KADID10", known) == " (did you mean kadid10k?)"
    assert did_you_mean("imagenet", known) == ""


@pytest.mark.parametrize(
    ("number", "things", "said"),
    [
        (1, "pairs", "1 pair"),
        (0, "pairs", "0 pairs"),
        (1_234_567, "pairs", "1234567 pairs"),
        (0.5, "degrees", "0.5 degrees"),
        (2.0, "%", "2 %"),
    ],
)
def test_numbers_of_things_are_counted_out(number: float, things: str, said: str) -> None:
    assert counted(number, things) == said
