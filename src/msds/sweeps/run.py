"""A sweep from its plan to its records: encoded, decoded, scored, kept and resumed.

    from pathlib import Path
    import msds
    from msds.sweeps import SweepJob, open_codec, plan_sweep, run_sweep

    codecs = [open_codec("webp"), open_codec("avif")]
    plan = plan_sweep([Path("originals")], codecs, range(20, 95, 5))
    report = run_sweep(plan, msds.load_model(), SweepJob(output=Path("sweep.csv"), resume=True))
    report.scores[0].columns["bits_per_pixel"], report.scores[0].score

Without an output nothing touches the disk. A row that cannot be made has an `error` and ends
nothing; what is wrong with the sweep as a whole is an `MSDSError`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from msds.errors import InputError
from msds.results import Run, Score, Summary, check_columns
from msds.scoring.compare import run_of
from msds.scoring.inputs import Reading
from msds.scoring.memory import Memory
from msds.scoring.run import Watcher
from msds.status import Status
from msds.sweeps.judges import Beside, Lead
from msds.sweeps.kept import Kept
from msds.sweeps.plan import SweepPlan
from msds.sweeps.work import SweepWork, Workers

if TYPE_CHECKING:
    from msds.metric.modules import MSDS

COLUMNS = (
    *("codec", "quality", "encoder", "bytes", "bits_per_pixel"),
    *("encode_seconds", "decode_seconds"),
)
"""What a row of a sweep tells besides scores."""


@dataclass(frozen=True)
class SweepJob:
    """How a sweep is done.

    Attributes
    ----------
    reading : how files become pixels.
    beside : metrics besides the model.
    memory : bytes to work in; by default 1 GiB.
    threads : that encode and decode; by default one for each processor.
    output : table of results, by suffix .jsonl, .csv or .parquet.
    resume : whether to go on with what an earlier sweep has left of this output.
    keep : folder for the encoded files; they are not kept without.
    csv_safe : whether text in CSV that spreadsheets would take for a formula is made harmless.
    """

    reading: Reading = field(default_factory=Reading)
    beside: Sequence[Beside] = ()
    memory: int | None = None
    threads: int | None = None
    output: Path | None = None
    resume: bool = False
    keep: Path | None = None
    csv_safe: bool = False


@dataclass(frozen=True)
class SweepReport:
    """What became of a sweep.

    Attributes
    ----------
    plan, run, job : what was swept, by what, and how.
    scores : records in the order of the plan; what belongs to encoders is in their columns.
    kept : how many are of an earlier sweep.
    seconds : time it took.
    """

    plan: SweepPlan
    run: Run
    job: SweepJob
    scores: tuple[Score, ...]
    kept: int
    seconds: float

    @property
    def summary(self) -> Summary:
        """Counts, median and the worst rows."""
        return Summary(self.scores)

    @property
    def status(self) -> Status:
        """What a command that did nothing else would end with."""
        return Status.SOME_FAILED if self.summary.failures else Status.DONE


def run_sweep(
    plan: SweepPlan, metric: MSDS, job: SweepJob | None = None, watcher: Watcher | None = None
) -> SweepReport:
    """Encode and score a plan, or what an earlier sweep has left of it.

    Parameters
    ----------
    plan : what is swept.
    metric : on the device to compute on.
    job : how, and what is kept.
    watcher : told of every row.

    Raises
    ------
    InputError
        If there are results of another sweep, or none can be written.
    """
    job, watcher = job or SweepJob(), watcher or Watcher()
    run = sweep_run(plan, metric, job)
    check_columns((*COLUMNS, *(one.column for one in job.beside)), run.levels)
    if clash := {*COLUMNS} & {one.column for one in job.beside}:
        raise InputError(f"A metric called {min(clash)!r} has the name of a column of sweeps.")
    start = time.perf_counter()
    device = metric.trunk.device
    memory = Memory.of(job.memory, device)
    threads = job.threads or os.cpu_count() or 1
    workers = Workers(
        run,
        Lead(metric, memory.trunk, threads),
        job.beside,
        job.reading.within(job.memory),
        threads,
        memory.images,
        job.keep,
    )
    with Kept(plan, run, job.output, resume=job.resume, files=job.keep) as kept:
        watcher.begin(len(plan.cells), kept.kept)
        with closing(SweepWork(workers, plan.cells, kept.missing).run()) as coming:
            for row, score in coming:
                kept.add(row, score)
                watcher.scored(row, score)
        scores = kept.finish(csv_safe=job.csv_safe)
    return SweepReport(plan, run, job, scores, kept.kept, time.perf_counter() - start)


def sweep_run(plan: SweepPlan, metric: MSDS, job: SweepJob) -> Run:
    """What all records of a sweep have in common."""
    run = run_of(metric, job.reading)
    beside = {one.column: one.contender.key[:16] for one in job.beside}
    return replace(run, settings={**run.settings, "beside": beside}) if beside else run
