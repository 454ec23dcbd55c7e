"""A record in words: what its score means, or that its parts are not in their places."""

from __future__ import annotations

from typing import NamedTuple

from msds.metric.maps.position import NOTE
from msds.models.meaning import in_words, mostly
from msds.results import Score


class Words(NamedTuple):
    """What a score says to people.

    Attributes
    ----------
    meaning : the score in a sentence; None where that was not measured for the model, or where
        parts have moved, which they had in none of the images that it was measured with.
    mostly : what most people called pairs of such a score; None as above.
    position : the note that parts are alike but not in the same places, where it was found.
    done : what was done to the images: all other notes.
    """

    meaning: str | None
    mostly: str | None
    position: str | None
    done: tuple[str, ...]


def words_of(score: Score, position: str | None = None) -> Words:
    """The words of a record.

    Parameters
    ----------
    position : the note on moved parts, where it is known and not in the record.
    """
    position = position or next((note for note in score.notes if note == NOTE), None)
    done = tuple(note for note in score.notes if note != NOTE)
    if position is not None or score.score is None:
        return Words(None, None, position, done)
    value, model = score.score, score.model
    return Words(in_words(value, model), mostly(value, model), None, done)
