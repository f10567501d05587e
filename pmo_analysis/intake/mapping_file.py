"""The mapping file: which file, which reader and which SQL expression gives each column of a table."""

from __future__ import annotations

from collections.abc import Mapping as Tree
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.settings import declared
from pmo_analysis.contract.tables import TABLE
from pmo_analysis.contract.toml import parse_toml
from pmo_analysis.intake.mapping_shape import find_misshapen

READERS = ("auto", "csv", "xlsx", "xls", "msproject")
OTHERWISE = ("keep", "blank", "set aside", "fill")
UNREADABLE = ("refuse", "blank", "set aside")


@dataclass(frozen=True)
class Source:
    """One export: where it is found and how it is read into rows of text."""

    name: str
    files: tuple[str, ...]
    reader: str = "csv"
    encoding: str = "utf-8-sig"
    newline: str = "auto"
    delimiter: str = ","
    quote: str = '"'
    skip_rows: int = 0
    header: tuple[str, ...] = ()
    sheet: str | int = 0
    part: str = "tasks"
    missing: tuple[str, ...] = ()
    labels: dict[str, list[str]] = field(default_factory=dict)
    absent_allowed: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    number_columns: tuple[str, ...] = ()
    optional: bool = False
    helpers: dict[str, str] = field(default_factory=dict)
    set_aside: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class ColumnRule:
    """How one column is made: an SQL expression, and a value map laid over its result where one is named."""

    of: str
    map: str = ""
    otherwise: str = "keep"
    fill: str = ""


@dataclass(frozen=True)
class TableRule:
    """How one table of the contract is made from one source."""

    name: str
    source: str
    columns: dict[str, ColumnRule]
    helpers: dict[str, str] = field(default_factory=dict)
    set_aside: tuple[dict[str, str], ...] = ()
    unpivot: dict[str, Any] = field(default_factory=dict)
    one_row_per: tuple[str, ...] = ()
    first_by: str = ""
    unreadable: str = "refuse"
    alike_but_for: tuple[str, ...] = ()
    control: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ValueMap:
    """From a tool's words to the organisation's: department to customer, user to role, type to service."""

    name: str
    values: dict[str, str]
    file: str = ""
    key: str = "key"
    value: str = "value"


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file, checked against the contract."""

    name: str
    about: str
    sources: dict[str, Source]
    tables: dict[str, TableRule]
    maps: dict[str, ValueMap] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    pseudonym_key: str = ""


def list_presets() -> pd.DataFrame:
    """The mappings that ship for well-known tools: preset, about, files."""
    found = [read_mapping(p.name.removesuffix(".toml")) for p in _preset_folder().iterdir() if p.name.endswith(".toml")]
    rows = [(m.name, m.about, ", ".join(sorted({f for s in m.sources.values() for f in s.files}))) for m in found]
    return pd.DataFrame(sorted(rows), columns=["preset", "about", "files"])


def read_mapping(path_or_preset: str | Path, *, maps: Path | None = None) -> Mapping:
    """The mapping of a TOML file, or of a preset by name; every problem in it raised at once as an InputError.

    CSV files of value maps are looked for in `maps`, else beside the mapping file; one that is absent is an
    empty map, so that everything is reported as unmapped.
    """
    text, where, folder = _find(path_or_preset)
    try:
        tree = parse_toml(text)
    except ValueError as error:
        raise InputError(f"{where} is not valid TOML: {error}. Mend that line.") from error
    problems: list[str] = list(find_misshapen(tree))
    if problems:
        raise InputError(told(f"The mapping {where} cannot be used", problems))
    mapping = _mapping(tree, where, maps or folder, problems)
    if problems:
        raise InputError(told(f"The mapping {where} cannot be used", problems))
    return mapping


def told(headline: str, problems: list[str]) -> str:
    """All problems in one message, numbered."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return f"{headline}, {count}:\n" + "\n".join(f"  {i}. {p}" for i, p in enumerate(problems, 1))


def _preset_folder() -> Any:
    return resources.files("pmo_analysis.intake").joinpath("presets")


