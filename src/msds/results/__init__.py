"""What became of every pair: records, the journal of a run, tables to keep, and their summary.

Nothing here imports torch.
"""

from msds.results.journal import Journal
from msds.results.record import (
    Outcome,
    Run,
    check_columns,
    differing,
    flat,
    record,
    size_difference,
)
from msds.results.summary import Scored, Summary
from msds.results.tables import (
    SUFFIXES,
    Earlier,
    check_output,
    json_line,
    read_results,
    write_results,
)

__all__ = [
    "SUFFIXES",
    "Earlier",
    "Journal",
    "Outcome",
    "Run",
    "Scored",
    "Summary",
    "check_columns",
    "check_output",
    "differing",
    "flat",
    "json_line",
    "read_results",
    "record",
    "size_difference",
    "write_results",
]
