"""The process that scores, apart from the worker that Ray knows.

A fault of a decoder, or memory that runs out, ends this process and not the worker, which sees at
which pair that was. It is told on standard input what scores, then blocks of pairs; it answers on
standard output with records as they come. It ends when its input does.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from msds.errors import InputError, MSDSError

if TYPE_CHECKING:
    from msds.cluster.entries import Entry
    from msds.cluster.workers import Workers
    from msds.engines import Engine, Precision
    from msds.metric.modules import MSDS
    from msds.results import Run
    from msds.scoring import Job, Options, Reading


@dataclass(frozen=True)
class Setup:
    """What scores, and how.

    Attributes
    ----------
    metric : on the CPU, computing with torch.
    run : what it must turn out to be.
    reading, options : how files become pixels, and how the engine works.
    device, engine, precision : where and with what to compute.
    threads : that compute.
    """

    metric: MSDS
    run: Run
    reading: Reading
    options: Options
    device: str = "cpu"
    engine: Engine = "torch"
    precision: Precision = "float32"
    threads: int = 1

    def settled(self) -> MSDS:
        """The metric where and with what it is to compute.

        Raises
        ------
        InputError
            If that cannot be done here.
        """
        from msds.results.baseline import check_same_run
        from msds.scoring.compare import run_of
        from msds.scoring.device import choose_device, use_threads

        use_threads(self.threads)
        metric = self.metric.to(choose_device(self.device))
        metric = metric.set_engine(self.engine, self.precision)
        found = run_of(metric, self.reading)
        check_same_run("What this run was begun with was", self.run, found)
        return metric


def main() -> None:
    """Answer requests until there are no more."""
    _offer_itself()
    requests = sys.stdin.buffer
    with open(os.dup(1), "wb") as replies:
        os.dup2(2, 1)  # whatever a library prints
        with suppress(EOFError, BrokenPipeError):
            try:
                setup: Setup = pickle.load(requests)
                scorer = _Scorer(setup)
            except MSDSError as error:
                _send(replies, {"error": str(error)})
                return
            _send(replies, {"ready": True})
            while True:
                for answer in scorer.records(pickle.load(requests)):
                    _send(replies, answer)
                _send(replies, None)


class _Scorer:
    """The engine, asked one block at a time."""

    def __init__(self, setup: Setup) -> None:
        from msds.cluster.fetching import Fetcher

        self._setup = setup
        self._metric = setup.settled()
        self._fetcher = Fetcher(setup.reading.max_pixels)

    def records(self, entries: Sequence[Entry]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Which pair, and its record as a journal keeps it, as they come."""
        from msds.scoring import score_pairs

        reading, options = self._setup.reading, self._setup.options
        for start, part, files in self._fetcher.chunks(entries):
            pairs = [files.pair(entry) for entry in part]
            for k, score in score_pairs(self._metric, pairs, reading=reading, options=options):
                yield start + k, files.named(score, part[k]).to_journal()


def _send(replies: BinaryIO, content: object) -> None:
    pickle.dump(content, replies)
    replies.flush()


def _offer_itself() -> None:
    """Have Linux end this process first where memory runs out, and none of the cluster's own."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def setup_of(metric: MSDS, workers: Workers, job: Job) -> Setup:
    """How workers score with a metric, which is left on the CPU, computing with torch."""
    from msds.scoring.compare import run_of

    # In a reduced precision each engine is another model; in float32 the driver needs none.
    engine = "torch" if workers.precision == "float32" else workers.engine
    run = run_of(metric.to("cpu").set_engine(engine, workers.precision), job.reading)
    return Setup(
        metric.set_engine("torch"),
        run,
        job.reading,
        job.options,
        workers.device,
        workers.engine,
        workers.precision,
        workers.cpus,
    )


def packed(setup: Setup) -> bytes:
    """A setup as it is sent to workers.

    Raises
    ------
    InputError
        If the metric has code of the user's own that cannot be sent.
    """
    try:
        return pickle.dumps(setup)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(f"This metric cannot be sent to other processes: {error}.") from error


if __name__ == "__main__":
    from msds.cluster import child

    child.main()  # by its own name, by which the other side knows what is sent
