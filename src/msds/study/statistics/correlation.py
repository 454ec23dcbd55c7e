"""Correlations of two lists: Pearson's, and Spearman's and Kendall's of their ranks."""

from __future__ import annotations

import math

import numpy as np

from msds.errors import require
from msds.study.statistics.curves import Array


def ranks(values: Array) -> Array:
    """Ranks from 1, ties share their mean rank; shape (n,)."""
    values = np.asarray(values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    group = np.cumsum(first) - 1
    counts = np.bincount(group)
    ends = np.cumsum(counts)
    mean_rank = ends - 0.5 * (counts - 1)
    result = np.empty(values.size)
    result[order] = mean_rank[group]
    return result


def pearson(a: Array, b: Array) -> float:
    """Pearson's correlation of two (n,) lists; nan if either is constant."""
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm > 0 else math.nan


def spearman(a: Array, b: Array) -> float:
    """Spearman's rank correlation of two (n,) lists; nan if either is constant."""
    return pearson(ranks(a), ranks(b))


def kendall(a: Array, b: Array) -> float:
    """Kendall's tau-b of two (n,) lists; nan if either is constant."""
    stats = require("scipy.stats", "study")
    return float(stats.kendalltau(a, b).statistic)
