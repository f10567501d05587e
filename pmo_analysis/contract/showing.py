"""How every result shows itself in a notebook, one sentence and one table, both escaped; and text that steers nothing."""

from __future__ import annotations

import pandas as pd

# Control characters but tab and line ends, separators of lines, and what turns the direction of writing.
_STEERING = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_SHOWN = dict.fromkeys(_STEERING - {0x09, 0x0A, 0x0D}, "·")


def still(text: str) -> str:
    """The text with a dot for every character that would steer a terminal or turn what is written around it."""
    return text.translate(_SHOWN)


def show_result(sentence: str, table: pd.DataFrame, *, index: bool = False) -> str:
    """HTML of a sentence above a table; pandas escapes what stands in both."""
    return pd.DataFrame({"": [sentence]}).to_html(index=False, header=False) + table.to_html(index=index)
