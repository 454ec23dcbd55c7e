"""Agreement with people, intervals and tests: functions of lists of numbers, one subject a file."""

from msds.study.statistics.agreement import Agreement, agreement, outlier_ratio
from msds.study.statistics.bootstrap import (
    bootstrap_comparison,
    bootstrap_interval,
    paired_bootstrap,
    resampled,
)
from msds.study.statistics.comparison import Comparison, holm
from msds.study.statistics.correlation import kendall, pearson, ranks, spearman
from msds.study.statistics.curves import Array, Curve, evaluate
from msds.study.statistics.dependent import steiger_test, williams_test
from msds.study.statistics.intervals import Interval, fisher_interval
from msds.study.statistics.judgements import agreement_2afc, mean_average_precision
from msds.study.statistics.logistic import LogisticFit, fit_logistic, refit
from msds.study.statistics.resampling import (
    Resamples,
    Unit,
    ladder_resamples,
    ladders_suffice,
    reference_resamples,
    references_suffice,
    resamples_of,
    resampling_unit,
)
from msds.study.statistics.residuals import (
    looks_gaussian,
    pitman_morgan_test,
    residual_bootstrap,
    residual_f_test,
)

__all__ = [
    "Agreement",
    "agreement",
    "agreement_2afc",
    "Array",
    "bootstrap_comparison",
    "bootstrap_interval",
    "Comparison",
    "Curve",
    "evaluate",
    "fisher_interval",
    "fit_logistic",
    "holm",
    "Interval",
    "kendall",
    "ladder_resamples",
    "ladders_suffice",
    "LogisticFit",
    "looks_gaussian",
    "mean_average_precision",
    "outlier_ratio",
    "paired_bootstrap",
    "resampled",
    "pearson",
    "pitman_morgan_test",
    "ranks",
    "reference_resamples",
    "references_suffice",
    "refit",
    "Resamples",
    "resamples_of",
    "resampling_unit",
    "residual_bootstrap",
    "residual_f_test",
    "spearman",
    "steiger_test",
    "Unit",
    "williams_test",
]