def _find(path_or_preset: str | Path) -> tuple[str, str, Path | None]:
    path = Path(path_or_preset)
    preset = _preset_folder().joinpath(f"{path_or_preset}.toml")
    if path.suffix != ".toml" and preset.is_file():
        return preset.read_text("utf-8"), str(path_or_preset), None
    if not path.is_file():
        names = [p.name.removesuffix(".toml") for p in _preset_folder().iterdir() if p.name.endswith(".toml")]
        raise InputError(f"There is no mapping file and no preset {str(path)!r}. {nearest(path.stem, names)}")
    try:
        return path.read_text("utf-8"), path.name, path.parent
    except UnicodeDecodeError as error:
        raise InputError(f"The mapping {path.name} is not UTF-8 ({error}). Save it as UTF-8.") from error


def _mapping(tree: dict[str, Any], where: str, folder: Path | None, problems: list[str]) -> Mapping:
    _unknown(
        tree,
        {"source", "table", "map", *(f.name for f in fields(Mapping))} - {"sources", "tables", "maps"},
        "the top level",
        problems,
    )
    sources = {n: _source(n, t, problems) for n, t in _sections(tree, "source", problems)}
    maps = {n: _value_map(n, t, folder, problems) for n, t in _sections(tree, "map", problems)}
    tables = {n: _table(n, t, sources, problems) for n, t in _sections(tree, "table", problems)}
    problems.extend(
        f"There is no [{kind}.NAME] section. Add one; the preset 'template' shows how."
        for kind, found in (("source", sources), ("table", tables))
        if not found
    )
    for table in tables.values():
        _check_table(table, sources, maps, problems)
    _unknown(tree.get("settings", {}), set(declared()), "[settings]", problems)
    notes = {str(k): str(v) for k, v in tree.get("notes", {}).items()}
    return Mapping(
        str(tree.get("name", where.removesuffix(".toml"))),
        str(tree.get("about", "")),
        sources,
        tables,
        maps,
        tree.get("settings", {}),
        notes,
        str(tree.get("pseudonym_key", "")),
    )


def _sections(tree: dict[str, Any], kind: str, problems: list[str]) -> list[tuple[str, dict[str, Any]]]:
    section = tree.get(kind, {})
    bad = [n for n, t in section.items() if not isinstance(t, dict)] if isinstance(section, dict) else [kind]
    problems.extend(f"[{kind}] {n!r} is not a section. Write [{kind}.NAME]." for n in bad)
    return [(n, t) for n, t in section.items() if n not in bad] if isinstance(section, dict) else []


def _unknown(tree: Tree[str, Any], known: set[str], where: str, problems: list[str]) -> None:
    problems.extend(f"{where} has an unknown entry {n!r}. {nearest(n, known)}" for n in tree if n not in known)


def _source(name: str, tree: dict[str, Any], problems: list[str]) -> Source:
    where = f"[source.{name}]"
    known = {f.name for f in fields(Source)} - {"name"}
    _unknown(tree, known, where, problems)
    given = {k: _as_tuple(k, v) for k, v in tree.items() if k in known}
    if not given.get("files"):
        problems.append(f'{where} names no files. Add a pattern: files = "sales*.csv".')
        given["files"] = ()
    source = Source(name, **given)
    for option, allowed in (
        ("reader", READERS),
        ("newline", ("auto", "cr", "lf", "crlf")),
        ("part", ("tasks", "assignments", "resources", "timephased")),
    ):
        if getattr(source, option) not in allowed:
            problems.append(f"{where} {option} = {getattr(source, option)!r}: choose one of {', '.join(allowed)}.")
    return source


def _as_tuple(name: str, value: Any) -> Any:
    if name in ("files", "header", "missing", "absent_allowed", "number_columns", "set_aside"):
        return tuple([value] if isinstance(value, str) else value)
    return value


def _value_map(name: str, tree: dict[str, Any], folder: Path | None, problems: list[str]) -> ValueMap:
    _unknown(tree, {"values", "file", "key", "value"}, f"[map.{name}]", problems)
    key, value = str(tree.get("key", "key")), str(tree.get("value", "value"))
    values = {str(k): str(v) for k, v in tree.get("values", {}).items()}
    file = str(tree.get("file", ""))
    if Path(file).name != file:
        problems.append(f"[map.{name}] file = {file!r} must be a plain file name beside the mapping file.")
    elif file and folder is not None and (folder / file).is_file():
        values |= _read_map(folder / file, name, key, value, problems)
    return ValueMap(name, values, file, key, value)


