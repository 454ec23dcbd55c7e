"""Where two images differ: maps of the metric over the image, on every level and fused.

`local` compares windows of features, `attribution` shares the difference of two Gram matrices out
among positions, `grid` knows where in the image a position looks, `pieces` makes features of
images of any size, `record` holds a map, and `position` says when parts are not where they were.
"""

from msds.metric.maps.compute import KINDS, Kind, make_map
from msds.metric.maps.position import position_note
from msds.metric.maps.record import LevelMap, QualityMap

__all__ = ["KINDS", "Kind", "LevelMap", "QualityMap", "make_map", "position_note"]
