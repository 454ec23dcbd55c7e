"""What levels show, in words: from fine detail to the overall layout, however many there are."""

from __future__ import annotations

import pytest

from msds.method.pyramid import MAX_LEVELS
from msds.models.levels import level_name, level_words


@pytest.mark.parametrize("levels", range(2, MAX_LEVELS + 1))
def test_every_level_has_words_and_neighbours_differ(levels: int) -> None:
    words = level_words(levels)
    assert len(words) == levels
    assert all(words)
    assert (words[0], words[-1]) == ("fine detail", "overall layout")
    if levels <= 6:
        assert len(set(words)) == levels
    names = [level_name(k, levels) for k in range(levels)]
    assert names == [f"level {k}, {word}" for k, word in enumerate(words, 1)]


def test_a_level_that_is_alone_shows_all_and_needs_no_words() -> None:
    assert level_words(1) == ("",)
    assert level_name(0, 1) == "level 1"
