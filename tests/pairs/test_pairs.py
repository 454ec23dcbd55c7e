"""Pairing of files: by name, by pattern, by table."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from itertools import combinations_with_replacement, islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msds.errors import InputError
from msds.pairs import Pair, Pattern, Plan, guess_pattern, plan_paths, read_manifest


def touch(folder: Path, *names: str) -> Path:
    """Empty files: pairing looks at names only."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def names(plan: Plan, root: Path) -> list[tuple[str, str]]:
    return [
        (
            pair.reference_path.relative_to(root).as_posix(),
            pair.distorted_path.relative_to(root).as_posix(),
        )
        for pair in plan.pairs
    ]


def test_two_files_are_one_pair_whatever_their_suffix(tmp_path: Path) -> None:
    touch(tmp_path, "a.raw", "b")
    plan = plan_paths(tmp_path / "a.raw", tmp_path / "b")
    assert names(plan, tmp_path) == [("a.raw", "b")]
    assert plan.complete


def test_folders_are_paired_by_relative_stem_whatever_the_suffix(tmp_path: Path) -> None:
    touch(tmp_path / "r", "a.png", "deep/a.tif", "deep/b.v2.png")
    touch(tmp_path / "d", "a.JPG", "deep/a.webp", "deep/a.avif", "deep/b.v2.jpg")
    plan = plan_paths(tmp_path / "r", tmp_path / "d")
    assert names(plan, tmp_path) == [
        ("r/a.png", "d/a.JPG"),
        ("r/deep/a.tif", "d/deep/a.avif"),
        ("r/deep/a.tif", "d/deep/a.webp"),
        ("r/deep/b.v2.png", "d/deep/b.v2.jpg"),
    ]
    assert plan.complete


def test_files_without_a_partner_are_listed(tmp_path: Path) -> None:
    touch(tmp_path / "r", "a.png", "alone.png", "notes.txt", ".hidden.png")
    touch(tmp_path / "d", "a.jpg", "sub/a.jpg", "sub/.git/a.jpg")
    plan = plan_paths(tmp_path / "r", tmp_path / "d")
    assert names(plan, tmp_path) == [("r/a.png", "d/a.jpg")]
    assert plan.unmatched_references == (str(tmp_path / "r/alone.png"),)
    assert plan.unmatched_distorted == (str(tmp_path / "d/sub/a.jpg"),)
    assert plan.ignored == (str(tmp_path / "r/notes.txt"),)
    assert not plan.complete


def test_several_references_of_one_stem_are_ambiguous_unless_one_has_the_same_name(
    tmp_path: Path,
) -> None:
    touch(tmp_path / "r", "a.png", "a.tif")
    touch(tmp_path / "d", "a.jpg", "a.tif")
    plan = plan_paths(tmp_path / "r", tmp_path / "d")
    assert names(plan, tmp_path) == [("r/a.tif", "d/a.tif")]
    (one,) = plan.ambiguous
    assert one.name == str(tmp_path / "d/a.jpg")
    assert "could belong to" in str(one)
    assert plan.unmatched_references == ()
    assert not plan.complete


def test_one_reference_goes_with_every_image_of_a_folder_but_itself(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "a_1.jpg", "sub/other.webp", "list.csv")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    plan = plan_paths(tmp_path / "a.png", tmp_path)
    assert names(plan, tmp_path) == [("a.png", "a_1.jpg"), ("a.png", "sub/other.webp")]
    assert plan.complete


def test_a_folder_inside_the_other_is_not_part_of_it(tmp_path: Path) -> None:
    touch(tmp_path / "r", "a.png", "out/a.jpg")
    plan = plan_paths(tmp_path / "r", tmp_path / "r/out")
    assert names(plan, tmp_path) == [("r/a.png", "r/out/a.jpg")]
    assert plan.complete


def test_a_link_to_nowhere_is_a_file_like_others(tmp_path: Path) -> None:
    touch(tmp_path / "r", "a.png")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/a.jpg").symlink_to(tmp_path / "gone")
    assert len(plan_paths(tmp_path / "r", tmp_path / "d").pairs) == 1


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


