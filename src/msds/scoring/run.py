"""A run: the pairs of a plan are scored, kept, resumed and judged, and nothing is printed.

This is what the command, the web page, sweeps and clusters call. A plan says which pairs, a job how
they are scored and what is kept, a watcher hears of every score as it comes, and the report has all
records in the order of the plan, what the conditions found, and the exit status of it all:

    from pathlib import Path
    import msds
    from msds.pairs import Pair, Plan, plan_paths
    from msds.results import Conditions
    from msds.scoring import Job, Options, Watcher, run_plan

    class Progress(Watcher):
        def begin(self, total, kept): ...       # kept: scored by an earlier run
        def scored(self, row, score): ...       # in no certain order, in the caller's thread

    plan = plan_paths(Path("originals"), Path("compressed"))     # or Plan((Pair(...), ...))
    job = Job(options=Options(memory=2**30), output=Path("scores.csv"), resume=True,
              conditions=Conditions(fail_under=0.9))
    report = run_plan(plan, msds.load_model(), job, Progress())
    report.status, report.findings, report.summary.median, report.scores[0].to_dict()

Without an output nothing touches the disk. A pair that cannot be scored has an `error` in its
record and ends nothing; what is wrong with the run as a whole is an `MSDSError`. A watcher that
raises ends the run: what was scored until then is in the journal, and a job with `resume` goes on
from there. `msds.scoring.score_pairs` is the engine alone: records as they come, nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msds.pairs import Pair, Plan
from msds.results import Conditions, Finding, Run, Score, Summary, check_columns
from msds.results.baseline import read_baseline
from msds.results.clips import has_gaps
from msds.scoring.compare import run_of
from msds.scoring.engine import Options, score_pairs
from msds.scoring.inputs import Reading
from msds.scoring.mapping import Mapper, Maps
from msds.scoring.records import Records
from msds.status import Status

if TYPE_CHECKING:
    from msds.metric.modules import MSDS


class Scorer(Protocol):
    """What scores pairs: `score_pairs`, or what takes its place, such as `msds.video.Clips`."""

    def __call__(
        self,
        metric: MSDS,
        pairs: Sequence[Pair],
        *,
        rows: Iterable[int] | None = None,
        reading: Reading | None = None,
        options: Options | None = None,
    ) -> Iterator[tuple[int, Score]]:
        """As `msds.scoring.engine.score_pairs`."""


@dataclass(frozen=True)
class Job:
    """How a plan is scored.

    Attributes
    ----------
    reading : how files become pixels.
    options : memory, threads and cache of the engine.
    conditions : what the scores must meet.
    output : file of results, by suffix .jsonl, .csv or .parquet; a journal lies beside it until
        they are complete.
    resume : whether to go on with what an earlier run has left of this output.
    csv_safe : whether text in CSV that spreadsheets would take for a formula is made harmless.
    maps : of which pairs maps are made, if of any.
    scorer : what scores pairs, if not `score_pairs`.
    """

    reading: Reading = field(default_factory=Reading)
    options: Options = field(default_factory=Options)
    conditions: Conditions = field(default_factory=Conditions)
    output: Path | None = None
    resume: bool = False
    csv_safe: bool = False
    maps: Maps | None = None
    scorer: Scorer | None = None


class Watcher:
    """Hears of a run as it goes; this one does nothing about it."""

    def begin(self, total: int, kept: int) -> None:
        """So many pairs there are, and so many of them were scored by an earlier run."""

    def scored(self, row: int, score: Score) -> None:
        """A pair has its record, as the conditions leave it."""


@dataclass(frozen=True)
class Report:
    """What became of a run.

    Attributes
    ----------
    plan, run, job : what was scored, by what, and how.
    scores : records in the order of the plan, as the conditions leave them.
    findings : what the conditions say.
    kept : how many records are of an earlier run.
    changed : how many of an earlier run's were made again, since their images are others now.
    seconds : time it took.
    maps : the pictures of maps that were written.
    """

    plan: Plan
    run: Run
    job: Job
    scores: tuple[Score, ...]
    findings: tuple[Finding, ...]
    kept: int
    changed: int
    seconds: float
    maps: tuple[Path, ...] = ()

    @cached_property
    def summary(self) -> Summary:
        """Counts, median and the worst pairs."""
        return Summary(self.scores)

    @property
    def status(self) -> Status:
        """What a command that did nothing else would end with."""
        if any(finding.failed for finding in self.findings):
            return Status.CONDITION_FAILED
        allowed = self.job.conditions.allow_unmatched
        whole = not any(has_gaps(score, allowed) for score in self.scores)
        accepted = self.plan.is_accepted(allowed) and whole
        return Status.DONE if accepted and not self.summary.failures else Status.SOME_FAILED


def run_plan(
    plan: Plan, metric: MSDS, job: Job | None = None, watcher: Watcher | None = None
) -> Report:
    """Score a plan, or what an earlier run has left of it.

    Parameters
    ----------
    plan : what is to be scored.
    metric : on the device to compute on.
    job : how, and what is kept.
    watcher : told of every score.

    Raises
    ------
    InputError
        If a carried column has the name of one of the results', the baseline or the results that
        are to be resumed are of another run, the output cannot be written, or a map would replace
        an image that is read.
    """
    job, watcher = job or Job(), watcher or Watcher()
    run, conditions = run_of(metric, job.reading), job.conditions
    check_columns(plan.columns, run.levels)
    baseline = conditions.baseline
    earlier = None if baseline is None else read_baseline(baseline, run)
    mapper = None if job.maps is None else Mapper(job.maps, plan, metric, job.reading)
    start = time.perf_counter()
    with Records(
        plan,
        run,
        job.output,
        resume=job.resume,
        conditions=conditions,
        threads=job.options.threads,
    ) as records:
        watcher.begin(len(plan.pairs), records.kept)
        kept = set(range(len(plan.pairs))) - set(records.missing)
        for row, score in (job.scorer or score_pairs)(
            metric, plan.pairs, rows=records.missing, reading=job.reading, options=job.options
        ):
            if mapper is not None:
                score = mapper.add(row, score)
            records.add(row, score)
            watcher.scored(row, conditions.judged(score))
        scores = records.finish(csv_safe=job.csv_safe)
    if mapper is not None:
        mapper.add_kept({row: scores[row] for row in sorted(kept)})
    return Report(
        plan,
        run,
        job,
        scores,
        tuple(conditions.findings(scores, earlier)),
        records.kept,
        records.changed,
        time.perf_counter() - start,
        () if mapper is None else tuple(mapper.written),
    )
