"""What became of every pair: records, the journal of a run, tables to keep, and their summary.

Nothing here imports torch.
"""

from msds.results.conditions import Conditions
from msds.results.earlier import read_results
from msds.results.finding import Finding
from msds.results.journal import Journal
from msds.results.record import Run, Score, differing, size_difference
from msds.results.summary import Summary
from msds.results.tables import (
    SUFFIXES,
    check_columns,
    check_output,
    flat,
    json_line,
    write_results,
)

__all__ = [
    "SUFFIXES",
    "Conditions",
    "Finding",
    "Journal",
    "Run",
    "Score",
    "Summary",
    "check_columns",
    "check_output",
    "differing",
    "flat",
    "json_line",
    "read_results",
    "size_difference",
    "write_results",
]
