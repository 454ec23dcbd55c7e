"""References stay as long as they are used, and no longer."""

from __future__ import annotations

from typing import Any, cast

from msds.web.kept import Kept, Known


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def known(name: str) -> Known:
    return Known(name, cast("Any", None), "")


def test_what_is_kept_is_found_by_a_name_that_nobody_guesses() -> None:
    kept = Kept(3, 10)
    keys = [kept.put(known("a")) for _ in range(3)]
    assert len(set(keys)) == 3
    assert all(len(key) >= 24 for key in keys)
    found = kept.get(keys[0])
    assert found is not None
    assert found.name == "a"
    assert kept.get("a") is None


def test_the_one_not_used_for_longest_leaves_first() -> None:
    kept = Kept(2, 10)
    first, second = kept.put(known("first")), kept.put(known("second"))
    kept.get(first)
    third = kept.put(known("third"))
    assert kept.get(second) is None
    assert kept.get(first) is not None
    assert kept.get(third) is not None


def test_what_is_not_used_is_forgotten_in_time() -> None:
    clock = Clock()
    kept = Kept(5, 10, clock)
    first, second = kept.put(known("first")), kept.put(known("second"))
    clock.now = 8
    assert kept.get(first) is not None
    clock.now = 12
    assert len(kept) == 1
    assert kept.get(second) is None
    clock.now = 17
    assert kept.get(first) is not None
    clock.now = 40
    assert len(kept) == 0


def test_what_is_dropped_is_gone() -> None:
    kept = Kept(5, 10)
    key = kept.put(known("a"))
    assert kept.drop(key)
    assert not kept.drop(key)
    assert kept.get(key) is None
