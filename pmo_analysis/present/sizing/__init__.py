"""What-if sizing: sliders, the scenario that they make beside the quarter as it was, and what is kept of it."""

from pmo_analysis.present.sizing.app import SizingApp

__all__ = ["SizingApp"]
