"""The engine: from files to scores, one pair or very many.

`single` scores one pair, `engine` many; `inputs` reads files, `encode` runs the trunk within a
memory budget, `cache` keeps encodings on disk.
"""

from msds.scoring.engine import Options, score_pairs
from msds.scoring.inputs import Reading
from msds.scoring.memory import Memory
from msds.scoring.pair import Score, score, score_images

__all__ = ["Memory", "Options", "Reading", "Score", "score", "score_images", "score_pairs"]
