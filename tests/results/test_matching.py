"""Pairs of two runs are matched by name, and by the end of their names where folders moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msds.results import Score
from msds.results.matching import match


def scores(*names: str, reference: str = "ref/{}.png") -> list[Score]:
    """Pairs of distorted images, whose references have the names up to the first _ or dot."""
    stems = [name.rpartition("/")[2].partition(".")[0].partition("_")[0] for name in names]
    return [Score(reference.format(stem), name) for stem, name in zip(stems, names, strict=True)]


def test_equal_names_are_matched_whatever_their_order() -> None:
    found = match(scores("out/b.png", "out/a.png"), scores("out/a.png", "out/b.png"))
    assert found.pairs == {0: 1, 1: 0}
    assert found.renamed == {}


def test_a_renamed_folder_keeps_its_pairs() -> None:
    new = scores("compressed2/cats/one_q20.webp", "compressed2/one_q20.webp")
    old = scores("compressed/one_q20.webp", "compressed/cats/one_q20.webp", "compressed/two.webp")
    found = match(new, old)
    assert found.pairs == {0: 1, 1: 0}
    assert found.renamed == {"compressed": "compressed2"}


def test_folders_of_references_may_be_renamed_too_and_runs_start_elsewhere() -> None:
    new = scores("/data/x/out/one.webp", reference="/data/x/golden/{}.png")
    old = scores("out/one.webp", reference="originals/{}.png")
    assert match(new, old).pairs == {0: 0}


def test_files_of_the_same_name_in_folders_that_both_runs_have_are_not_the_same() -> None:
    new = scores("a/two.webp", "b/one.webp")
    old = scores("a/one.webp", "a/two.webp")
    assert match(new, old).pairs == {0: 1}


def test_what_could_be_either_of_two_is_neither() -> None:
    new = scores("new/x/one.webp", "new/y/one.webp")
    old = scores("old/one.webp")
    assert match(new, old).pairs == {}


def test_another_reference_is_another_pair() -> None:
    new = [Score("ref/one.png", "new/q20.webp")]
    old = [Score("ref/two.png", "old/q20.webp")]
    assert match(new, old).pairs == {}


def test_a_pair_that_stands_there_twice_is_matched_as_often_as_it_is_there() -> None:
    new, old = scores("a/one.png", "a/one.png", "a/one.png"), scores("a/one.png", "a/one.png")
    assert match(new, old).pairs == {0: 0, 1: 1}


FOLDERS = st.lists(st.sampled_from("abc"), max_size=3).map(lambda p: "/".join(["top", *p]))
NAMES = st.lists(st.tuples(FOLDERS, st.sampled_from("123")), unique=True, max_size=12)


@given(NAMES, st.randoms(use_true_random=False))
def test_renaming_the_topmost_folder_loses_no_pair(names: list[tuple[str, str]], random) -> None:  # type: ignore[no-untyped-def]
    old = scores(*(f"{folder}/{name}.png" for folder, name in names))
    new = scores(
        *(f"{folder.replace('top', 'other/place', 1)}/{name}.png" for folder, name in names)
    )
    order = list(range(len(new)))
    random.shuffle(order)
    found = match([new[k] for k in order], old)
    assert found.pairs == dict(enumerate(order))


@given(NAMES, NAMES)
def test_no_row_is_matched_twice(new: list[tuple[str, str]], old: list[tuple[str, str]]) -> None:
    found = match(*(scores(*(f"{f}/{n}.png" for f, n in names)) for names in (new, old)))
    assert len(set(found.pairs.values())) == len(found.pairs)


@pytest.mark.parametrize("count", [2000])
def test_many_pairs_are_matched(count: int) -> None:
    old = scores(*(f"old/{k % 7}/{k}.png" for k in range(count)))
    new = scores(*(f"new/{k % 7}/{k}.png" for k in range(count)))
    assert match(new, old).pairs == {k: k for k in range(count)}
