"""Frozen segment schemes, kept in one file beside the organisation's data: none is ever lost or half-written."""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.quarters import parse_quarter
from pmo_analysis.contract.settings import Settings

NAME = "segment_schemes.json"
_VERSION = 1
_REMEDY = "Restore it from a copy, or move it away and freeze again with `pmo scheme freeze`."
_PARTS = ("columns", "segments", "weights", "means", "covariances", "chances")


@dataclass(frozen=True, eq=False)
class FrozenScheme:
    """One scheme as it was frozen.

    `valid_from`: first quarter that it tells · `cut_in`: quarter at whose end it was cut · `scheme`: as segments make it
    `words`: the families, stages and sizes that its features are counted in · `stability`: rows of the cut's stability
    `source_sha256`: content of the tables it was cut from · `frozen_on`: a day, where somebody gave one
    `superseded`: another scheme of the same quarter took its place
    """

    valid_from: str
    cut_in: str
    scheme: Mapping[str, Any] = field(repr=False)
    words: Mapping[str, Any] = field(default_factory=dict, repr=False)
    stability: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    source_sha256: str = ""
    frozen_on: str = ""
    superseded: bool = False

    @cached_property
    def sha256(self) -> str:
        """The hash of all that the scheme says; it seals the entry against changes by hand."""
        return hashlib.sha256(_dump(_content(self)).encode()).hexdigest()


def locate_schemes(source: str | Path, settings: Settings) -> Path | None:
    """The file that keeps a source's schemes; None for a database without the setting `segment_schemes`.

    A folder keeps `segment_schemes.json`, a file `x.duckdb` has `x.segment_schemes.json` beside it. A path that the
    setting names counts from there; of a database it counts from where the program runs.
    """
    named = Path(settings["segment_schemes"]).expanduser() if settings["segment_schemes"] else None
    if "://" in str(source):
        return named
    path = Path(source).expanduser()
    beside, name = (path, NAME) if path.is_dir() else (path.parent, f"{path.stem}.{NAME}")
    return beside / (named or name)


def require_place(source: str | Path, settings: Settings) -> Path:
    """The file that keeps a source's schemes; InputError where a database has none."""
    path = locate_schemes(source, settings)
    if path is None:
        raise InputError("A database keeps no segment schemes beside it. Name a file for them with --schemes PATH.")
    return path