FILES = st.sets(
    st.tuples(
        st.sampled_from(["a", "b", "c.d", "s/a", "s/b"]), st.sampled_from([".png", ".jpg", ".tif"])
    ).map("".join),
    max_size=10,
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(references=FILES, distorted=FILES)
def test_every_file_is_paired_unmatched_or_ambiguous_and_never_two_of_these(
    references: set[str], distorted: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("folders")
    (root / "r").mkdir()
    (root / "d").mkdir()
    touch(root / "r", *references)
    touch(root / "d", *distorted)
    if not references | distorted:
        with pytest.raises(InputError, match="no images in this folder"):
            plan_paths(root / "r", root / "d")
        return
    plan = plan_paths(root / "r", root / "d")
    seen = [pair.distorted for pair in plan.pairs]
    seen += [*plan.unmatched_distorted, *(one.name for one in plan.ambiguous)]
    assert sorted(seen) == sorted(str(root / "d" / name) for name in distorted)
    used = {pair.reference for pair in plan.pairs}
    used.update(name for one in plan.ambiguous for name in one.references)
    assert used.isdisjoint(plan.unmatched_references)
    everything = {str(root / "r" / name) for name in references}
    assert used | set(plan.unmatched_references) == everything
    for pair in plan.pairs:
        assert pair.reference_path.relative_to(root / "r").with_suffix(
            ""
        ) == pair.distorted_path.relative_to(root / "d").with_suffix("")
    assert plan == plan_paths(root / "r", root / "d")


def test_paths_that_cannot_be_paired_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "r/a.png", "d.png", "empty/readme.txt")
    cases: list[tuple[str, str, str | None, str]] = [
        ("gone", "r", None, "gone: no such file or folder"),
        ("r", "gone", None, "gone: no such file or folder"),
        ("r", "d.png", None, "is a folder and"),
        ("r", "r", None, "was given as both folders"),
        ("r", "empty", "{quality}.png", "expected the field {stem} in it"),
        ("d.png", "d.png", "{stem}.png", "A pattern needs a folder"),
        ("d.png", "empty", None, "no images in this folder"),
    ]
    for reference, distorted, pattern, message in cases:
        wanted = None if pattern is None else Pattern(pattern)
        with pytest.raises(InputError) as error:
            plan_paths(tmp_path / reference, tmp_path / distorted, wanted)
        assert message in str(error.value)


ROWS = [
    {"reference": "a.png", "distorted": "d/a b.jpg", "mos": "3.5", "ünit": 'x,"y"\n'},
    {"reference": "/abs/a.png", "distorted": "c.jpg", "mos": "", "ünit": ""},
]


def write_manifest(path: Path, rows: list[dict[str, object]]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        arrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_manifest_gives_pairs_in_its_order_with_its_other_columns(
    tmp_path: Path, suffix: str
) -> None:
    plan = read_manifest(write_manifest(tmp_path / f"m{suffix}", list(ROWS)))
    assert [pair.distorted_path for pair in plan.pairs] == [
        tmp_path / "d/a b.jpg",
        tmp_path / "c.jpg",
    ]
    assert plan.pairs[1].reference_path == Path("/abs/a.png")
    assert [dict(pair.columns) for pair in plan.pairs] == [
        {"mos": row["mos"], "ünit": row["ünit"]} for row in ROWS
    ]
    assert plan.columns == ("mos", "ünit")


def test_numbers_of_a_json_manifest_stay_numbers(tmp_path: Path) -> None:
    path = write_manifest(
        tmp_path / "m.jsonl", [{"reference": "a", "distorted": "b", "mos": 3.5, "n": None}]
    )
    assert dict(read_manifest(path).pairs[0].columns) == {"mos": 3.5, "n": None}


def test_a_row_without_an_image_is_a_row_with_a_problem(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"reference": "a", "distorted": ""},
        {"reference": None, "distorted": "b"},
        {"reference": "a", "distorted": 7},
        {"reference": "a", "distorted": "b\0"},
        {"reference": "a", "distorted": "b"},
    ]
    problems = [
        pair.problem for pair in read_manifest(write_manifest(tmp_path / "m.jsonl", rows)).pairs
    ]
    assert [problem is None for problem in problems] == [False, False, False, False, True]
    assert problems[0] == "line 1 of the manifest names no distorted image (found '')"
    assert problems[1] == "line 3 of the manifest names no reference image (found None)"


def test_a_row_of_a_table_without_an_image_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('reference,distorted,note\na,b,"two\nlines"\n\na,,\n')
    assert str(read_manifest(path).pairs[1].problem).startswith("line 5 of the manifest names no")
    rows: list[dict[str, object]] = [{"reference": "a", "distorted": d} for d in ("b", "")]
    parquet = write_manifest(tmp_path / "m.parquet", rows)
    assert str(read_manifest(parquet).pairs[1].problem).startswith("row 2 of the manifest names")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.txt", b"x", "a manifest's name ends in .csv"),
        ("m.csv", b"", "the manifest has no rows"),
        ("m.csv", b"reference,distorted\n", "the manifest has no rows"),
        ("m.csv", b"ref,distorted\na,b\n", "row 1 has no column reference; found ref, distorted"),
        ("m.csv", b"ref,distorted\na,b\n", "is it ref?"),
        ("m.csv", b"Reference,Distorted\na,b\n", "is it Reference and Distorted?"),
        ("m.csv", b"r/a.png,d/a.jpg\nr/b.png,d/b.jpg\n", "the first line is a pair of images"),
        ("m.csv", b"r/a.png,d/a.jpg\n", "no rows (in CSV, the first line names the columns)"),
        ("m.csv", b"reference;distorted\na;b\n", "cells are divided by ';'; expected commas"),
        ("m.csv", b"reference,distorted\na,b,c\n", "line 2 has 3 cells; the header has 2"),
        ("m.csv", b"reference,distorted\na\n", "line 2 has 1 cells; the header has 2"),
        ("m.csv", b"reference,distorted,reference\na,b,c\n", "two columns have the same name"),
        ("m.csv", b"reference,distorted\n\xff,b\n", "cannot be read as CSV in UTF-8"),
        ("m.jsonl", b'{"reference": "a"\n', "line 1 is not JSON"),
        ("m.jsonl", b'["a", "b"]\n', "line 1 holds list"),
        ("m.jsonl", b'{"reference": "a"}\n', "row 1 has no column distorted; found reference"),
        ("m.jsonl", b'{"distorted": "a", "refer\\nce": "b"}\n', r"found distorted, refer\nce; is"),
        ("m.parquet", b"not parquet", "cannot be read as Parquet"),
    ],
)
def test_a_damaged_manifest_is_refused_with_the_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_manifest(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert ".." not in str(error.value)


def test_a_manifest_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(InputError, match="this is a folder"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffreference,distorted,q\nr/a,b,7\n",
        "reference\tdistorted\tq\r\nr/a\tb\t7\r\n",
        '\n{"reference": "r/a", "distorted": "b", "q": "7"}\n',
    ],
)
def test_a_manifest_on_standard_input_is_relative_to_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    plan = read_manifest(Path("-"))
    assert plan.pairs == (Pair("r/a", "b", Path("r/a"), Path("b"), {"q": "7"}),)


