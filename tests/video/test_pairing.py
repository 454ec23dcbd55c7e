"""Frames in step by their time stamps, against rules that are counted by hand."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msds.images.video import Frame
from msds.video.pairing import Partners, moments

STEP = Fraction(1, 25)


def frames(times: Iterable[Fraction | int]) -> list[Frame]:
    return [Frame(Fraction(time) * STEP) for time in times]


def paired(
    first: Iterable[Fraction | int],
    second: Iterable[Fraction | int],
    tolerance: Fraction = STEP / 2,
    offset: Fraction = Fraction(0),
) -> tuple[list[tuple[Fraction, Fraction | None]], int]:
    """Times of the pairs in steps, and how many frames of the second clip have no partner."""
    other = Partners(iter(frames(second)), tolerance, offset)
    found = [
        (m.frame.time / STEP, None if p is None else p.time / STEP)
        for m in moments(frames(first), [other])
        for p in m.partners
    ]
    return found, other.alone


def test_a_dropped_frame_leaves_one_without_a_partner_and_the_rest_in_step() -> None:
    found, alone = paired(range(6), [0, 1, 3, 4, 5])
    assert found == [(0, 0), (1, 1), (2, None), (3, 3), (4, 4), (5, 5)]
    assert alone == 0


def test_a_doubled_frame_is_counted() -> None:
    found, alone = paired(range(4), [0, 1, Fraction(3, 2), 2, 3])
    assert found == [(k, k) for k in range(4)]
    assert alone == 1


def test_at_half_the_rate_every_second_frame_has_a_partner() -> None:
    found, alone = paired(range(6), [0, 2, 4])
    assert [b for _, b in found] == [0, None, 2, None, 4, None]
    assert alone == 0


def test_at_twice_the_rate_every_second_frame_of_the_distorted_is_left_over() -> None:
    found, alone = paired([0, 2, 4], range(6), STEP / 2)
    assert found == [(0, 0), (2, 2), (4, 4)]
    assert alone == 3


def test_times_that_are_rounded_belong_together() -> None:
    rounded = [Fraction(round(1000 * k * STEP), 1000) / STEP + Fraction(1, 100) for k in range(5)]
    found, alone = paired(range(5), rounded)
    assert [b for _, b in found] == rounded
    assert alone == 0


def test_an_offset_moves_the_clock_of_the_distorted() -> None:
    found, alone = paired(range(4), range(3, 9), offset=3 * STEP)
    assert found == [(k, k + 3) for k in range(4)]
    assert alone == 2


def test_of_two_frames_near_one_moment_the_nearer_one_is_taken() -> None:
    found, alone = paired([0, 1], [Fraction(-2, 5), Fraction(1, 10), 1])
    assert found == [(0, Fraction(1, 10)), (1, 1)]
    assert alone == 1


@given(
    st.sets(st.integers(0, 60), max_size=20),
    st.sets(st.integers(0, 60), max_size=20),
    st.integers(1, 12),
)
def test_no_later_frame_is_nearer_and_nobody_is_lost(
    first: set[int], second: set[int], tolerance: int
) -> None:
    a, b = sorted(first), sorted(second)
    found, alone = paired(a, b, tolerance * STEP)
    assert [time for time, _ in found] == a
    taken = [partner for _, partner in found if partner is not None]
    assert taken == sorted(set(taken))
    assert alone == len(b) - len(taken)
    for time, partner in found:
        if partner is not None:
            assert abs(time - partner) < tolerance
            assert all(abs(time - partner) <= abs(later - partner) for later in a if later > time)
            assert all(abs(time - partner) <= abs(time - later) for later in b if later > partner)


@pytest.mark.parametrize("known", [0, 3, 7])
def test_going_on_behind_a_frame_gives_what_was_still_to_come(known: int) -> None:
    second = [0, 1, 2, 4, 5, Fraction(11, 2), 6, 7, 8]
    whole = Partners(iter(frames(second)), STEP / 2)
    everything = list(moments(frames(range(9)), [whole]))
    last = everything[known]
    rest = Partners(iter(frames(second)), STEP / 2, begin=last.frame.time)
    after = (last.frame.time, last.number)
    assert [
        (m.number, m.frame, m.partners) for m in moments(frames(range(9)), [rest], after=after)
    ] == [(m.number, m.frame, m.partners) for m in everything[known + 1 :]]
    assert last.passed[0] + rest.alone == whole.alone


def test_going_on_behind_a_frame_of_a_fine_clock_scores_none_twice() -> None:
    clock = Fraction(1, 10_000_019)  # finer than microseconds
    times = [Frame(k * STEP + k * clock) for k in range(1, 6)]
    for known in (1, 2, 3):
        after = (Fraction(float(times[known].time)), known)
        other = Partners(iter(times), STEP / 2, begin=after[0])
        found = list(moments(times, [other], after=after))
        assert [m.frame for m in found] == [m.partners[0] for m in found] == times[known + 1 :]


def test_only_frames_between_two_times_count() -> None:
    other = Partners(
        iter(frames([0, 1, 2, Fraction(5, 2), 3, 4, 5])), STEP / 2, begin=2 * STEP, end=4 * STEP
    )
    found = list(moments(frames(range(6)), [other], 2 * STEP, 4 * STEP))
    assert [(m.number, m.frame.time / STEP) for m in found] == [(0, 2), (1, 3)]
    assert other.alone == 1
