"""Encoders and their settings: what each costs in bytes, and what it does to the score.

`codecs` and `commands` encode, `plan` says what, `run` does it and keeps one record per image,
encoder and setting. It stands above scoring and the look of pages, and prints nothing.
"""

from msds.sweeps.codec import Codec
from msds.sweeps.codecs import open_codec
from msds.sweeps.plan import SweepPlan, plan_sweep
from msds.sweeps.run import SweepJob, SweepReport, run_sweep
from msds.sweeps.tuning import Tuned, tune

__all__ = [
    "Codec",
    "SweepJob",
    "SweepPlan",
    "SweepReport",
    "Tuned",
    "open_codec",
    "plan_sweep",
    "run_sweep",
    "tune",
]
