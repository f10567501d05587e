"""Packs as they come: each kept until all are there, and known for whole by what it was made of and what it holds."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.run import manifest
from pmo_analysis.run.publish import slug

_FOLDERS = {"page": ("packs", "html"), "notebook": ("notebooks", "ipynb")}


@dataclass(frozen=True)
class Wanted:
    """One pack to be made: whose, what its files are called, and the hash of all it is made of."""

    group: str
    name: str
    file: str
    key: str


@dataclass(frozen=True, eq=False)
class Kept:
    """A folder beside the published packs, hidden, that outlives a run that was interrupted."""

    shelf: Path
    name: str

    @property
    def target(self) -> Path:
        """Where the packs are published."""
        return self.shelf / self.name

    @property
    def folder(self) -> Path:
        """Where packs stay until they are."""
        return self.shelf / f".{self.name}.kept"

    @property
    def told(self) -> Path:
        """The quarter's tables that packs read."""
        return self.folder / "told"

    def clear_tables(self) -> None:
        """Away with the tables of an interrupted run, and room for all that comes."""
        shutil.rmtree(self.told, ignore_errors=True)
        for name in (*(folder for folder, _ in _FOLDERS.values()), "whole"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def page(self, pack: Wanted) -> Path:
        """A pack's page."""
        return self.folder / "packs" / f"{pack.file}.html"

    def notebook(self, pack: Wanted) -> Path:
        """A pack's executed notebook."""
        return self.folder / "notebooks" / f"{pack.file}.ipynb"

    def mark_whole(self, pack: Wanted) -> None:
        """Say, after all else, what the pack was made of and the hashes of its files."""
        record = {"key": pack.key, "page": manifest.file_hash(self.page(pack)),
                  "notebook": manifest.file_hash(self.notebook(pack))}  # fmt: skip
        path = self.folder / "whole" / f"{pack.file}.json"
        unready = path.with_suffix(".part")
        unready.write_text(json.dumps(record), "utf-8")
        unready.replace(path)

    def is_whole(self, pack: Wanted) -> bool:
        """Whether the pack stands, here or published, as it was made, of what it would be made of now."""
        return self._is_kept(pack) or self._is_published(pack)

    def copy(self, pack: Wanted, to: Path) -> None:
        """Put a pack's two files into a folder that is to be published."""
        root = self.folder if self._is_kept(pack) else self.target
        for folder, ending in _FOLDERS.values():
            (to / folder).mkdir(exist_ok=True)
            shutil.copyfile(root / folder / f"{pack.file}.{ending}", to / folder / f"{pack.file}.{ending}")

    def _is_kept(self, pack: Wanted) -> bool:
        try:
            record = json.loads((self.folder / "whole" / f"{pack.file}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return False
        if not isinstance(record, dict) or record.get("key") != pack.key:
            return False
        files = {"page": self.page(pack), "notebook": self.notebook(pack)}
        return all(path.is_file() and manifest.file_hash(path) == record.get(name) for name, path in files.items())

    def _is_published(self, pack: Wanted) -> bool:
        if self._published_keys.get(pack.file) != pack.key:
            return False
        paths = [f"{folder}/{pack.file}.{ending}" for folder, ending in _FOLDERS.values()]
        return all(
            (self.target / path).is_file()
            and manifest.file_hash(self.target / path) == self._published_hashes.get(path)
            for path in paths
        )

    @cached_property
    def _published(self) -> Mapping[str, Any]:
        try:
            return manifest.read_manifest(self.target).content
        except PublishError:
            return {}

    @cached_property
    def _published_keys(self) -> dict[str, str]:
        return {entry["file"]: entry["key"] for entry in self._published.get("packs", [])}

    @cached_property
    def _published_hashes(self) -> dict[str, str]:
        return {entry["path"]: entry["sha256"] for entry in self._published.get("files", [])}


def name_files(groups: Iterable[str]) -> dict[str, str]:
    """A file name for each id or name: plain letters, digits and hyphens, each once, whatever the data says.

    An id that is plain already keeps its name in small letters; any other, and two that would share one, get
    a few digits of its hash.
    """
    groups = [str(g) for g in groups]
    plain = {g: slug(g) for g in groups}
    shared = Counter(plain.values())
    return {g: n if re.fullmatch(r"[a-z0-9-]+", g.lower()) and n == g.lower() and shared[n] == 1 else f"{n[:40]}-{_digits(g)}"
            for g, n in plain.items()}  # fmt: skip


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
