"""The plan of a run: the pairs of a manifest in blocks, in which those of a reference are together.

It is made in bounded memory. The rows are divided by their references into heaps on disk, each of
them small enough to be sorted, and the sorted rows are cut into blocks. A block is what a worker
is given, and what becomes one file of results. The plan lies with the results, as Parquet files
whose row groups are the blocks: a worker reads its own, and a run that goes on finds the same.
"""

from __future__ import annotations

import io
import json
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from msds.cluster.manifest import Batch, Manifest
from msds.cluster.storage import commit, joined, open_arrow, read
from msds.errors import InputError, require
from msds.results import Run, check_columns
from msds.text import printable

FORMAT = "msds-cluster-1"
HEADER = "_run.json"
FOLDER = "_plan"

HEAP_ROWS = 200_000
"""Rows of a heap, about."""

MOST_HEAPS = 512
PIECE_ROWS = 1_000_000
"""Rows that are sorted at once at most, where one reference has very many."""

FILE_BLOCKS = 256
"""Blocks in a file of the plan."""

MOST_BLOCKS = 20_000
LEAST_PAIRS, MOST_PAIRS = 64, 4096
"""Of a block; fewer where there would not be several for each worker."""


@dataclass(frozen=True)
class Header:
    """What a run is of: written when its plan is complete.

    Attributes
    ----------
    manifest : SHA-256 of the manifest.
    folder : where names in it begin that are relative, as all nodes find it.
    shown : how the beginning of such names is shown.
    columns : types of the carried columns, by name.
    run : what scores, and how.
    same_size : whether images of different size have no score.
    files : sizes of the blocks in each file of the plan.
    format : of the header and the plan.
    """

    manifest: str
    folder: str
    shown: str
    columns: dict[str, str]
    run: Run
    same_size: bool
    files: tuple[tuple[int, ...], ...]
    format: str = FORMAT

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Pairs of each block."""
        return tuple(size for sizes in self.files for size in sizes)

    @property
    def pairs(self) -> int:
        """All pairs."""
        return sum(self.sizes)

    def place_of(self, block: int) -> tuple[int, int]:
        """File of the plan and row group in it that hold a block."""
        return divmod(block, FILE_BLOCKS)

    def write(self, out: str) -> None:
        """Keep it with the results: the plan is complete now."""
        content = {
            "format": self.format,
            "manifest_sha256": self.manifest,
            "folder": self.folder,
            "shown": self.shown,
            "pairs": self.pairs,
            "columns": self.columns,
            "model": self.run.model,
            "fingerprint": self.run.fingerprint,
            "settings": dict(self.run.settings),
            "same_size": self.same_size,
            "blocks": self.files,
        }
        commit(joined(out, HEADER), json.dumps(content).encode())

    @classmethod
    def read(cls, out: str) -> Header:
        """The header of a run.

        Raises
        ------
        InputError
            If it cannot be read, or is none.
        """
        location = joined(out, HEADER)
        try:
            content = json.loads(read(location))
            return cls(
                content["manifest_sha256"],
                content["folder"],
                content["shown"],
                content["columns"],
                Run(content["model"], content["fingerprint"], content["settings"]),
                content["same_size"],
                tuple(map(tuple, content["blocks"])),
                {FORMAT: FORMAT}[content["format"]],
            )
        except (ValueError, LookupError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{printable(location)} does not say what the results are of ({error}); expected "
                f"format {FORMAT!r}."
            ) from error


def pairs_of_a_block(pairs: int, workers: int) -> int:
    """How many pairs a block should have: several blocks for each worker, and not too many."""
    usual = min(MOST_PAIRS, max(LEAST_PAIRS, pairs // MOST_BLOCKS))
    return max(1, min(usual, -(-pairs // (4 * workers))))


def make_plan(
    manifest: Path, out: str, levels: int, workers: int
) -> tuple[tuple[tuple[int, ...], ...], dict[str, str]]:
    """Write the plan of a manifest.

    Parameters
    ----------
    manifest : a table on a local disk.
    out : folder of the results.
    levels : most levels that a score has.
    workers : about how many there will be.

    Returns
    -------
    files, columns : as of a `Header`.

    Raises
    ------
    InputError
        If the manifest cannot be used, or the plan cannot be written.
    """
    table = Manifest(manifest)
    with tempfile.TemporaryDirectory(prefix="msds-plan-") as folder:
        heaps = _Heaps(Path(folder), min(MOST_HEAPS, 1 + table.estimate() // HEAP_ROWS))
        with heaps:
            for batch in table.batches():
                heaps.add(batch)
        columns = table.carried.types()
        check_columns(columns, levels)
        writer = _Writer(out, pairs_of_a_block(heaps.rows, workers))
        for piece in heaps.sorted():
            writer.add(piece)
        return writer.finish(), columns


def read_block(out: str, header: Header, block: int, kept: dict[int, Any]) -> list[dict[str, Any]]:
    """The rows of a block.

    Parameters
    ----------
    kept : opened files of the plan, by number; changed.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    parquet = require("pyarrow.parquet", "ray")
    number, group = header.place_of(block)
    if number not in kept:
        kept.clear()
        kept[number] = parquet.ParquetFile(open_arrow(_file(out, number)))
    rows: list[dict[str, Any]] = kept[number].read_row_group(group).to_pylist()
    return rows


