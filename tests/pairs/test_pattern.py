"""Patterns: which image belongs to which reference by the form of its name."""

from __future__ import annotations

import re
from itertools import combinations_with_replacement, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.plans import names, touch
from msds.errors import InputError
from msds.pairs import Pattern, guess_pattern, plan_paths


def test_fields_of_a_pattern_become_columns(tmp_path: Path) -> None:
    touch(tmp_path / "r", "a.png", "s/b.png")
    touch(tmp_path / "d", "x264/a_q10.webp", "x264/s/b_q20.webp", "x264/a.webp")
    plan = plan_paths(tmp_path / "r", tmp_path / "d", Pattern("{codec}/{stem}_q{quality}.webp"))
    assert names(plan, tmp_path) == [
        ("r/a.png", "d/x264/a_q10.webp"),
        ("r/s/b.png", "d/x264/s/b_q20.webp"),
    ]
    assert [dict(pair.columns) for pair in plan.pairs] == [
        {"codec": "x264", "quality": "10"},
        {"codec": "x264", "quality": "20"},
    ]
    assert plan.columns == ("codec", "quality")
    assert plan.unmatched_distorted == (str(tmp_path / "d/x264/a.webp"),)


def test_a_name_that_a_pattern_can_read_in_two_ways_is_ambiguous(tmp_path: Path) -> None:
    touch(tmp_path / "r", "a.png", "a_b.png", "c.png")
    touch(tmp_path / "d", "a_b_c.jpg", "c_x_y_z.jpg")
    (tmp_path / "e").mkdir()
    by_reference = plan_paths(tmp_path / "r", tmp_path / "d", Pattern("{stem}_{kind}.jpg"))
    (one,) = by_reference.ambiguous
    assert "could belong to" in str(one)
    assert names(by_reference, tmp_path) == [("r/c.png", "d/c_x_y_z.jpg")]
    by_field = plan_paths(tmp_path / "r", tmp_path / "d", Pattern("{stem}_{kind}_{level}.jpg"))
    (one,) = by_field.ambiguous
    assert one.references == (str(tmp_path / "r/c.png"),)
    assert set(one.readings) == {"kind=x, level=y_z", "kind=x_y, level=z"}


def test_a_pattern_tells_references_and_distorted_images_apart_in_one_folder(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "a.png", "a_q1.jpg", "b.png", "b_q1.jpg", "b_q1_q2.jpg")
    plan = plan_paths(tmp_path, tmp_path, Pattern("{stem}_q{quality}.jpg"))
    assert names(plan, tmp_path) == [
        ("a.png", "a_q1.jpg"),
        ("b.png", "b_q1.jpg"),
        ("b.png", "b_q1_q2.jpg"),
    ]
    assert plan.complete


def test_a_pattern_with_one_reference_needs_no_stem(tmp_path: Path) -> None:
    touch(tmp_path, "r.png", "d/q5.jpg", "d/q9.jpg", "d/other.png")
    plan = plan_paths(tmp_path / "r.png", tmp_path / "d", Pattern("q{quality}.jpg"))
    assert [pair.columns["quality"] for pair in plan.pairs] == ["5", "9"]
    assert plan.left_out == (str(tmp_path / "d/other.png"),)
    assert plan.complete


def test_a_pattern_does_not_speak_of_images_of_another_suffix(tmp_path: Path) -> None:
    touch(tmp_path, "r/a.png", "d/a_q1.webp", "d/a_q1.avif", "d/a.webp", "d/b_q1.webp")
    plan = plan_paths(tmp_path / "r", tmp_path / "d", Pattern("{stem}_q{quality}.webp"))
    assert names(plan, tmp_path) == [("r/a.png", "d/a_q1.webp")]
    assert plan.left_out == (str(tmp_path / "d/a_q1.avif"),)
    assert plan.unmatched_distorted == tuple(
        str(tmp_path / "d" / f"{x}.webp") for x in ("a", "b_q1")
    )
    touch(tmp_path, "e/a_q1.avif")
    assert not plan_paths(tmp_path / "r/a.png", tmp_path / "e", Pattern("a_q{q}.webp")).pairs
    assert Pattern("{stem}/{quality}").suffix == Pattern("{stem}.d/q{quality}").suffix == ""
    assert Pattern("{stem}.v2.PNG").suffix == ".png"


