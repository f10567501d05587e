"""Earned value of projects."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.contract.errors import InputError

_EARNED = ("BAC", "PV", "EV", "AC")


def earned_value(tasks: pd.DataFrame) -> pd.DataFrame:
    """Where each task or project stands in money and time, rolled up as ratios of sums.

    `tasks`: BAC, PV, EV, AC (money), and optionally one more column that groups them. Adds CV, SV, CPI, SPI,
    EAC (BAC/CPI), EAC_at_plan (AC + BAC − EV: the rest as planned), EAC_cpi_spi (the rest at CPI · SPI), ETC, VAC, TCPI (to
    stay within BAC). The roll-up, `all`, is the last row. Blank where a
    divisor is 0. Source: PMI, Practice Standard for Earned Value Management.
    """
    lacking = [name for name in _EARNED if name not in tasks]
    if lacking:
        raise InputError(f"earned_value needs the columns BAC, PV, EV and AC; {', '.join(lacking)} is missing.")
    others = [name for name in tasks if name not in _EARNED]
    by = others[0] if others else "task"
    rows = tasks.assign(**({} if others else {by: [str(i + 1) for i in range(len(tasks))]}))
    sums = rows.groupby(by, sort=False)[list(_EARNED)].sum(min_count=1).reset_index()
    whole = pd.DataFrame([{by: "all", **rows[list(_EARNED)].sum(min_count=1)}])
    table = pd.concat([sums.astype({by: "str"}), whole], ignore_index=True).astype(dict.fromkeys(_EARNED, "float64"))
    return _indices(table)


def _indices(table: pd.DataFrame) -> pd.DataFrame:
    def over(above: pd.Series, below: pd.Series) -> pd.Series:
        return above / below.where(below != 0)

    bac, pv, ev, ac = (table[name] for name in _EARNED)
    cpi = over(ev, ac)
    eac = over(bac, cpi)
    return table.assign(
        CV=ev - ac,
        SV=ev - pv,
        CPI=cpi,
        SPI=over(ev, pv),
        EAC=eac,
        EAC_at_plan=ac + bac - ev,
        EAC_cpi_spi=ac + over(bac - ev, cpi * over(ev, pv)),
        ETC=eac - ac,
        VAC=bac - eac,
        TCPI=over(bac - ev, bac - ac),
    )
