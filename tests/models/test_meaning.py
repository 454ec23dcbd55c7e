"""A score in words: against a table made up here, and what the shipped one must hold."""

from __future__ import annotations

import pytest

from msds import MSDS
from msds.models.meaning import TABLE, WORDS, in_words, meaning, quality_of

ROWS = [
    {"quality": 10, "low": 0.2, "median": 0.4, "high": 0.5},
    {"quality": 50, "low": 0.6, "median": 0.8, "high": 0.9},
    {"quality": 90, "low": 0.8, "median": 0.9, "high": 1.0},
]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.5, "20 (10 to 40)"),
        # Half way between the medians of 10 and 50; at 0.6 the highest photographs are at
        # 10 + 40 * 0.1 / 0.4, the lowest at 50.
        (0.6, "30 (20 to 50)"),
        (0.8, "50 (40 to 90)"),
        (0.45, "15 (below 10 to 35)"),
        (0.39, "below 10"),
        (0.91, "above 90"),
    ],
)
def test_a_quality_is_read_off_between_those_that_were_measured(
    score: float, expected: str
) -> None:
    assert quality_of(score, ROWS) == expected


def test_a_model_that_was_not_measured_has_no_words() -> None:
    assert in_words(0.9, "msds-compact-v3(levels=2)") is None
    assert meaning("deepssim-vgg16") is None


def test_words_name_codecs_and_what_people_said() -> None:
    words = in_words(0.95, "msds-compact-v3")
    assert words is not None
    for part in ("JPEG", "WebP", "AVIF", "rated pairs", "annoying"):
        assert part in words
    assert in_words(1.0, "msds-compact-v3") == "as the reference"


def test_the_shipped_table_is_of_the_default_model_as_it_is() -> None:
    metric = MSDS()
    entry = meaning(metric.model_id)
    assert entry is not None, f"{TABLE}: run `python -m benchmarks.meaning`"
    assert entry["fingerprint"] == metric.fingerprint


@pytest.mark.parametrize("model", ["msds-compact-v3", "msds-vgg16"])
def test_better_qualities_score_better_and_shares_are_whole(model: str) -> None:
    entry = meaning(model)
    assert entry is not None
    for rows in entry["codecs"].values():
        medians = [row["median"] for row in rows]
        assert medians == sorted(medians)
        assert all(row["low"] <= row["median"] <= row["high"] for row in rows)
    for row in entry["people"]:
        assert sum(row[word] for word in WORDS.values()) == pytest.approx(1, abs=0.01)
    tops = [row["to"] for row in entry["people"]]
    assert tops == [1.0, *(row["from"] for row in entry["people"][:-1])]
    # Better scores, better opinions.
    means = [row["mean"] for row in entry["people"]]
    assert means == sorted(means, reverse=True)