def read_schemes(path: Path | None) -> tuple[FrozenScheme, ...]:
    """All schemes of a file, oldest first, superseded ones too; none where there is no file.

    InputError, with the file and the remedy, where it cannot be read, is no JSON, lacks a part or was changed by hand.
    """
    if path is None or not path.exists():
        return ()
    try:
        content = json.loads(path.read_text("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check your right to read it.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not whole JSON ({error}). {_REMEDY}") from error
    if not isinstance(content, dict) or not isinstance(content.get("schemes"), list):
        raise InputError(f"{path} is not a file of segment schemes. {_REMEDY}")
    if content.get("version") != _VERSION:
        raise InputError(
            f"{path} has version {content.get('version')!r}, not {_VERSION}. Use the release that wrote it."
        )
    found = tuple(_read_entry(entry, number, path) for number, entry in enumerate(content["schemes"], 1))
    _refuse_doubles(found, path)
    return found


def add_scheme(path: Path, new: FrozenScheme, *, replace_it: bool = False) -> tuple[FrozenScheme, ...]:
    """Write a scheme to the file, in one step, and return all that it holds now; older ones stay.

    A scheme of the same `valid_from` is kept as superseded when told to replace it, and otherwise an InputError.
    """
    _require_folder(path)
    with _alone(path.parent):
        kept = read_schemes(path)
        refuse_taken(kept, new.valid_from, path, replace_it=replace_it)
        old = [replace(s, superseded=s.superseded or s.valid_from == new.valid_from) for s in kept]
        schemes = sorted([*old, new], key=lambda s: (s.valid_from, not s.superseded))
        _write(path, schemes)
    return tuple(schemes)


def refuse_taken(schemes: Iterable[FrozenScheme], valid_from: str, path: Path, *, replace_it: bool) -> None:
    """InputError where a scheme holds from this very quarter and must not be replaced."""
    if not replace_it and any(s.valid_from == valid_from and not s.superseded for s in schemes):
        raise InputError(
            f"{path} has a scheme from {valid_from} on already. Choose a later quarter with --from, "
            "or say --replace: the old one is then kept as superseded."
        )


def choose_scheme(schemes: Iterable[FrozenScheme], quarter: str) -> FrozenScheme | None:
    """The scheme in force in a quarter: the latest that holds from it or an earlier one; None where there is none."""
    usable = [s for s in schemes if not s.superseded and s.valid_from <= quarter]
    return max(usable, key=lambda s: s.valid_from, default=None)


def choose_earlier(schemes: Iterable[FrozenScheme], scheme: FrozenScheme) -> FrozenScheme | None:
    """The scheme in force before another."""
    return choose_scheme([s for s in schemes if s.valid_from < scheme.valid_from], scheme.valid_from)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def _content(scheme: FrozenScheme) -> dict[str, Any]:
    return {f.name: getattr(scheme, f.name) for f in fields(scheme)}


def _dump(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _read_entry(entry: Any, number: int, path: Path) -> FrozenScheme:
    names = {f.name for f in fields(FrozenScheme)}
    whole = isinstance(entry, dict) and set(entry) == names | {"sha256"}
    if not whole or not isinstance(entry["scheme"], dict) or not isinstance(entry["stability"], list):
        raise InputError(f"{path}: entry {number} is not a frozen scheme. {_REMEDY}")
    told: dict[str, Any] = {**{name: entry[name] for name in names}, "stability": tuple(entry["stability"])}
    scheme = FrozenScheme(**told)
    if scheme.sha256 != entry["sha256"]:
        raise InputError(
            f"{path}: the scheme from {scheme.valid_from} on is not as it was frozen; it was changed by hand. {_REMEDY} "
            "Other names for segments go into the setting segment_names."
        )
    _check_shape(scheme, f"{path}: the scheme from {scheme.valid_from} on")
    return scheme


def _check_shape(entry: FrozenScheme, where: str) -> None:
    """What every later step relies on: two quarters in order, and one set of parameters per segment."""
    try:
        parse_quarter(entry.valid_from), parse_quarter(entry.cut_in)
    except SettingError as error:
        raise InputError(f"{where} names no quarter: {error} {_REMEDY}") from error
    if entry.valid_from < entry.cut_in:
        raise InputError(f"{where} was cut in {entry.cut_in}, which was not known then. {_REMEDY}")
    absent = [part for part in _PARTS if not isinstance(entry.scheme.get(part), list)]
    if absent:
        raise InputError(f"{where} has no {absent[0]}. {_REMEDY}")
    count = len(entry.scheme["segments"])
    if not count or any(len(entry.scheme[part]) != count for part in ("weights", "means", "covariances")):
        raise InputError(f"{where} has not the same number of segments, weights and means. {_REMEDY}")


def _refuse_doubles(schemes: Iterable[FrozenScheme], path: Path) -> None:
    quarters = [s.valid_from for s in schemes if not s.superseded]
    twice = sorted({q for q in quarters if quarters.count(q) > 1})
    if twice:
        raise InputError(f"{path} has two schemes from {twice[0]} on. {_REMEDY}")


def _write(path: Path, schemes: Iterable[FrozenScheme]) -> None:
    """Write a new file beside the old one and rename it over: a reader sees the old or the new."""
    entries = [{**_content(s), "sha256": s.sha256} for s in schemes]
    text = json.dumps({"version": _VERSION, "schemes": entries}, indent=1, sort_keys=True, ensure_ascii=False)
    beside = path.with_name(f".{path.name}.writing")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as handle:
            handle.write(text + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(beside, path)
        _sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written ({error.strerror}); nothing was frozen.") from error


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(
            f"There is no folder {path.parent} to keep {path.name} in. Make it, or name another --schemes."
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time, the next waits; the folder itself is locked, so that no file is left behind."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
