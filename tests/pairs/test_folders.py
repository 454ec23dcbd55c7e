"""Files and folders paired by name, and what a plan of pairs tells."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.plans import names, touch
from msds.errors import InputError
from msds.pairs import Pair, Pattern, Plan, plan_paths


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


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_a_link_that_leads_nowhere_is_said_to_be_one(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "b.png").symlink_to("nowhere.png")
    with pytest.raises(InputError, match=r"b\.png: a link that leads nowhere"):
        plan_paths(tmp_path / "a.png", tmp_path / "b.png")
