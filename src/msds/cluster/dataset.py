"""Ray datasets of pairs, for those who have one already."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msds.cluster.child import packed, setup_of
from msds.cluster.plan import pairs_of_a_block
from msds.cluster.storage import EXTRA, absolute, is_uri
from msds.cluster.workers import ScoreRows, Workers, begin_ledger
from msds.errors import InputError, require
from msds.pairs.manifest import REQUIRED
from msds.results import check_columns
from msds.scoring import Job
from msds.scoring.memory import DEFAULT_TOTAL
from msds.version import __version__

if TYPE_CHECKING:
    from msds.metric.modules import MSDS


def score(
    dataset: Any,
    model: str | os.PathLike[str] | MSDS = "msds-compact",
    *,
    folder: str = ".",
    workers: Workers | None = None,
    job: Job | None = None,
    together: bool = True,
) -> Any:
    """Score a Ray dataset of pairs.

    Parameters
    ----------
    dataset : a `ray.data.Dataset` with the columns reference and distorted, which hold paths that
        all nodes see, or URIs.
    model : id of a model, path of a model file, or a metric.
    folder : where relative names begin, a path or a URI.
    workers : how many, and where they compute; by default as many as the cluster has room for.
    job : how files are read, and memory; conditions are left to the caller.
    together : whether the rows are sorted by their reference first, so that each is encoded once
        and not once per pair.

    Returns
    -------
    ray.data.Dataset
        A row for each pair: its columns and the fields of its record, as in Parquet that `msds
        score` writes. The names are brought in order at once, and scores computed when they are
        read. Images that cannot be scored have no score, and an error that says why.

    Raises
    ------
    InputError
        If the dataset has not the columns, or the model cannot be used.
    MissingExtraError
        If Ray is not installed.
    """
    import torch

    from msds.models import load_model

    ray = require("ray", EXTRA)
    data = require("ray.data", EXTRA)
    workers, job = workers or Workers(), job or Job()
    metric = model if isinstance(model, torch.nn.Module) else load_model(model)
    setup = setup_of(metric, workers, job)
    columns = _columns(dataset)
    check_columns(columns, setup.run.levels)
    ledger = begin_ledger(ray, packed(setup))
    working = job.options.memory or DEFAULT_TOTAL
    count = workers.count or max(1, workers.room(ray.nodes(), working))
    # The names are brought in order first: workers, once begun, may hold all cores there are.
    rows = (dataset.sort("reference") if together else dataset).materialize()
    pairs = rows.count()
    rows = rows.repartition(max(1, -(-pairs // pairs_of_a_block(pairs, count)))).materialize()
    place = folder if is_uri(folder) else absolute(folder)
    return rows.map_batches(
        ScoreRows,
        batch_size=None,
        batch_format="pyarrow",
        fn_constructor_args=(ledger, workers.tries, setup.run, place, columns, __version__),
        **workers.pool(data, count, working),
    )


def _columns(dataset: Any) -> dict[str, str]:
    """Types of the columns that are carried through, as `Carried` names them."""
    arrow = require("pyarrow", EXTRA)
    schema = dataset.schema()
    names = [] if schema is None else list(schema.names)
    if missing := [role for role in REQUIRED if role not in names]:
        raise InputError(
            f"The dataset has no column {' and no column '.join(missing)}; found "
            f"{', '.join(names) or 'none'}."
        )
    found = {}
    for name, kind in zip(names, schema.types, strict=True):
        if name in REQUIRED:
            continue
        if arrow.types.is_boolean(kind):
            found[name] = "bool"
        elif arrow.types.is_integer(kind):
            found[name] = "int64"
        else:
            found[name] = "float64" if arrow.types.is_floating(kind) else "string"
    return found
