"""`python -m pmo_analysis` is `pmo`."""

from pmo_analysis.cli import main

main()