def test_a_name_with_very_many_readings_is_ambiguous_without_trying_them_all(
    tmp_path: Path,
) -> None:
    # As many readings as ways to choose 4 of some 240 places, 132 million, were all tried.
    pattern = Pattern("{a}_{b}_{c}_{d}_{stem}.png")
    name = "_" * 240 + ".png"
    assert list(pattern.readings(name, {"x"})) == []
    first, second = islice(pattern.readings(name, {"_"}), 2)
    assert first != second
    touch(tmp_path, "r/x.png", "r/_.png", f"d/{name}")
    (one,) = plan_paths(tmp_path / "r", tmp_path / "d", pattern).ambiguous
    assert one.references == (str(tmp_path / "r/_.png"),)


@given(
    name=st.text("_q./ab", max_size=8),
    stems=st.sets(st.text("_q/ab", min_size=1, max_size=3), max_size=4),
    text=st.sampled_from(["{stem}_{x}", "{x}_{stem}.{y}", "q{x}/{stem}", "{x}q{y}_{z}", "{stem}"]),
)
def test_the_readings_of_a_pattern_are_all_there_are(name: str, stems: set[str], text: str) -> None:
    # Source: every way to cut the name at the places where the literal text stands.
    parts = re.split(r"\{(\w+)\}", text)
    fields, literals = parts[1::2], parts[::2]
    expected = []
    for cuts in combinations_with_replacement(range(len(name) + 1), 2 * len(fields)):
        ends = list(zip(cuts[::2], cuts[1::2], strict=True))
        between = zip([0, *cuts[1::2]], [*cuts[::2], len(name)], strict=True)
        values = {field: name[a:b] for field, (a, b) in zip(fields, ends, strict=True)}
        if (
            [name[a:b] for a, b in between] == literals
            and all(values.values())
            and all("/" not in value for field, value in values.items() if field != "stem")
            and values.get("stem", "") in {"", *stems}
        ):
            expected.append(values)
    found = list(Pattern(text).readings(name, stems))
    assert sorted(map(str, found)) == sorted(map(str, expected))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plain.png", "has no field"),
        ("{stem", "a brace without its partner"),
        ("stem}", "a brace without its partner"),
        ("{stem}_{q}_{q}.png", "the field {q} stands twice"),
        ("{stem}{q}.png", "nothing stands between {stem} and {q}"),
        ("{stem}_{1}.png", "{1} is not a field"),
        ("{}_{stem}", "{} is not a field"),
    ],
)
def test_a_wrong_pattern_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        Pattern(text)
    assert message in str(error.value)


PART = st.text("ab_q.", min_size=1, max_size=5)


@given(stem=PART, quality=PART, others=st.sets(PART, max_size=4))
def test_a_pattern_reads_back_what_it_could_have_written(
    stem: str, quality: str, others: set[str]
) -> None:
    readings = list(
        Pattern("{stem}_q{quality}.webp").readings(f"{stem}_q{quality}.webp", {stem, *others})
    )
    assert {"stem": stem, "quality": quality} in readings
    for values in readings:
        assert "{stem}_q{quality}.webp".format(**values) == f"{stem}_q{quality}.webp"
        assert values["stem"] in {stem, *others}
    assert len({tuple(values.items()) for values in readings}) == len(readings)


@pytest.mark.parametrize(
    ("distorted", "expected"),
    [
        (["a_q10.webp", "a_q100.webp", "b_q10.webp"], "{stem}_q{version}.webp"),
        (["a_jpeg10.jpg", "b_jpeg10.jpg"], "{stem}_jpeg{version}.jpg"),
        (["a_small.jpg", "b_small.jpg"], "{stem}_{version}.jpg"),
        (["a-10.jpg", "b-blur.png"], "{stem}-{version}.{format}"),
        (["a.10.jpg", "in/c_d.9.jpg"], "{stem}.{version}.jpg"),
        (["a_x_q1.webp", "a_y_q1.webp"], "{stem}_{version}.webp"),
        (["a_blur1.png", "b_brighter2.png"], "{stem}_{version}.png"),
        (["a_q10.webp", "b-q10.webp"], None),
        (["a_q10.webp", "else_q10.webp"], None),
        (["a_/q10.webp"], None),
        (["a_.webp"], None),
    ],
)
def test_a_pattern_that_is_proposed_pairs_every_image(
    tmp_path: Path, distorted: list[str], expected: str | None
) -> None:
    touch(tmp_path / "r", "a.png", "b.png", "in/c_d.png")
    touch(tmp_path / "d", *distorted)
    guess = guess_pattern(tmp_path / "r", tmp_path / "d")
    assert guess == expected
    if guess is not None:
        plan = plan_paths(tmp_path / "r", tmp_path / "d", Pattern(guess))
        assert len(plan.pairs) == len(distorted)
        assert plan.unmatched_distorted == ()
        assert plan.ambiguous == ()