def test_a_manifest_on_standard_input_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for content, message in (
        (b"", "standard input: the manifest has no rows"),
        (b"\xff", "standard input is no text in UTF-8"),
        (b"a,b\n1,2\n", "standard input: row 1 has no column reference"),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        with pytest.raises(InputError, match=message):
            read_manifest(Path("-"))


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no such device here")
def test_a_device_in_the_place_of_a_manifest_is_told_how_standard_input_is_read() -> None:
    with pytest.raises(
        InputError, match="no regular file; expected a manifest. --manifest - reads"
    ):
        read_manifest(Path("/dev/null"))


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"\xef\xbb\xbfreference,distorted\r\na,b\r\n")
    assert read_manifest(path).pairs[0].reference == "a"


def test_names_that_are_no_text_can_be_printed(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff.png")
    try:
        touch(tmp_path / "r", name)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    touch(tmp_path / "d", name)
    (pair,) = plan_paths(tmp_path / "r", tmp_path / "d").pairs
    pair.reference.encode("utf-8")
    assert pair.reference_path.exists()


def test_the_digest_of_a_plan_changes_with_any_of_its_pairs() -> None:
    def plan(**changes: object) -> Plan:
        values = {"reference": "a", "distorted": "b", "columns": {"q": "1"}, **changes}
        return Plan((Pair(reference_path=Path("a"), distorted_path=Path("b"), **values),))  # type: ignore[arg-type]

    digests = [
        plan().digest,
        plan(reference="c").digest,
        plan(distorted="c").digest,
        plan(columns={"q": "2"}).digest,
        Plan(plan().pairs * 2).digest,
    ]
    assert len(set(digests)) == len(digests)
    assert plan().digest == plan(columns={"q": "1"}).digest


def test_tables_may_be_divided_by_tabs_and_not_by_semicolons(tmp_path: Path) -> None:
    tabs = tmp_path / "pairs.tsv"
    tabs.write_text("reference\tdistorted\tquality\na.png\tb,c.png\t80\n")
    [pair] = read_manifest(tabs).pairs
    assert (pair.distorted, pair.columns) == ("b,c.png", {"quality": "80"})
    semicolons = tmp_path / "pairs.csv"
    semicolons.write_text("reference;distorted\na.png;b.png\n")
    with pytest.raises(InputError, match=r"pairs\.csv: cells are divided by ';'; expected commas"):
        read_manifest(semicolons)


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


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_a_link_that_leads_nowhere_is_said_to_be_one(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "b.png").symlink_to("nowhere.png")
    with pytest.raises(InputError, match=r"b\.png: a link that leads nowhere"):
        plan_paths(tmp_path / "a.png", tmp_path / "b.png")
