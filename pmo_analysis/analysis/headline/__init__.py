"""Page 1: the five figures that executives read first."""

from pmo_analysis.analysis.headline.figures import TOPICS, Headline, tell_headline

__all__ = ["TOPICS", "Headline", "tell_headline"]
