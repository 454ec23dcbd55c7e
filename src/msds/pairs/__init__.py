"""Which distorted image belongs to which reference: two files, folders, patterns, manifests.

`plan_paths` and `read_manifest` make a `Plan`; nothing is decoded, and torch is not imported.
"""

from msds.pairs.folders import plan_images, plan_paths
from msds.pairs.guess import guess_pattern
from msds.pairs.kinds import is_video
from msds.pairs.manifest import read_manifest
from msds.pairs.pattern import Pattern
from msds.pairs.plan import Ambiguous, ImageFile, Pair, Plan

__all__ = [
    "Ambiguous",
    "ImageFile",
    "Pair",
    "Pattern",
    "Plan",
    "guess_pattern",
    "is_video",
    "plan_images",
    "plan_paths",
    "read_manifest",
]
