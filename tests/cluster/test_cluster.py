"""Runs on a real Ray cluster of two nodes on this machine: the local engine's records, whatever
becomes of workers, nodes, the driver, or the store that the images lie in.

The cluster is begun in a process of its own environment, and every run is a process: nothing of Ray
stays in the process of the tests.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.fatal import NAME, fatal_path
from helpers.scoring_files import RANDOM, write_image
from helpers.stores import ENVIRONMENT, FAILING, THROTTLED, Busy, busy_store
from msds.results import Score, read_results

pytestmark = pytest.mark.slow
pytest.importorskip("ray")

REFERENCES, KINDS = 12, (10, 40, 80)
SHARED = ("model", "fingerprint", "settings", "notes", "weights", "columns")


class Here(NamedTuple):
    """What the tests share."""

    root: Path
    cluster: Any
    store: str
    busy: Busy
    environment: dict[str, str]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """Images, a store, and a cluster of two nodes of one core each."""
    from ray.cluster_utils import Cluster

    root = tmp_path_factory.mktemp("cluster")
    write_pairs(root)
    seed = random.SystemRandom().randrange(10**6)
    print(f"the store's seed is {seed}")
    with pytest.MonkeyPatch.context() as patch, busy_store(seed) as (store, busy):
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", store)
        patch.setenv("PYTHONPATH", fatal_path(root))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        node = {"num_cpus": 1, "object_store_memory": 80 << 20}
        quick = {"health_check_period_ms": 500, "health_check_failure_threshold": 4}
        cluster = Cluster(
            initialize_head=True,
            head_node_args={**node, "include_dashboard": False, "_system_config": quick},
        )
        cluster.add_node(**node)
        try:
            yield Here(root, cluster, store, busy, dict(os.environ))
        finally:
            cluster.shutdown()


def write_pairs(root: Path) -> None:
    """A manifest in the order of its qualities, with rows that cannot be scored."""
    rows = []
    for k in range(REFERENCES):
        size = (40 + 4 * (k % 2), 36)
        write_image(root / "refs" / f"a{k}.png", k, size)
        for quality in KINDS:
            write_image(root / "dist" / f"a{k}_q{quality}.jpg", k, size, quality=quality)
    for quality in KINDS:
        rows += [f"refs/a{k}.png,dist/a{k}_q{quality}.jpg,{quality}" for k in range(REFERENCES)]
    (root / "dist" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no image")
    rows.insert(3, "refs/none.png,dist/a1_q10.jpg,1")
    rows += ["refs/a0.png,,2", "refs/a1.png,dist/bad.jpg,3", "refs/a1.png,dist/a2_q10.jpg,4"]
    (root / "pairs.csv").write_text("\n".join(["reference,distorted,quality", *rows, ""]))
    write_image(root / "dist" / f"{NAME}.jpg")
    fatal = [*rows, f"refs/a2.png,dist/{NAME}.jpg,5"]
    (root / "deadly.csv").write_text("\n".join(["reference,distorted,quality", *fatal, ""]))


@pytest.fixture(scope="module")
def local(here: Here) -> dict[tuple[str, str], Score]:
    """The records of the local engine."""
    out = here.root / "local.jsonl"
    done = msds(here, "--manifest", "pairs.csv", "--out", out)
    assert done.wait() == 1
    return {(score.reference, score.distorted): score for score in read_results(out)}


def msds(here: Here, *arguments: str | Path) -> subprocess.Popen[str]:
    """A run of `msds score` in the folder of the images."""
    return subprocess.Popen(
        [sys.executable, "-m", "msds", "score", *map(str, arguments), *RANDOM, "--threads", "1"],
        cwd=here.root,
        env=here.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def on_cluster(here: Here, manifest: str, out: str, *more: str) -> subprocess.Popen[str]:
    """The same on the cluster."""
    address = here.cluster.address
    where = ("--cluster", address, "--workers", "2", "--out", out)
    return msds(here, "--manifest", manifest, *where, *more)


def parts(out: Path) -> list[Path]:
    return sorted(out.glob("part-*.parquet"))


def records(out: Path) -> list[Score]:
    return [score for part in parts(out) for score in read_results(part)]


def check(found: list[Score], local: dict[tuple[str, str], Score]) -> None:
    """Every pair once, with the record that the local engine gives it."""
    assert sorted((s.reference, s.distorted) for s in found) == sorted(local)
    for score in found:
        expected = local[score.reference, score.distorted]
        assert score.error == expected.error
        assert float(score) == pytest.approx(float(expected), abs=1e-5, nan_ok=True)
        assert score.levels == pytest.approx(expected.levels, abs=1e-5)
        for name in SHARED:
            assert getattr(score, name) == getattr(expected, name), name
        assert score.reference_sha256 == expected.reference_sha256
        assert score.distorted_sha256 == expected.distorted_sha256
        assert score.reference_size == expected.reference_size
        assert score.distorted_size == expected.distorted_size


def wait_for_parts(run: subprocess.Popen[str], out: Path, count: int) -> None:
    """Until so many files of results are there, or the run has ended."""
    while len(parts(out)) < count and run.poll() is None:
        time.sleep(0.02)


def workers(node: Any) -> list[int]:
    """Processes of the workers of a node, by their numbers."""
    (raylet,) = node.all_processes["raylet"]
    parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
    return [
        pid
        for pid, parent in parents.items()
        if parent == raylet.process.pid and b"ScoreBlocks" in _title(pid)
    ]


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _title(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_records_and_conditions_are_the_local_engines_and_a_fatal_image_costs_its_row(
    here: Here, local: dict[tuple[str, str], Score]
) -> None:
    run = on_cluster(here, "deadly.csv", "one", "--fail-under", "0.8")
    said, _ = run.communicate()
    below = sum(score.score is not None and score.score < 0.8 for score in local.values())
    assert run.returncode == (3 if below else 1), said
    found = {(score.reference, score.distorted): score for score in records(here.root / "one")}
    fatal = found.pop(("refs/a2.png", f"dist/{NAME}.jpg"))
    assert fatal.error == (
        f"dist/{NAME}.jpg: the process that scored this image ended 3 times (signal SIGKILL)."
    )
    assert fatal.score is None
    check(list(found.values()), local)
    failed = sum(score.score is None for score in local.values()) + 1
    assert f"{len(local) + 1} pairs: {len(local) + 1 - failed} scored, {failed} failed" in said
    assert "usage" not in said.lower()


def test_a_run_goes_on_when_workers_and_a_node_are_lost_and_the_driver_is_killed(
    here: Here, local: dict[tuple[str, str], Score]
) -> None:
    node = here.cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    out = here.root / "two"
    draw = random.SystemRandom()
    moments = sorted(draw.sample(range(1, 8), 3))
    print(f"files of results at each kill: {moments}")
    run = on_cluster(here, "pairs.csv", "two")
    wait_for_parts(run, out, moments[0])
    found = [pid for one in here.cluster.list_all_nodes() for pid in workers(one)]
    assert found
    os.kill(draw.choice(found), signal.SIGKILL)
    wait_for_parts(run, out, moments[1])
    here.cluster.remove_node(node, allow_graceful=False)
    wait_for_parts(run, out, moments[2])
    run.kill()
    run.communicate()
    before = {part: part.stat().st_mtime_ns for part in parts(out)}
    assert before
    again = on_cluster(here, "pairs.csv", "two", "--resume")
    said, _ = again.communicate()
    assert again.returncode == 1, said
    assert {part: part.stat().st_mtime_ns for part in before} == before
    check(records(out), local)
    refused = on_cluster(here, "pairs.csv", "two")
    assert "--resume" in refused.communicate()[0]
    assert refused.returncode == 2


def test_a_dataset_of_rays_own_is_scored(here: Here, local: dict[tuple[str, str], Score]) -> None:
    code = f"""
