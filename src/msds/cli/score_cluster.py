"""`msds score --cluster`: options, and what is shown of a run on a cluster."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from msds.cli import show
from msds.cli.options import EngineOptions, ModelOptions, Pairing
from msds.cli.result_options import ConditionOptions, OutputOptions
from msds.cli.saliency import SaliencyOptions
from msds.cluster.follower import Follower
from msds.cluster.storage import is_uri, location_of
from msds.errors import InputError, require
from msds.status import Status
from msds.text import counted, one_line

if TYPE_CHECKING:
    from msds.cluster import ClusterReport, Workers
    from msds.engines import Engine, Precision

CLUSTER = "Cluster"
LINE_SECONDS = 30.0
"""Between lines on how far a run is, where there is no terminal for a bar."""


@dataclass(frozen=True)
class ClusterOptions:
    """Where very many pairs are scored."""

    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Score --manifest on a Ray cluster, and write a folder of Parquet, --out DIR: "
            "local begins one here, auto joins the one this machine is of. Names may be s3://, "
            "gs:// and https:// URIs.",
            rich_help_panel=CLUSTER,
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Processes that score, each with --compute-threads cores (1), and a GPU if "
            "--device is cuda; unless given, as many as there is room for.",
            rich_help_panel=CLUSTER,
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.cluster is None:
            raise InputError("--workers are those of --cluster: give that too.")


def refuse_uris(pairing: Pairing, output: OutputOptions) -> None:
    """Refuse names that only a run on a cluster can read or write."""
    for path in (*pairing.files, *filter(None, output.files.values())):
        if is_uri(path):
            raise InputError(
                f"{path}: this is no path; stores and web servers are read with --cluster, such as "
                "--cluster local."
            )


def score_on_cluster(
    pairing: Pairing,
    model: ModelOptions,
    saliency: SaliencyOptions,
    output: OutputOptions,
    conditions: ConditionOptions,
    engine: EngineOptions,
    cluster: ClusterOptions,
) -> Status:
    """Score a manifest on a cluster, and say what came of it."""
    assert cluster.cluster is not None
    manifest, out = _places(pairing, output)
    _refuse(
        {
            "--dry-run": pairing.dry_run,
            "--json": output.as_json,
            "--quiet": output.quiet,
            "--explain": output.explain,
            "--report": output.report,
            "--junit": output.junit,
            "--summary": output.summary,
            "--maps": output.maps,
            "--check-places": output.check_places,
            "--with-size": output.with_size,
            "--annotations": conditions.annotations,
            "--saliency MAPS": saliency.saliency and saliency.saliency != ["spectral-residual"],
            "more than one --model": len(model.model or ()) > 1,
        }
    )
    for name in ("ray", "pyarrow", "fsspec"):
        require(name, "ray")

    from msds.cluster import run_manifest
    from msds.scoring import Job

    workers = _workers(cluster, engine)
    job = Job(
        saliency.reading(model.reading()),
        engine.options(),
        conditions.conditions(pairing.allow_unmatched),
        resume=output.resume,
    )
    (metric,) = model.load()
    with _Progress() as progress:
        report = run_manifest(
            location_of(manifest),
            location_of(out),
            metric,
            address=cluster.cluster,
            workers=workers,
            job=job,
            follower=progress,
        )
    show_report(report)
    return report.status


def _places(pairing: Pairing, output: OutputOptions) -> tuple[Path, Path]:
    """Where the pairs are named, and where their results go."""
    if pairing.manifest is None or output.out is None:
        raise InputError(
            "--cluster scores --manifest FILE and writes --out DIR: give both, and no other paths."
        )
    return pairing.manifest, output.out


def _workers(cluster: ClusterOptions, engine: EngineOptions) -> Workers:
    """The processes that score."""
    from msds.cluster import Workers

    return Workers(
        cluster.workers,
        engine.compute_threads or 1,
        device=engine.device,
        engine=cast("Engine", engine.engine),
        precision=cast("Precision", engine.precision),
    )


def _refuse(given: Mapping[str, object]) -> None:
    found = ", ".join(name for name, value in given.items() if value)
    if found:
        raise InputError(f"--cluster writes a folder of Parquet, no more: leave out {found}.")


class _Progress(Follower):
    """Shows how far a run on a cluster is: as a bar on a terminal, in lines elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._total = self._kept = self._done = self._failed = 0
        self._start = self._said = time.monotonic()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if isinstance(error, KeyboardInterrupt) and self._total:
            show.say("the files of results that are there are kept; go on with --resume")

    def planned(self, pairs: int, kept: int) -> None:
        self._total, self._kept, self._done = pairs, kept, kept
        self._start = self._said = time.monotonic()
        if sys.stderr.isatty():
            from msds.cli.bars import pairs_bar

            self._bar = pairs_bar()
            self._bar.add_task("scoring", total=pairs, completed=kept, kept=kept)
            self._bar.start()
        else:
            show.say(f"{counted(pairs, 'pairs')}, {kept} of them scored before")

    def finished(self, pairs: int, failed: int) -> None:
        self._done += pairs
        self._failed += failed
        now = time.monotonic()
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0], pairs)
        elif now - self._said >= LINE_SECONDS:
            self._said = now
            show.say(self._line(now - self._start))

    def _line(self, seconds: float) -> str:
        rate = (self._done - self._kept) / seconds
        left = timedelta(seconds=round((self._total - self._done) / rate))
        return (
            f"{self._done} of {self._total} pairs, {self._failed} failed; {rate:.1f} pairs/s, "
            f"{left} left"
        )


def show_report(report: ClusterReport) -> None:
    """Counts, median, failures, the worst pairs and what the conditions say, on standard error."""
    tally = report.tally
    show.show_failures(tally.failures)
    if tally.failed > len(tally.failures):
        show.say(f"  and {tally.failed - len(tally.failures)} more without a score")
    show.show_counts(tally.counts, report.kept, report.seconds)
    show.show_worst(tally.worst)
    if report.left:
        show.say(
            f"{counted(report.left, 'pairs')} have no record: their workers ended again and again; "
            "--resume tries them once more"
        )
    show.show_findings(report.findings)
    show.say(one_line(f"results: {report.out}"))
