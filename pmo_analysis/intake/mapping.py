"""Import of an organisation's own exports: a mapping file and files in, checked tables and a reconciliation out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.coverage import rank_gaps, unmapped, write_unmapped
from pmo_analysis.intake.evaluate import ASIDE
from pmo_analysis.intake.import_folder import (
    REPORTS,
    digest,
    keep_added,
    refuse_foreign,
    whole_or_absent,
    write_csv,
    write_record,
)
from pmo_analysis.intake.mapping_file import Mapping, list_presets, read_mapping, told
from pmo_analysis.intake.readers import assign_files, read_source
from pmo_analysis.intake.reconcile import reconcile
from pmo_analysis.intake.sandbox import open_sandbox
from pmo_analysis.intake.tabling import FLAGGED, OPEN, Built, build_table

__all__ = ["Import", "import_tables", "list_presets", "read_mapping", "unmapped", "write_unmapped"]

Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Import:
    """What an import made and what it left out.

    `folder`; `tables`: table, rows, path · `reconciliation`: table, source_file, source_rows, source_total,
    imported_rows, imported_total, set_aside_rows, set_aside_total, merged_rows, difference, reason (totals are exact
    Decimals) · `set_aside`: table, source_file, source_row, kind (row or cell), column, value, reason · `flagged`:
    table, source_file, source_row, like_file, like_row, reason · `unmapped`: map, value, table, column, row_count,
    hours, cost (what no map covers, largest first) · `notes`: what the mapping assumes and what the import had to choose.
    """

    folder: Path
    tables: pd.DataFrame
    reconciliation: pd.DataFrame
    set_aside: pd.DataFrame
    flagged: pd.DataFrame
    unmapped: pd.DataFrame
    notes: dict[str, str]

    def _repr_html_(self) -> str:
        rows = int(self.tables["rows"].sum())
        said = f"<p>{rows} rows in {len(self.tables)} tables; {len(self.set_aside)} rows or cells set aside.</p>"
        return said + self.reconciliation.to_html(index=False)


def import_tables(
    mapping_path_or_preset: str | Path,
    files: Sequence[Path],
    *,
    to: Path,
    progress: Tell | None = None,
    replace: bool = False,
    maps: Path | None = None,
) -> Import:
    """Writes an organisation's exports as tables of the contract into a folder, with a reconciliation.

    The folder appears whole or not at all and holds `<table>.csv`, `reconciliation.csv`, `set_aside.csv`, `flagged.csv`,
    `unmapped.csv`, `import_notes.md`, `import.json` and, where the mapping declares settings, `settings.toml`.
    A folder that is no earlier import, or one changed by hand, is refused unless `replace`; files added to one are
    carried over. CSV files of value maps are looked for in `maps`, else beside the mapping file.
    Every problem of mapping and files is raised at once as an InputError.
    """
    tell = progress or _silent
    folder = Path(to)
    mapping = read_mapping(mapping_path_or_preset, maps=maps)
    Settings(mapping.settings)
    refuse_foreign(folder, replace=replace)
    assigned = assign_files(mapping, [Path(f) for f in files])
    built = _build(mapping, _read(mapping, assigned, tell), tell)
    reconciliation = reconcile(built, mapping.tables)
    notes = mapping.notes | {f"choice {i}": n for i, n in enumerate((n for b in built for n in b.notes), 1)}
    effort = next((b.rows for b in built if b.name == "effort"), None)
    made = _Parts(
        reconciliation,
        _all(built, "aside", ASIDE),
        _all(built, "flagged", FLAGGED),
        rank_gaps(_all(built, "unmapped", OPEN), effort),
    )
    tell(f"writing {folder.name}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with whole_or_absent(folder) as scratch:
        _write(scratch, mapping, built, made, notes)
        sources = {f.name: digest(f) for fs in assigned.values() for f in fs}
        write_record(scratch, mapping=mapping.name, sources=sources)
        if not replace:
            keep_added(folder, scratch)
    tables = pd.DataFrame(
        [(b.name, len(b.rows), str(folder / f"{b.name}.csv")) for b in built], columns=["table", "rows", "path"]
    )
    return Import(folder, tables, reconciliation, made.set_aside, made.flagged, made.unmapped, notes)


@dataclass(frozen=True, eq=False)
class _Parts:
    reconciliation: pd.DataFrame
    set_aside: pd.DataFrame
    flagged: pd.DataFrame
    unmapped: pd.DataFrame


def _silent(step: str) -> None:
    """Progress that nobody wants to hear."""


def _read(mapping: Mapping, assigned: dict[str, list[Path]], tell: Tell) -> dict[str, pd.DataFrame]:
    problems: list[str] = []
    rows: dict[str, pd.DataFrame] = {}
    for name, files in assigned.items():
        if files:
            tell(f"reading {', '.join(f.name for f in files)}")
            rows[name], found = read_source(mapping.sources[name], files)
            problems += found
    if problems:
        raise InputError(told("The files cannot be read", list(dict.fromkeys(problems))))
    return rows


def _build(mapping: Mapping, sources: dict[str, pd.DataFrame], tell: Tell) -> list[Built]:
    problems: list[str] = []
    values = {name: m.values for name, m in mapping.maps.items()}
    built = []
    with open_sandbox(sources, values, pseudonym_key=mapping.pseudonym_key) as connection:
        for rule in (r for r in mapping.tables.values() if r.source in sources):
            tell(f"making {rule.name}")
            built.append(build_table(connection, mapping, rule, problems))
    if problems:
        raise InputError(told("Nothing was imported", problems))
    return [b for b in built if b is not None]


def _all(built: Sequence[Built], part: str, columns: list[str]) -> pd.DataFrame:
    frames = [getattr(b, part) for b in built if len(getattr(b, part))]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _write(scratch: Path, mapping: Mapping, built: Sequence[Built], made: _Parts, notes: dict[str, str]) -> None:
    for table in built:
        write_csv(table.rows.drop(columns=["_file", "_row"]), scratch / f"{table.name}.csv")
    for name in REPORTS:
        write_csv(getattr(made, name), scratch / f"{name}.csv")
    told_notes = "\n".join(f"- **{name}**: {' '.join(note.split())}" for name, note in notes.items())
    about = f"# How these tables were imported\n\nMapping `{mapping.name}`: {mapping.about}\n\n{told_notes}\n"
    (scratch / "import_notes.md").write_text(about, "utf-8")
    if mapping.settings:
        lines = "".join(f"{name} = {_toml(value)}\n" for name, value in mapping.settings.items())
        (scratch / "settings.toml").write_text(lines, "utf-8")


def _toml(value: object) -> str:
    """A setting's value as TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list():
            return "[" + ", ".join(_toml(v) for v in value) + "]"
        case dict():
            return "{ " + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + " }"
        case _:
            return str(value)
