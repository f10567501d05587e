"""A workbench with which a project management office runs itself as a service for its internal customers."""

from pmo_analysis.intake.dataset import Dataset

__version__ = "0.1.0"
__all__ = ["Dataset", "__version__"]
