"""Which saliency map belongs to which image."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.plans import touch
from msds.errors import InputError
from msds.pairs import Pair, Plan, plan_paths, read_manifest
from msds.pairs.saliency import with_columns, with_maps


def below(root: Path, plan: Plan) -> list[tuple[str, str]]:
    """The maps of each pair, from a folder on."""
    return [
        tuple(m.relative_to(root).as_posix() if m else "" for _, m in pair.images)  # type: ignore[misc]
        for pair in plan.pairs
    ]


def problems(plan: Plan) -> list[str]:
    return [pair.problem or "" for pair in plan.pairs]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Plan]:
    touch(tmp_path, "o/cats/one.png", "o/two.png", "r/cats/one.jpg", "r/two.jpg")
    return tmp_path, plan_paths(tmp_path / "o", tmp_path / "r")


def test_a_map_has_the_path_of_its_image_but_for_the_suffix(folders: tuple[Path, Plan]) -> None:
    root, plan = folders
    touch(root, "mo/cats/one.png", "mo/two.tif", "mr/cats/one.png", "mr/two.png", "mr/other.png")
    found = with_maps(plan, [root / "mo", root / "mr"], (root / "o", root / "r"))
    assert below(root, found) == [
        ("mo/cats/one.png", "mr/cats/one.png"),
        ("mo/two.tif", "mr/two.png"),
    ]
    assert problems(found) == ["", ""]
    assert found.columns == ("reference_saliency", "distorted_saliency")
    assert found.pairs[1].columns["distorted_saliency"].endswith("mr/two.png")


def test_a_missing_map_costs_its_own_pair_and_says_what_was_looked_for(
    folders: tuple[Path, Plan],
) -> None:
    root, plan = folders
    touch(root, "mo/cats/one.png", "mo/two.png", "mr/two.png")
    found = with_maps(plan, [root / "mo", root / "mr"], (root / "o", root / "r"))
    first, second = problems(found)
    assert "holds no saliency map of it, called cats/one.*" in first
    assert second == ""


def test_two_maps_of_one_image_are_ambiguous_unless_one_has_its_suffix(
    folders: tuple[Path, Plan],
) -> None:
    root, plan = folders
    touch(root, "mo/cats/one.tif", "mo/cats/one.npy", "mo/two.png", "mo/two.npy")
    touch(root, "mr/cats/one.png", "mr/two.png")
    first, second = problems(with_maps(plan, [root / "mo", root / "mr"], (root / "o", root / "r")))
    assert "could have the maps" in first
    assert "one.npy" in first
    assert second == ""


def test_one_folder_serves_both_where_names_differ_and_is_refused_where_they_do_not(
    folders: tuple[Path, Plan],
) -> None:
    root, plan = folders
    touch(root, "m/cats/one.png", "m/two.png")
    (first, _) = problems(with_maps(plan, [root / "m"], (root / "o", root / "r")))
    assert "would be the saliency map of both images" in first
    twice = with_maps(plan, [root / "m", root / "m"], (root / "o", root / "r"))
    assert problems(twice) == ["", ""]
    touch(root, "set/a.png", "set/a_half.png", "maps/a.png", "maps/a_half.png")
    pair = Pair("a.png", "a_half.png", root / "set/a.png", root / "set/a_half.png")
    found = with_maps(Plan((pair,)), [root / "maps"], (root / "set", root / "set"))
    assert below(root, found) == [("maps/a.png", "maps/a_half.png")]


def test_a_file_is_the_map_of_the_only_image(folders: tuple[Path, Plan]) -> None:
    root, plan = folders
    touch(root, "a.png", "b.png", "m/cats/one.png", "m/two.png")
    one = plan_paths(root / "o/two.png", root / "r/two.jpg")
    found = with_maps(one, [root / "a.png", root / "b.png"], (root / "o", root / "r"))
    assert below(root, found) == [("a.png", "b.png")]
    with pytest.raises(InputError, match=r"a\.png is one saliency map for 2 images"):
        with_maps(plan, [root / "a.png", root / "m"], (root / "o", root / "r"))
    with pytest.raises(InputError, match="no such file or folder of saliency maps"):
        with_maps(plan, [root / "nowhere"], (root / "o", root / "r"))


def test_columns_of_a_manifest_name_maps_beside_it(tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text(
        "reference,distorted,reference_saliency,distorted_saliency,distorted_saliency_sha256\n"
        "a.png,b.png,ma.png,mb.png,of an earlier run\n"
        "a.png,c.png,ma.png,,\n"
    )
    plain = read_manifest(table)
    assert plain.pairs[0].images[0].saliency is None
    found = with_columns(plain, tmp_path)
    assert below(tmp_path, found) == [("ma.png", "mb.png"), ("", "")]
    assert "distorted_saliency names no saliency map" in problems(found)[1]
    assert found.columns == ("reference_saliency", "distorted_saliency")
    table.write_text("reference,distorted,reference_saliency\na.png,b.png,m.png\n")
    with pytest.raises(InputError, match="no column distorted_saliency"):
        with_columns(read_manifest(table), tmp_path)
