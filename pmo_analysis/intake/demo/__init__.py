"""An invented organisation with planted truth, for trying things out and for tests.

Nordhafen Mutual, a bank and insurer, has a PMO that serves about 180 customers with 30 services. `make_demo`
makes it from a seed, of any size; `write_demo` writes its tables as files; `stream_demo` makes and writes millions of rows
in memory that does not grow. What is planted stands in `plan.py`
and comes back as the second result of `make_demo`:

- segments: four groups by need that cut across the given categories; movers: customers that change once
- affinity: how much a segment asks for a service in a stage; one-off services are sated by a request
- tiers: the groups in which effort truly falls; three services are quoted in sizes that do not fit
- senior_effect: senior people are put on complex work, so that comparing outcomes naively misleads
- projects: cost at the end over plan, 18 % above one and a half (Flyvbjerg et al., 2022)
- benefits: what truly comes; about 60 % of those due are never measured
- survey: the mean of all who were asked beside that of those who answered
- missing_weeks: bookings that a team never made; next_requests: the true chance of the next request
"""

from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.demo.build import make_demo
from pmo_analysis.intake.demo.stream import Amount, stream_demo
from pmo_analysis.intake.demo.write import write_demo, write_table

__all__ = ["Amount", "demo", "make_demo", "stream_demo", "write_demo", "write_table"]


def demo(*, customers: int = 180, quarters: int = 12, seed: int = 0) -> Dataset:
    """The invented organisation in memory; its `truth` is what was planted. The same seed gives the same rows."""
    tables, truth = make_demo(customers=customers, quarters=quarters, seed=seed)
    return Dataset.from_frames(tables, truth=truth)
