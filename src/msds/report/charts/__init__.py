"""Charts as SVG that takes its letters and colours from the page it stands in.

A chart draws itself for any width in pixels, so that a page can hold a wide and a narrow one and no
letter is ever shrunk. Nothing here needs a plotting library, and any text is shown as it is.
"""

from msds.report.charts.bars import Columns, Histogram
from msds.report.charts.base import Chart, Key
from msds.report.charts.curve import Curve
from msds.report.charts.intervals import Intervals
from msds.report.charts.lines import Line, Lines
from msds.report.charts.scatter import Scatter

__all__ = ["Chart", "Columns", "Curve", "Histogram", "Intervals", "Key", "Line", "Lines", "Scatter"]
