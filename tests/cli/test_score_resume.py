"""Interrupted runs of `msds score` go on where they were: no pair lost, none scored twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.abuse import kills
from benchmarks.abuse.kills import results_of
from helpers.scoring_files import RANDOM, Called
from msds.pairs import Pattern, plan_paths
from msds.results import Journal, Run
from msds.scoring import run

Call = Callable[..., Called]
RUN = ("score", "refs", "dist", "--pattern", "{stem}_q{quality}.jpg", *RANDOM, "--threads", "2")


def same(a: list[dict[str, object]], b: list[dict[str, object]]) -> bool:
    return [{**row, "score": None} for row in a] == [{**row, "score": None} for row in b] and (
        [float(str(row["score"])) for row in a]
        == pytest.approx([float(str(row["score"])) for row in b], abs=1e-5)
    )


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Make the engine's consumer stop after so many outcomes, as Ctrl-C does."""
    real = run.score_pairs

    def stopping(*arguments: object, **options: object) -> object:
        for number, item in enumerate(real(*arguments, **options)):  # type: ignore[arg-type]
            if number == count:
                raise KeyboardInterrupt
            yield item

    monkeypatch.setattr(run, "score_pairs", stopping)


def test_an_interrupted_run_says_what_it_kept_and_goes_on(
    here: Path, msds: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        stopped = msds(*RUN, "--out", "o.csv")
    assert stopped.status == 130
    assert "2 of 6 pairs are kept; go on with --resume" in stopped.err
    assert stopped.err.endswith("msds: interrupted\n")
    assert not (here / "o.csv").exists()
    kept = (here / "o.csv.journal").read_bytes()

    again = msds(*RUN, "--out", "o.csv")
    assert again.status == 2
    assert "go on with --resume, or remove this file" in again.err
    assert (here / "o.csv.journal").read_bytes() == kept

    done = msds(*RUN, "--out", "o.csv", "--resume")
    assert done.status == 0
    assert "6 pairs: 6 scored, 0 failed" in done.err
    assert "2 of them before" in done.err
    assert not (here / "o.csv.journal").exists()
    assert msds(*RUN, "--out", "whole.csv").status == 0
    assert same(results_of(here / "o.csv"), results_of(here / "whole.csv"))


def test_a_second_run_is_told_that_the_first_is_still_writing(here: Path, msds: Call) -> None:
    pytest.importorskip("fcntl")
    plan = plan_paths(here / "refs", here / "dist", Pattern("{stem}_q{quality}.jpg"))
    with Journal(here / "o.csv.journal", plan, Run("first", "f" * 64, {})):
        second = msds(*RUN, "--out", "o.csv")
    assert second.status == 2
    assert "o.csv.journal: another run is writing these results" in second.err


def test_resuming_what_was_never_begun_begins_it(here: Path, msds: Call) -> None:
    assert msds(*RUN, "--out", "o.csv", "--resume").status == 0
    assert len(results_of(here / "o.csv")) == 6


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_resuming_complete_results_scores_nothing_and_still_gates(
    here: Path, msds: Call, suffix: str
) -> None:
    (here / "dist/a0_q99.jpg").write_bytes(b"broken")
    out = f"o{suffix}"
    assert msds(*RUN, "--out", out).status == 1
    before = (here / out).read_bytes()
    done = msds(*RUN, "--out", out, "--resume")
    assert done.status == 1
    assert "7 of them before" in done.err
    assert "dist/a0_q99.jpg: " in done.err
    assert (here / out).read_bytes() == before
    assert msds(*RUN, "--out", out, "--resume", "--fail-under", "1").status == 3


@pytest.mark.parametrize("complete", [False, True])
def test_resuming_with_another_model_setting_or_manifest_is_refused(
    here: Path, msds: Call, monkeypatch: pytest.MonkeyPatch, complete: bool
) -> None:
    manifest = here / "m.csv"
    lines = ["reference,distorted", "refs/a0.png,dist/a0_q10.jpg", "refs/a1.png,dist/a1_q10.jpg"]
    manifest.write_text("\n".join(lines))
    call = ("score", "--manifest", "m.csv", *RANDOM, "--out", "o.csv")
    with monkeypatch.context() as patch:
        if not complete:
            stop_after(patch, 1)
        msds(*call)
    for arguments, message in (
        (("--levels", "1"), "another model"),
        (("--background", "black"), "other settings: background differ."),
    ):
        refused = msds(*call, "--resume", *arguments)
        assert refused.status == 2
        assert message in refused.err
    manifest.write_text("\n".join([lines[0], "refs/a2.png,dist/a2_q10.jpg"]))
    refused = msds(*call, "--resume")
    assert refused.status == 2
    assert "the manifest or the folders have changed" in refused.err
    manifest.write_text("\n".join(lines))
    assert msds(*call, "--resume").status == 0


def test_a_run_stopped_between_its_last_two_steps_ends_well(
    here: Path, msds: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_: Journal) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "remove", stopped)
        assert msds(*RUN, "--out", "o.csv").status == 130
    before = (here / "o.csv").read_bytes()
    assert (here / "o.csv.journal").exists()
    assert msds(*RUN, "--out", "o.csv", "--resume").status == 0
    assert (here / "o.csv").read_bytes() == before
    assert not (here / "o.csv.journal").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of files")
@pytest.mark.parametrize(("limit", "kept"), [(100, 0), (1600, 2)])
def test_a_full_disk_is_an_error_that_names_the_file_and_keeps_what_is_done(
    here: Path, msds: Call, limit: int, kept: int
) -> None:
    import resource

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "msds", *RUN, "--out", "o.csv"],
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "msds: error: o.csv.journal: results cannot be written (File too large)."
    )
    resumed = msds(*RUN, "--out", "o.csv", "--resume")
    assert (f"{kept} of them before" in resumed.err) == (kept > 0)
    assert ("of them before" in resumed.err) == (kept > 0)
    assert len(results_of(here / "o.csv")) == 6


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.parametrize(("suffix", "times"), [(".csv", 5), (".jsonl", 2), (".parquet", 2)])
def test_a_run_killed_at_random_moments_loses_no_pair_and_scores_none_twice(
    suffix: str, times: int
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    outcomes = Counter(kills.chain(suffix, times, "test"))
    assert outcomes == {"nothing lost": 5 * times + 2}


def test_two_models_go_on_where_they_were_and_with_images_that_were_added(
    here: Path, msds: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = ("-m", "msds-compact", "-m", "deepssim-compact", "--trunk-weights", "random")
    many = ("score", *RUN[1:5], *models, "--small", "fewer-levels")
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        assert msds(*many, "--out", "o.csv").status == 130
    assert not (here / "o.csv").exists()
    refused = msds(*many, "--out", "o.csv")
    assert refused.status == 2
    assert "go on with --resume" in refused.err
    done = msds(*many, "--out", "o.csv", "--resume")
    assert done.status == 0, done.err
    assert done.err.count("2 of them before") == 1
    assert msds(*many, "--out", "whole.csv").status == 0
    assert same(results_of(here / "o.csv"), results_of(here / "whole.csv"))

    shutil.copy(here / "dist/a0_q10.jpg", here / "dist/a0_q11.jpg")
    more = msds(*many, "--out", "o.csv", "--resume")
    assert more.status == 0, more.err
    assert more.err.count("6 of them before") == 2
    assert len(results_of(here / "o.csv")) == 2 * 7
    assert sorted(path.name for path in here.glob("o.csv*")) == ["o.csv"]
