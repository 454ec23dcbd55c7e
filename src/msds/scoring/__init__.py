"""From files to scores, one pair or very many.

`run` scores a plan with a journal and conditions; `engine` scores very many pairs in bounded
memory, `pair` one; `inputs` reads files, `compare` makes scores of encodings, `cache` keeps
encodings on disk, `maps` and `mapping` show where the images of pairs differ.
"""

from msds.results import Score
from msds.scoring.engine import Options, score_pairs
from msds.scoring.inputs import Reading
from msds.scoring.mapping import Maps
from msds.scoring.memory import Memory
from msds.scoring.pair import score
from msds.scoring.run import Job, Report, Watcher, run_plan
from msds.scoring.several import run_models

__all__ = [
    "Job",
    "Maps",
    "Memory",
    "Options",
    "Reading",
    "Report",
    "Score",
    "Watcher",
    "run_models",
    "run_plan",
    "score",
    "score_pairs",
]