import json, logging, ray
ray.init({here.cluster.address!r}, log_to_driver=False, logging_level=logging.ERROR)
import msds, msds.cluster
rows = ray.data.read_csv({str(here.root / "pairs.csv")!r})
metric = msds.load_model(trunk_weights="random", levels=2)
workers = msds.cluster.Workers(2)
for row in msds.cluster.score(rows, metric, folder={str(here.root)!r}, workers=workers).iter_rows():
    print("ROW", json.dumps([row["reference"], row["distorted"], row["score"], row["quality"]]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=here.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line[4:]) for line in done.stdout.splitlines() if line.startswith("ROW ")]
    assert len(rows) == len(local)
    for reference, distorted, score, quality in rows:
        expected = local[reference or "", distorted or ""]
        assert score == pytest.approx(expected.score, abs=1e-5)
        assert quality == int(expected.columns["quality"])


def test_images_and_results_in_a_store_that_turns_requests_away(
    here: Here, local: dict[tuple[str, str], Score]
) -> None:
    from pyarrow import fs

    store = fs.S3FileSystem(
        endpoint_override=here.store.removeprefix("http://"),
        scheme="http",
        region="us-east-1",
        access_key="testing",
        secret_key="testing",
        allow_bucket_creation=True,
    )
    # References are named by the manifest's own place, distorted images by URIs elsewhere.
    for folder, bucket in (("refs", THROTTLED), ("dist", FAILING)):
        store.create_dir(bucket)
        fs.copy_files(str(here.root / folder), f"{bucket}/{folder}", destination_filesystem=store)
    away = f"s3://{FAILING}/dist/"
    text = (here.root / "pairs.csv").read_text().replace(",dist/", f",{away}")
    with store.open_output_stream(f"{THROTTLED}/pairs.csv") as file:
        file.write(text.encode())
    here.busy.is_busy = True
    run = on_cluster(here, f"s3://{THROTTLED}/pairs.csv", f"s3://{THROTTLED}/out")
    said, _ = run.communicate()
    here.busy.is_busy = False
    assert run.returncode == 1, said
    assert here.busy.turned_away[THROTTLED] > 0
    assert here.busy.turned_away[FAILING] > 0
    copied = here.root / "copied"
    copied.mkdir()
    fs.copy_files(f"{THROTTLED}/out", str(copied), source_filesystem=store)
    found = {(s.reference, s.distorted.replace(away, "dist/")): s for s in records(copied)}
    assert len(records(copied)) == len(found)
    assert found.keys() == local.keys()
    for key, expected in local.items():
        score = found[key]
        assert float(score) == pytest.approx(float(expected), abs=1e-5, nan_ok=True)
        error = (score.error or "").replace(away, "dist/").replace(f"s3://{THROTTLED}/", "")
        assert error == (expected.error or "")
