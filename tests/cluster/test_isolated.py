"""A process that dies costs the image that was the end of it, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.fatal import NAME, fatal_path
from helpers.scoring_files import write_image
from msds.cluster.child import Setup, packed
from msds.cluster.entries import Entry, entry_of
from msds.cluster.fetching import Fetcher
from msds.cluster.isolated import Isolated
from msds.errors import InputError
from msds.models import load_model
from msds.scoring import Options, Reading
from msds.scoring.compare import run_of

pytestmark = pytest.mark.slow


def setup(engine: str = "torch") -> Setup:
    metric = load_model(trunk_weights="random", levels=2)
    reading = Reading()
    return Setup(metric, run_of(metric, reading), reading, Options(threads=1), engine=engine)


@pytest.fixture
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Isolated]:
    (tmp_path / "hook").mkdir()
    monkeypatch.setenv("PYTHONPATH", fatal_path(tmp_path / "hook"))
    found = Isolated(packed(setup()), 2)
    yield found
    found.close()


def entries(folder: Path, names: list[tuple[str, str]]) -> list[Entry]:
    for name in {name for pair in names for name in pair}:
        write_image(folder / name, len(name))
    return [entry_of(pair, str(folder), "shown", {}) for pair in names]


def test_an_image_that_ends_its_process_has_an_error_and_the_others_their_scores(
    tmp_path: Path, isolated: Isolated
) -> None:
    fatal = f"{NAME}.jpg"
    pairs = entries(
        tmp_path, [("a.png", "b.jpg"), ("a.png", fatal), ("a.png", "cc.jpg"), ("dd.png", "b.jpg")]
    )
    bad_reference = [("a.png", "b.jpg"), (f"{NAME}1.png", "b.jpg"), (f"{NAME}1.png", "cc.jpg")]
    found = isolated.score([*pairs, *entries(tmp_path, bad_reference)])
    errors = [record["error"] for record in found]
    ended = "the process that scored this image ended 2 times (signal SIGKILL)."
    assert errors[1] == f"shown/{fatal}: {ended}"
    assert errors[5] == errors[6] == f"shown/{NAME}1.png: {ended}"
    assert [errors[k] for k in (0, 2, 3, 4)] == [None] * 4
    # The last bits of a score depend on what else is encoded in the same batch: here on when a
    # process ended.
    assert found[0]["score"] == pytest.approx(found[4]["score"], abs=1e-6)
    assert all(0 < found[k]["score"] < 1 for k in (0, 2, 3))


def test_a_process_that_was_ended_from_outside_costs_no_record(
    tmp_path: Path, isolated: Isolated
) -> None:
    pairs = entries(tmp_path, [("a.png", "b.jpg"), ("a.png", "cc.jpg")])
    first = isolated.score(pairs)
    assert isolated.pid is not None
    os.kill(isolated.pid, 9)
    again = isolated.score(pairs)
    expected = [record["score"] for record in first]
    assert [record["score"] for record in again] == pytest.approx(expected, abs=1e-5)


def test_what_a_killed_process_had_fetched_is_removed(
    tmp_path: Path, isolated: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolated.score(entries(tmp_path, [("a.png", "b.jpg")]))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert isolated.pid is not None
    monkeypatch.setattr("msds.cluster.fetching.os.getpid", lambda: isolated.pid)
    monkeypatch.setattr("msds.cluster.fetching.fetch", lambda _, file, __: file.write(b"bytes"))
    far = entry_of(("a.png", "b.png"), "s3://bucket", "s3://bucket", {})
    chunks = Fetcher(100).chunks([far])
    _, _, files = next(chunks)
    fetched = files.pair(far).reference_path
    assert fetched.read_bytes() == b"bytes"
    os.kill(isolated.pid, 9)
    isolated.close()
    assert not fetched.parent.exists()
    chunks.close()


def test_what_a_worker_lacks_is_said_in_its_own_words(tmp_path: Path) -> None:
    isolated = Isolated(packed(setup(engine="no such engine")), 2)
    write_image(tmp_path / "a.png")
    shutil.copy(tmp_path / "a.png", tmp_path / "b.png")
    with pytest.raises(InputError, match="Unknown engine"):
        isolated.score([entry_of(("a.png", "b.png"), str(tmp_path), "", {})])