def _read_map(path: Path, name: str, key: str, value: str, problems: list[str]) -> dict[str, str]:
    where = f"[map.{name}] file {path.name}"
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        problems.append(f"{where} cannot be read: {error}. Save it as a UTF-8 CSV with a header.")
        return {}
    absent = [c for c in (key, value) if c not in rows]
    if absent:
        problems.append(f"{where} has no column {absent[0]!r}. {nearest(absent[0], rows.columns)}")
        return {}
    filled = rows[rows[value].str.strip() != ""]
    twice = filled[filled.duplicated(key)]
    if len(twice):
        problems.append(
            f"{where}: {len(twice)} keys stand twice, such as {twice[key].iloc[0]!r}. Keep one row for each."
        )
    return dict(zip(filled[key], filled[value], strict=True))


def _table(name: str, tree: dict[str, Any], sources: dict[str, Source], problems: list[str]) -> TableRule:
    where = f"[table.{name}]"
    known = {f.name for f in fields(TableRule)} - {"name", "source"} | {"from"}
    _unknown(tree, known, where, problems)
    columns = {c: _column(f"{where} column {c}", r, problems) for c, r in tree.get("columns", {}).items()}
    given = {k: v for k, v in tree.items() if k in known - {"from", "columns"}}
    for option in ("set_aside", "one_row_per", "alike_but_for"):
        given[option] = tuple(given.get(option, ()))
    if tree.get("from") in sources:
        shared = sources[tree["from"]]
        given["helpers"] = shared.helpers | given.get("helpers", {})
        given["set_aside"] = shared.set_aside + given["set_aside"]
    return TableRule(name, str(tree.get("from", "")), columns, **given)


def _column(where: str, rule: Any, problems: list[str]) -> ColumnRule:
    if isinstance(rule, str):
        return ColumnRule(rule)
    if not isinstance(rule, dict) or not {"map", "of"} <= set(rule):
        problems.append(f'{where} is neither an SQL expression in quotes nor {{ map = "…", of = "SQL" }}.')
        return ColumnRule("NULL")
    _unknown(rule, {"map", "of", "otherwise", "fill"}, where, problems)
    found = ColumnRule(**{k: str(rule[k]) for k in ("of", "map", "otherwise", "fill") if k in rule})
    if found.otherwise not in OTHERWISE:
        problems.append(f"{where} otherwise = {found.otherwise!r}: choose one of {', '.join(OTHERWISE)}.")
    return found


def _check_table(rule: TableRule, sources: dict[str, Source], maps: dict[str, ValueMap], problems: list[str]) -> None:
    where = f"[table.{rule.name}]"
    if rule.name not in TABLE:
        problems.append(f"{where} is not a table of the contract. {nearest(rule.name, TABLE)}")
        return
    contract = TABLE[rule.name]
    if rule.source not in sources:
        problems.append(f"{where} from = {rule.source!r} is not a source. {nearest(rule.source, sources)}")
    _unknown(rule.columns, set(contract.names), f"{where} columns", problems)
    lacking = [c.name for c in contract.columns if c.required and c.name not in rule.columns]
    problems.extend(f"{where} gives no {c}, which the table must have. Add columns.{c}." for c in lacking)
    for group in contract.either:
        if not set(group) & set(rule.columns):
            problems.append(f"{where} gives none of {', '.join(group)}. Add one of them.")
    used = {c.map for c in rule.columns.values() if c.map}
    problems.extend(
        f"{where} uses the map {m!r}, which is not there. {nearest(m, maps)}" for m in sorted(used - set(maps))
    )
    _check_options(rule, where, problems)


def _check_options(rule: TableRule, where: str, problems: list[str]) -> None:
    if rule.unreadable not in UNREADABLE:
        problems.append(f"{where} unreadable = {rule.unreadable!r}: choose one of {', '.join(UNREADABLE)}.")
    if any(set(r) != {"where", "reason"} for r in rule.set_aside):
        problems.append(f'{where} set_aside takes entries {{ where = "SQL", reason = "why" }}.')
    if rule.control and set(rule.control) != {"source", "column"}:
        problems.append(f'{where} control takes {{ source = "SQL on a source row", column = "column of the table" }}.')
    if rule.unpivot and set(rule.unpivot) != {"columns", "name", "value"}:
        problems.append(f"{where} unpivot takes columns (a list), name and value.")
    keys = [*rule.one_row_per, *([rule.control["column"]] if "column" in rule.control else [])]
    _unknown(dict.fromkeys(keys), set(rule.columns), f"{where} one_row_per or control", problems)
