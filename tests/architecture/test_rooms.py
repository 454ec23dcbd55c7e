"""Imports point down only, and nothing goes round in a circle."""

from __future__ import annotations

import graphlib

from benchmarks.rooms import picture
from helpers.rooms import BESIDE, FLOORS, PACKAGE, ROOT, arrows, floor, imports, module_of


def test_every_room_has_its_floor() -> None:
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    placed = {room for rooms in FLOORS for room in rooms}
    assert rooms - placed == {"__init__", "__main__"}


def test_a_room_imports_only_from_floors_below() -> None:
    wrong = {
        f"{here} -> {there}": files
        for (here, there), files in arrows().items()
        if there == "msds" or (floor(there) >= floor(here) and (here, there) not in BESIDE)
    }
    assert wrong == {}


def test_files_import_each_other_in_no_circle() -> None:
    graph = {
        module_of(path): {
            name for name in imports(path, everywhere=False) if name != module_of(path)
        }
        for path in PACKAGE.rglob("*.py")
    }
    graphlib.TopologicalSorter(graph).prepare()


def test_the_picture_of_the_rooms_is_that_of_the_code() -> None:
    drawn = (ROOT / "docs" / "images" / "rooms.svg").read_text(encoding="utf-8")
    assert drawn == picture(), "run `python -m benchmarks.rooms docs/images/rooms.svg`"
