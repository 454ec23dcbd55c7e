"""What runs on the cluster: the workers, and the ledger of what they have begun."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msds.cluster.entries import Entry, entries_of, entry_of
from msds.cluster.isolated import Isolated
from msds.cluster.parts import score_of, write_part
from msds.cluster.plan import Header, read_block
from msds.errors import InputError, MSDSError
from msds.results import Run
from msds.results.parquet import record_schema, record_table
from msds.version import __version__

if TYPE_CHECKING:
    from msds.engines import Engine, Precision


@dataclass(frozen=True)
class Workers:
    """What the workers are, each of them a process of its own with its own model.

    Attributes
    ----------
    count : how many there are at most; by default as many as the cluster has room for.
    cpus : cores of each, and threads that compute.
    gpus : of each; a part of one where several workers are to share it; by default one where the
        device is cuda, and none elsewhere.
    device, engine, precision : where and with what each computes; "auto" chooses the engine that is
        the fastest on the worker's node.
    memory : bytes that each is counted with when Ray chooses its node, besides what it works in.
    tries : after how many ends of its process an image is given up, and of its worker a block.

    Raises
    ------
    InputError
        If there are none of something that there must be.
    """

    count: int | None = None
    cpus: int = 1
    gpus: float | None = None
    device: str = "cpu"
    engine: Engine = "torch"
    precision: Precision = "float32"
    memory: int = 768 << 20
    tries: int = 3

    def __post_init__(self) -> None:
        for what, count in (("Workers", self.count), ("Cores", self.cpus), ("Tries", self.tries)):
            if count is not None and count < 1:
                raise InputError(
                    f"{what} of a run on a cluster: expected at least one; got {count}."
                )

    @property
    def share_of_gpu(self) -> float:
        """GPUs of each worker."""
        if self.gpus is not None:
            return self.gpus
        return 1.0 if self.device.startswith("cuda") else 0.0

    def room(self, nodes: Sequence[dict[str, Any]], working: int) -> int:
        """How many have room on some nodes, as `ray.nodes` gives these.

        Parameters
        ----------
        working : bytes that each works in.
        """
        found = 0
        for resources in (node["Resources"] for node in nodes if node["Alive"]):
            fits = [
                resources.get("CPU", 0) // self.cpus,
                resources.get("memory", 0) // (self.memory + working),
            ]
            if self.share_of_gpu:
                fits.append(resources.get("GPU", 0) // self.share_of_gpu)
            found += int(min(fits))
        return found

    def pool(self, data: Any, count: int, working: int) -> dict[str, Any]:
        """So many of them, as arguments of `ray.data.Dataset.map_batches`."""
        strategy = data.ActorPoolStrategy(
            min_size=1, max_size=count, initial_size=count, max_tasks_in_flight_per_actor=2
        )
        return {
            "compute": strategy,
            "num_cpus": self.cpus,
            "num_gpus": self.share_of_gpu,
            "memory": self.memory + working,
        }


class Ledger:
    """What workers ask for: what scores, and how often each block was begun.

    It is an actor on the driver's node, which does not end with a worker.
    """

    def __init__(self, setup: bytes) -> None:
        self._setup = setup
        self._begun: Counter[int] = Counter()

    def setup(self) -> bytes:
        """What scores, see `Isolated`."""
        return self._setup

    def begin(self, block: int) -> int:
        """A worker begins a block; how many began it until now, this one counted."""
        self._begun[block] += 1
        return self._begun[block]


def begin_ledger(ray: Any, setup: bytes) -> Any:
    """The actor of a ledger, on the node of the driver."""
    here = ray.get_runtime_context().get_node_id()
    place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(here, soft=False)
    return ray.remote(num_cpus=0, scheduling_strategy=place)(Ledger).remote(setup)


class ScoreBlocks:
    """A worker: scores blocks of a plan and writes their files, and tells how many pairs these had.

    Parameters
    ----------
    out : folder of the results.
    header : of the run.
    ledger : the actor of `Ledger`.
    tries : see `Workers`.
    version : of the driver's software.
    """

    def __init__(self, out: str, header: Header, ledger: Any, tries: int, version: str) -> None:
        self._out, self._header = out, header
        self._tries, self._ledger, self._version = tries, ledger, version
        self._isolated = Isolated(_setup(ledger), tries)
        self._files: dict[int, Any] = {}

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Score the block of this number, which is all that the batch holds."""
        (block,) = batch["block"]
        told: dict[str, Any] = {"block": int(block), "pairs": 0, "failed": 0, "error": ""}
        start = time.perf_counter()
        try:
            check_version(self._version)
            if not self._is_given_up(int(block)):
                told.update(self._score(int(block)))
        except MSDSError as error:
            told["error"] = str(error)
        told.update(seconds=time.perf_counter() - start, worker=os.getpid())
        told.update(process=self._isolated.pid or 0, node=_node())
        return {name: [value] for name, value in told.items()}

    def _is_given_up(self, block: int) -> bool:
        import ray

        return bool(ray.get(self._ledger.begin.remote(block)) > self._tries)

    def _score(self, block: int) -> dict[str, int]:
        header = self._header
        rows = read_block(self._out, header, block, self._files)
        entries = entries_of(rows, header.folder, header.shown)
        records = self._isolated.score(entries)
        scores = write_part(self._out, header, block, entries, records)
        return {"pairs": len(scores), "failed": sum(score.score is None for score in scores)}


class ScoreRows:
    """A worker for rows of a dataset: each comes back with the fields of its record.

    Parameters
    ----------
    ledger, tries : see `ScoreBlocks`.
    run : what all records have in common.
    folder : where relative names begin.
    columns : types of the carried columns.
    version : of the driver's software.
    """

    def __init__(
        self,
        ledger: Any,
        tries: int,
        run: Run,
        folder: str,
        columns: dict[str, str],
        version: str,
    ) -> None:
        self._isolated = Isolated(_setup(ledger), tries)
        self._run, self._folder, self._columns, self._version = run, folder, columns, version

    def __call__(self, table: Any) -> Any:
        """The records of a table of pairs."""
        from msds.pairs.manifest import parts_of

        check_version(self._version)
        entries: list[Entry] = []
        for row in table.to_pylist():
            names, columns, problem = parts_of(row, "a row")
            entries.append(entry_of(names, self._folder, "", columns, problem))
        records = self._isolated.score(entries)
        header = Header("", "", "", self._columns, self._run, False, ())
        scores = [
            score_of(entry, header, record) for entry, record in zip(entries, records, strict=True)
        ]
        schema = record_schema(self._columns, self._run.levels)
        return record_table(scores, self._columns, self._run.levels, schema)


def check_version(expected: str) -> None:
    """Refuse a node that has other software than the driver.

    Raises
    ------
    InputError
        If its version is another.
    """
    if __version__ != expected:
        raise InputError(
            f"Node {_node()} has msds {__version__}, and the run was begun with {expected}: all "
            "nodes need the same."
        )


def _setup(ledger: Any) -> bytes:
    import ray

    content: bytes = ray.get(ledger.setup.remote())
    return content


def _node() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())
