"""Pictures of small tables: `(table, ax=None) -> Axes`. They draw what they are given and compute nothing.

One meaning per colour, the same in every picture, told apart in grey and by colour-blind readers.
"""

from matplotlib.axes import Axes

from pmo_analysis.present.plots.bars import plot_effects, plot_parts, plot_pulls, plot_scenario, plot_used
from pmo_analysis.present.plots.curves import plot_concentration
from pmo_analysis.present.plots.maps import plot_map
from pmo_analysis.present.plots.ranges import plot_quoted, plot_ranges, say_ranges
from pmo_analysis.present.plots.runs import plot_run, say_run
from pmo_analysis.present.plots.segments import plot_counts, plot_flows, plot_null
from pmo_analysis.present.plots.worth import plot_beside, plot_worth, say_worth

__all__ = [
    "Axes",
    "plot_beside",
    "plot_concentration",
    "plot_counts",
    "plot_effects",
    "plot_flows",
    "plot_map",
    "plot_null",
    "plot_parts",
    "plot_pulls",
    "plot_quoted",
    "plot_ranges",
    "plot_run",
    "plot_scenario",
    "plot_used",
    "plot_worth",
    "say_ranges",
    "say_run",
    "say_worth",
]
