"""Mutation testing: small mistakes are put into `pmo_analysis/analysis/`, and the tests must notice (`__main__.py`)."""
