"""How every result shows itself in a notebook: one sentence and one table, both escaped."""

from __future__ import annotations

import pandas as pd


def show_result(sentence: str, table: pd.DataFrame, *, index: bool = False) -> str:
    """HTML of a sentence above a table; pandas escapes what stands in both."""
    return pd.DataFrame({"": [sentence]}).to_html(index=False, header=False) + table.to_html(index=index)
