"""Reports: one self-contained HTML page per run, with tables, plots and pictures."""

from msds.report.pages import (
    write_benchmark_report,
    write_fit_report,
    write_study_report,
)

__all__ = ["write_benchmark_report", "write_fit_report", "write_study_report"]
