"""Text of others, as it is shown."""

from __future__ import annotations

import unicodedata

from msds.text import one_line


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
