"""How many workers have room, and what is refused before any is begun."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helpers.scoring_files import RANDOM, call, write_folders
from msds.cluster import Workers
from msds.cluster.parts import COUNTED, PairTally
from msds.cluster.storage import only_writer
from msds.errors import InputError
from msds.results import Conditions, Score, Summary
from msds.results.parquet import record_schema, record_table
from msds.scoring.device import idle_gpus

GIB = 2**30


def node(alive: bool = True, **resources: float) -> dict[str, object]:
    return {"Alive": alive, "Resources": resources}


def test_workers_have_room_where_cores_memory_and_gpus_do() -> None:
    nodes = [node(CPU=8, memory=6 * GIB), node(CPU=2, memory=64 * GIB, GPU=4), node(CPU=4)]
    small = Workers(memory=GIB)
    assert small.room(nodes, GIB) == 3 + 2
    assert Workers(cpus=4, memory=GIB).room(nodes, GIB) == 2
    assert Workers(device="cuda", memory=GIB).room(nodes, GIB) == 2
    assert Workers(device="cuda:0", gpus=0.5, memory=GIB).room(nodes, GIB) == 2
    assert small.room([node(alive=False, CPU=8, memory=64 * GIB)], GIB) == 0
    for wrong, said in (({"count": 0}, "Workers"), ({"cpus": 0}, "Cores"), ({"tries": 0}, "Tries")):
        with pytest.raises(
            InputError, match=f"{said} of a run on a cluster: .*at least one; got 0"
        ):
            Workers(**wrong)


def test_gpus_are_idle_where_one_of_several_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert idle_gpus("cuda") == 3
    assert idle_gpus("cuda:1") == 0  # it was chosen
    assert idle_gpus("cpu") == 0
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert idle_gpus("cuda") == 0


def test_a_tally_says_what_a_summary_and_conditions_say() -> None:
    scores = [
        Score("r", f"d{k}", None if k % 9 == 4 else (k * 37 % 101) / 101, reference_size=(k, 8))
        for k in range(1, 90)
    ]
    scores = [
        Score(s.reference, s.distorted, s.score, reference_size=(9, 8), distorted_size=(9, k % 2))
        for k, s in enumerate(scores, 7)
    ]
    tally = PairTally(fail_under=0.3)
    schema = record_schema({}, 1)
    for start in range(0, len(scores), 20):
        tally.add(record_table(scores[start : start + 20], {}, 1, schema).select(COUNTED))
    summary = Summary(tuple(scores))
    assert tally.counts == summary.counts
    for found, expected in (
        (tally.worst, summary.worst),
        (tally.failures, summary.failures),
    ):
        assert [(s.distorted, s.score) for s in found] == [(s.distorted, s.score) for s in expected]
    below = Conditions(fail_under=0.3).findings(scores, None)
    shown = tally.findings
    assert shown[:-1] == below[: len(shown) - 1]
    assert shown[-1].text == f"and {len(below) - len(shown) + 1} more"


def test_what_a_cluster_does_not_do_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folders(tmp_path, 1)
    manifest = tmp_path / "pairs.csv"
    manifest.write_text("reference,distorted\nrefs/a0.png,dist/a0_q10.jpg\n")
    out = tmp_path / "out"
    table = ("--manifest", manifest)
    there = ("--cluster", "local", "--out", out)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    for arguments, said in (
        ((tmp_path / "refs", tmp_path / "dist", *there), "--manifest FILE"),
        ((*table, *there, "--json"), "Choose one of --json"),
        ((*table, *there, "--quiet"), "leave out --quiet"),
        ((*table, *there, "--every", "5"), "--every is for videos"),
        ((*table, "--workers", "2"), "--cluster: give that too"),
        ((*table, "--cluster", "local", "--out", tmp_path / "other"), "mine.txt"),
        ((*table, "--cluster", "local", "--out", manifest), "expected a folder"),
        (("--manifest", "s3://bucket/pairs.csv"), "--cluster local"),
    ):
        done = call(monkeypatch, capsys, "score", *arguments, *RANDOM)
        assert done.status == 2, arguments
        assert done.err.startswith("msds: error: ")
        assert said in done.err
        assert len(done.err.splitlines()) == 1
    assert not out.exists()
    with only_writer(str(out)):
        done = call(monkeypatch, capsys, "score", *table, *there, *RANDOM)
        assert (done.status, "another run is writing" in done.err) == (2, True)
    assert (tmp_path / "other" / "mine.txt").read_text() == "mine"
