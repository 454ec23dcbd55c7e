"""A manifest scored by a cluster: planned, given to workers in blocks, resumed, and judged.

The driver plans and counts; workers read images and write results. Through Ray go numbers of
blocks, the model, and a line about each block that is finished.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msds.cluster.child import Setup, packed, setup_of
from msds.cluster.follower import Follower
from msds.cluster.parts import COUNTED, PairTally, finished, tables_in
from msds.cluster.plan import HEADER, Header, make_plan
from msds.cluster.session import LOCAL, connected
from msds.cluster.storage import (
    absolute,
    fetch,
    folder_of,
    is_local,
    local_path,
    names_in,
    only_writer,
)
from msds.cluster.workers import ScoreBlocks, Workers, begin_ledger
from msds.errors import InputError, MSDSError
from msds.files import sha256_file
from msds.results import Finding, Run
from msds.results.baseline import against_baseline, check_same_run, read_baseline
from msds.results.earlier import score_of_row
from msds.rows import SUFFIXES
from msds.scoring import Job
from msds.scoring.memory import DEFAULT_TOTAL
from msds.status import Status
from msds.text import printable, reason
from msds.version import __version__

if TYPE_CHECKING:
    from msds.metric.modules import MSDS


@dataclass(frozen=True)
class ClusterReport:
    """What became of a run on a cluster.

    Attributes
    ----------
    out : folder of the results.
    run : what scored.
    tally : of all records that are there.
    findings : what the conditions say.
    kept : pairs scored by an earlier run.
    left : pairs without a record, since their workers ended again and again.
    seconds : time it took.
    """

    out: str
    run: Run
    tally: PairTally
    findings: tuple[Finding, ...]
    kept: int
    left: int
    seconds: float

    @property
    def status(self) -> Status:
        """What a command that did nothing else would end with."""
        if any(finding.failed for finding in self.findings):
            return Status.CONDITION_FAILED
        return Status.SOME_FAILED if self.tally.failed or self.left else Status.DONE


def run_manifest(
    manifest: str,
    out: str,
    metric: MSDS,
    *,
    address: str = LOCAL,
    workers: Workers | None = None,
    job: Job | None = None,
    follower: Follower | None = None,
) -> ClusterReport:
    """Score a manifest, or what an earlier run has left of it.

    Parameters
    ----------
    manifest : path or URI of a table of pairs; names of images that are relative begin in its
        folder, and may be URIs.
    out : folder for the results, a path that all nodes see or a URI; it is made if it is not there.
    metric : that scores; it is sent to the workers.
    address : of Ray, see `msds.cluster.session.connected`.
    workers : how many, and where they compute.
    job : how files are read, memory, conditions, and whether to go on with an earlier run.
    follower : told of every file of results.

    Raises
    ------
    InputError
        If the manifest cannot be used, there are other results already or another run writes them,
        they cannot be written, or a worker cannot score.
    """
    workers, job, follower = workers or Workers(), job or Job(), follower or Follower()
    start = time.perf_counter()
    out = absolute(out)
    setup = setup_of(metric, workers, job)
    run = setup.run
    baseline = job.conditions.baseline
    earlier = None if baseline is None else read_baseline(baseline, run)
    with ExitStack() as stack:
        stack.enter_context(only_writer(out))
        begun = HEADER in _names(out, job.resume)
        digest, table = _manifest_here(manifest, stack)
        cpus = None if workers.count is None else workers.count * workers.cpus

        @cache
        def ray() -> Any:  # begun only where something is left to do
            return stack.enter_context(connected(address, cpus))

        if begun:
            header = _same(Header.read(out), digest, run, job, out)
        else:
            files, columns = make_plan(table, out, run.levels, _count(ray(), workers, job))
            header = _header(manifest, digest, columns, run, job, files)
            header.write(out)
        done = finished(out)
        missing = [block for block in range(len(header.sizes)) if block not in done]
        kept = header.pairs - sum(header.sizes[block] for block in missing)
        follower.planned(header.pairs, kept)
        if missing:
            _score(ray(), out, header, missing, (setup, workers, job), follower)
        return _report(out, header, job, earlier, (kept, start))


def _names(out: str, resume: bool) -> list[str]:
    """What is in the folder of results.

    Raises
    ------
    InputError
        If there is anything and it is not to be gone on with.
    """
    names = names_in(out)
    if names and not resume:
        raise InputError(
            f"{printable(out)}: there is something in this folder, such as {names[0]}; go on with "
            "--resume, or give another --out."
        )
    others = [name for name in names if not name.startswith((".", "_"))]
    if HEADER not in names and others:
        raise InputError(
            f"{printable(out)} holds {others[0]} and no {HEADER}: this is no folder of results; "
            "give another --out."
        )
    return names


def _manifest_here(manifest: str, stack: ExitStack) -> tuple[str, Path]:
    """SHA-256 of the manifest, and where it is on a local disk."""
    if is_local(manifest):
        path = local_path(manifest)
        return (sha256_file(path) if path.is_file() else ""), path
    suffix = Path(manifest).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"{printable(manifest)}: a manifest's name ends in {', '.join(SUFFIXES)}; found "
            f"{suffix!r}."
        )
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="msds-manifest-"))
    path = Path(folder) / f"manifest{suffix}"
    with path.open("wb") as file:
        return fetch(manifest, file), path


def _header(
    manifest: str,
    digest: str,
    columns: dict[str, str],
    run: Run,
    job: Job,
    files: tuple[tuple[int, ...], ...],
) -> Header:
    """The header of a run that begins."""
    folder = folder_of(manifest)
    shown = "" if folder == "." else folder
    same_size = job.conditions.same_size
    return Header(digest, absolute(folder), shown, columns, run, same_size, files)


def _same(header: Header, digest: str, run: Run, job: Job, out: str) -> Header:
    """The header, if it is of this manifest and run."""
    if header.manifest != digest:
        raise InputError(
            f"{printable(out)} holds results of another manifest, or of this one before it was "
            "changed; give another --out."
        )
    check_same_run(f"{printable(out)} was", header.run, run)
    if header.same_size != job.conditions.same_size:
        raise InputError(
            f"{printable(out)} was begun {'with' if header.same_size else 'without'} --same-size; "
            "go on in the same way, or give another --out."
        )
    return header


def _count(ray: Any, workers: Workers, job: Job) -> int:
    """How many workers there are to be."""
    if workers.count is not None:
        return workers.count
    count = workers.room(ray.nodes(), job.options.memory or DEFAULT_TOTAL)
    if count == 0:
        gpus = f", {workers.share_of_gpu:g} GPU" if workers.share_of_gpu else ""
        memory = (workers.memory + (job.options.memory or DEFAULT_TOTAL)) >> 20
        raise InputError(
            f"No node of the cluster has room for a worker of {workers.cpus} CPU{gpus} and "
            f"{memory} MiB; --workers N waits for nodes that have."
        )
    return count


def _score(
    ray: Any,
    out: str,
    header: Header,
    missing: list[int],
    how: tuple[Setup, Workers, Job],
    follower: Follower,
) -> None:
    """Have workers score blocks."""
    setup, workers, job = how
    count = min(_count(ray, workers, job), len(missing))
    ledger = begin_ledger(ray, packed(setup))
    blocks = [{"block": block} for block in missing]
    told = ray.data.from_items(blocks, override_num_blocks=len(blocks)).map_batches(
        ScoreBlocks,
        batch_size=1,
        fn_constructor_args=(out, header, ledger, workers.tries, __version__),
        **workers.pool(ray.data, count, job.options.memory or DEFAULT_TOTAL),
    )
    try:
        for row in told.iter_rows():
            if row["error"]:
                raise InputError(row["error"])
            if row["pairs"]:
                follower.finished(row["pairs"], row["failed"])
    except ray.exceptions.RayError as error:
        last = reason(error).splitlines()[-1][-300:]
        raise MSDSError(f"The cluster gave up ({type(error).__name__}: {last}).") from error


def _report(
    out: str, header: Header, job: Job, earlier: Any, since: tuple[int, float]
) -> ClusterReport:
    """What the records that are there amount to."""
    kept, start = since
    done = finished(out)
    blocks = [block for block in range(len(header.sizes)) if block in done]
    left = header.pairs - sum(header.sizes[block] for block in blocks)
    tally = PairTally(job.conditions.fail_under)
    for table in tables_in(out, blocks, COUNTED):
        tally.add(table)
    findings = tally.findings
    if earlier is not None:
        rows = (row for table in tables_in(out, blocks, None) for row in table.to_pylist())
        scores = [score_of_row(row) for row in rows]
        findings += against_baseline(scores, earlier, job.conditions.tolerance)
    return ClusterReport(
        out, header.run, tally, tuple(findings), kept, left, time.perf_counter() - start
    )
