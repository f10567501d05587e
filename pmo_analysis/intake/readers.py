"""Exports become rows of text: CSV in any encoding, worksheets, and Microsoft Project's XML."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.intake.mapping_file import Mapping, Source, told
from pmo_analysis.intake.modest import find_immodest
from pmo_analysis.intake.project_xml import read_project
from pmo_analysis.intake.sheets import read_sheet

_NEWLINES = {"auto": "", "cr": "\r", "lf": "\n", "crlf": "\r\n"}
_FIELD_LIMIT = 10_000_000
Rows = list[tuple[int, list[str]]]


def assign_files(mapping: Mapping, files: Sequence[Path]) -> dict[str, list[Path]]:
    """Which given files belong to which source, by the sources' patterns; InputError names what fits nowhere.

    A mapping with a single pattern takes whatever files are given.
    """
    given = sorted({f for path in files for f in _expand(Path(path))}, key=lambda f: (f.name, str(f)))
    problems = [f"{f} is not there. Check the path." for f in given if not f.is_file()]
    patterns = {s.files for s in mapping.sources.values() if not s.optional}
    found = {n: [f for f in given if _matches(f, s)] for n, s in mapping.sources.items()}
    if len(patterns) == 1:
        loose = [f for f in given if not any(f in fs for fs in found.values())]
        found = {n: fs + ([] if mapping.sources[n].optional else loose) for n, fs in found.items()}
    problems += [
        f"{f.name} matches no source of the mapping ({_patterns(mapping)}). Rename it or leave it out."
        for f in given
        if not any(f in fs for fs in found.values())
    ]
    problems += [
        f"Source {n!r} needs a file like {' or '.join(mapping.sources[n].files)}; none was given."
        for n, fs in found.items()
        if not fs and not mapping.sources[n].optional
    ]
    names = Counter(f.name for f in given)
    problems += [
        f"{count} files are called {name}. Import them one by one or rename them."
        for name, count in names.items()
        if count > 1
    ]
    if problems:
        raise InputError(told("The files do not fit the mapping", problems))
    return found


def read_source(source: Source, files: Sequence[Path]) -> tuple[pd.DataFrame, list[str]]:
    """All rows of a source's files as text, and what is wrong with them.

    Columns: `_file`, `_row` (line, sheet row, or place in Project's XML) and the file's own; blank cells and the
    source's words for missing are missing. A header that stands twice gets a number: `Log Work`, `Log Work 2`.
    """
    problems: list[str] = []
    frames = [_read_file(source, path, problems) for path in files]
    whole = pd.concat([f for f in frames if f is not None] or [pd.DataFrame()], ignore_index=True)
    return whole, problems


def _expand(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]


def _matches(path: Path, source: Source) -> bool:
    return any(fnmatch(path.name.lower(), pattern.lower()) for pattern in source.files)


def _patterns(mapping: Mapping) -> str:
    return ", ".join(sorted({f for s in mapping.sources.values() for f in s.files}))


def _read_file(source: Source, path: Path, problems: list[str]) -> pd.DataFrame | None:
    try:
        if source.reader == "msproject":
            return _framed(source, path, *read_project(path, source.part), problems)
        rows = read_sheet(path, source.sheet) if _is_sheet(source, path) else _csv_rows(source, path)
    except InputError as error:
        problems.append(str(error))
        return None
    header, body = _split_header(source, rows)
    if not header:
        problems.append(f"{path.name} has no header row after {source.skip_rows} skipped rows. Check skip_rows.")
        return None
    if _is_sheet(source, path):  # worksheets end in rows that only have a format
        body = [(n, r) for n, r in body if any(cell.strip() for cell in r)]
    wide = [(n, r) for n, r in body if len(r) != len(header)]
    if wide:
        line, cells = wide[0]
        problems.append(
            f"{path.name}: {len(wide)} rows do not have the header's {len(header)} cells; row {line} has "
            f"{len(cells)}. Check delimiter, quote, skip_rows and line ends."
        )
        return None
    return _framed(source, path, header, body, problems)


def _is_sheet(source: Source, path: Path) -> bool:
    return source.reader in ("xlsx", "xls") or (source.reader == "auto" and path.suffix.lower() in (".xlsx", ".xls"))


def _split_header(source: Source, rows: Rows) -> tuple[list[str], Rows]:
    kept = rows[source.skip_rows :]
    if source.header:
        return list(source.header), kept
    return (kept[0][1], kept[1:]) if kept else ([], [])


def _framed(source: Source, path: Path, header: list[str], body: Rows, problems: list[str]) -> pd.DataFrame | None:
    names = _named(source, header)
    lower = {n.lower() for n in names}
    wanted = [*source.labels, *source.number_columns]
    absent = [n for n in wanted if n.lower() not in lower | {a.lower() for a in source.absent_allowed}]
    if absent:
        problems += [
            f"{path.name} has no column {n!r} (nor another of its labels). {nearest(n, names)} "
            f"Add the label to [source.{source.name}.labels]."
            for n in absent
        ]
        return None
    frame = pd.DataFrame([r for _, r in body], columns=names, dtype="str")
    frame = frame.mask(frame.apply(lambda c: c.str.strip().isin(["", *source.missing])))
    for name in (n for n in names if n.lower() in {c.lower() for c in source.number_columns}):
        frame[name] = _plain_number(frame[name], source)
    for name in (n for n in source.absent_allowed if n.lower() not in lower):
        frame[name] = pd.Series(pd.NA, index=frame.index, dtype="str")
    frame.insert(0, "_file", path.name)
    frame.insert(1, "_row", [n for n, _ in body])
    return frame


def _plain_number(cells: pd.Series, source: Source) -> pd.Series:
    """Numbers in a locale's writing with a decimal point and no thousands mark; `auto`: the last mark is the decimal one."""
    bare = cells.str.replace("\u00a0", "", regex=False).str.replace("\u202f", "", regex=False)
    if source.decimal == "auto":
        return bare.str.replace(r"[.,](?=.*[.,])", "", regex=True).str.replace(",", ".", regex=False)
    bare = bare.str.replace(source.thousands, "", regex=False) if source.thousands else bare
    return bare.str.replace(source.decimal, ".", regex=False)


def _named(source: Source, header: Iterable[str]) -> list[str]:
    """Column names: localised labels by their common name, repeated ones numbered by position."""
    common = {label.strip().lower(): name for name, labels in source.labels.items() for label in [name, *labels]}
    seen: Counter[str] = Counter()
    names = []
    for position, cell in enumerate(header, 1):
        name = common.get(cell.strip().lower(), cell.strip()) or f"column {position}"
        seen[name.lower()] += 1
        names.append(name if seen[name.lower()] == 1 else f"{name} {seen[name.lower()]}")
    return names


def _csv_rows(source: Source, path: Path) -> Rows:
    if immodest := find_immodest(path, in_memory=True):
        raise InputError(f"{path.name} {immodest}.")
    text = _decoded(source, path)
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(
        io.StringIO(text, newline=_NEWLINES[source.newline]),
        delimiter=_delimiter(source, text),
        quotechar=source.quote,
        strict=True,
    )
    rows: Rows = []
    line = 1
    try:
        for cells in reader:
            if cells:
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path.name}, line {line}: {error}. Check newline, quote and delimiter; newline = "
            f"{source.newline!r} was used."
        ) from error
    return rows


def _delimiter(source: Source, text: str) -> str:
    """The stated delimiter; `auto`: of comma, semicolon and tab the one most frequent in the first line."""
    if source.delimiter != "auto":
        return source.delimiter
    first = text.splitlines()[0] if text else ""
    return max(",;\t", key=first.count)


def _decoded(source: Source, path: Path) -> str:
    try:
        codecs.lookup(source.encoding)
    except LookupError as error:
        raise InputError(
            f"[source.{source.name}] encoding = {source.encoding!r} is not known. Use utf-8, cp1252, "
            "mac_roman, utf-16 or another name that Python knows."
        ) from error
    data = path.read_bytes()
    try:
        return data.decode(source.encoding)
    except UnicodeDecodeError as error:
        line = 1 + len(data[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")) - 1
        raise InputError(
            f"{path.name}, line {line}: byte 0x{data[error.start]:02x} is not {source.encoding}. State the "
            f"right encoding in [source.{source.name}], for example cp1252 or mac_roman."
        ) from error