def _file(out: str, number: int) -> str:
    return joined(joined(out, FOLDER), f"plan-{number:05d}.parquet")


def _schema() -> Any:
    arrow = require("pyarrow", "ray")
    names = ("reference", "distorted", "columns", "problem")
    return arrow.schema([("row", arrow.int64()), *((name, arrow.string()) for name in names)])


class _Heaps:
    """Rows divided by their references into files, each of which can be sorted in memory.

    Parameters
    ----------
    folder : for the files.
    count : of the heaps.

    Attributes
    ----------
    rows : how many there are.
    """

    def __init__(self, folder: Path, count: int) -> None:
        ipc = require("pyarrow.ipc", "ray")
        self._paths = [folder / f"{k}.arrow" for k in range(count)]
        self._stack = ExitStack()
        options = ipc.IpcWriteOptions(compression="lz4")
        self._writers = [
            self._stack.enter_context(ipc.new_stream(str(path), _schema(), options=options))
            for path in self._paths
        ]
        self.rows = 0

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, batch: Batch) -> None:
        """Put some rows on their heaps."""
        arrow = require("pyarrow", "ray")
        count = len(batch.reference)
        numbers = arrow.array(np.arange(self.rows, self.rows + count))
        self.rows += count
        nothing = arrow.nulls(count, arrow.string())
        columns = nothing if batch.columns is None else batch.columns
        table = arrow.record_batch(
            [numbers, batch.reference, batch.distorted, columns, batch.problem], schema=_schema()
        )
        if len(self._writers) == 1:
            self._writers[0].write_batch(table)
            return
        heap = self._heap_of(batch.reference)
        order = np.argsort(heap, kind="stable")
        ends = np.cumsum(np.bincount(heap, minlength=len(self._writers)))
        sorted_table = table.take(arrow.array(order))
        start = 0
        for writer, end in zip(self._writers, ends.tolist(), strict=True):
            if end > start:
                writer.write_batch(sorted_table.slice(start, end - start))
            start = end

    def _heap_of(self, references: Any) -> Any:
        """Number of the heap of each reference."""
        coded = references.dictionary_encode()
        digests = (zlib.crc32(name.encode()) for name in coded.dictionary.to_pylist())
        of_name = np.fromiter(digests, np.int64, len(coded.dictionary)) % len(self._writers)
        return of_name[coded.indices.to_numpy()]

    def sorted(self) -> Iterator[Any]:
        """Tables of rows in which those of a reference are together, in the manifest's order."""
        arrow = require("pyarrow", "ray")
        ipc = require("pyarrow.ipc", "ray")
        for path in self._paths:
            with arrow.memory_map(str(path)) as file, ipc.open_stream(file) as stream:
                waiting: list[Any] = []
                count = 0
                for batch in stream:
                    waiting.append(batch)
                    count += len(batch)
                    if count >= PIECE_ROWS:
                        yield _in_order(waiting)
                        waiting, count = [], 0
                if waiting:
                    yield _in_order(waiting)
            path.unlink()


def _in_order(batches: list[Any]) -> Any:
    table = require("pyarrow", "ray").Table.from_batches(batches)
    return table.sort_by([("reference", "ascending"), ("row", "ascending")])


class _Writer:
    """Cuts rows into blocks, and writes files of them."""

    def __init__(self, out: str, pairs: int) -> None:
        self._out, self._pairs = out, pairs
        self._files: list[tuple[int, ...]] = []
        self._sizes: list[int] = []
        self._buffer = io.BytesIO()
        self._parquet: Any = None

    def add(self, table: Any) -> None:
        """Some rows, those of a reference together."""
        start = 0
        for end in _cuts(table.column("reference"), self._pairs):
            self._block(table.slice(start, end - start))
            start = end

    def finish(self) -> tuple[tuple[int, ...], ...]:
        """Write what is left; returns the sizes of the blocks of each file."""
        self._close()
        return tuple(self._files)

    def _block(self, rows: Any) -> None:
        parquet = require("pyarrow.parquet", "ray")
        if self._parquet is None:
            self._parquet = parquet.ParquetWriter(self._buffer, _schema(), compression="zstd")
        self._parquet.write_table(rows, row_group_size=len(rows))
        self._sizes.append(len(rows))
        if len(self._sizes) == FILE_BLOCKS:
            self._close()

    def _close(self) -> None:
        if self._parquet is None:
            return
        self._parquet.close()
        commit(_file(self._out, len(self._files)), self._buffer.getvalue())
        self._files.append(tuple(self._sizes))
        self._parquet, self._buffer, self._sizes = None, io.BytesIO(), []


def _cuts(references: Any, pairs: int) -> Iterator[int]:
    """Ends of the blocks: a reference with more pairs than a block has is cut, others are not."""
    coded = references.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    ends = [*(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    start = before = 0
    for end in ends:
        if end - start > pairs and before > start:
            yield before
            start = before
        while end - start > pairs:
            start += pairs
            yield start
        before = end
    if before > start:
        yield before
