"""How every result shows itself in a notebook, one sentence and one table, both escaped; and text that steers nothing."""

from __future__ import annotations

import pandas as pd

PLAIN = "mathjax_ignore"  # the class by which JupyterLab leaves a name with dollars in it as it is
# Control characters but tab and line ends, separators of lines, and what turns the direction of writing.
_STEERING = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_SHOWN = dict.fromkeys(_STEERING - {0x09, 0x0A, 0x0D}, "·")


def still(text: str) -> str:
    """The text with a dot for every character that would steer a terminal or turn what is written around it."""
    return text.translate(_SHOWN)


def without_formulas(text: str) -> str:
    """The text for a widget's label, where dollars and backslashes would begin a formula: in their full-width form."""
    return text.translate({0x24: "\uff04", 0x5C: "\uff3c"})


def show_result(sentence: str, table: pd.DataFrame, *, index: bool = False) -> str:
    """HTML of a sentence above a table; pandas escapes what stands in both."""
    said = pd.DataFrame({"": [sentence]}).to_html(index=False, header=False)
    return f'<div class="{PLAIN}">{said}{table.to_html(index=index)}</div>'
