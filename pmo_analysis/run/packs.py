"""Hundreds of packs from one quarter: computed once, a clean kernel each, kept as they come, published together."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.contract.errors import PmoError, PublishError
from pmo_analysis.intake.addresses import name_source, require_no_secret
from pmo_analysis.intake.check import require_usable
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.fingerprint import fingerprint
from pmo_analysis.intake.load import load
from pmo_analysis.intake.previous import read_previous
from pmo_analysis.intake.reach import choose_quarter, find_source
from pmo_analysis.intake.told import write_told
from pmo_analysis.run import kernels, ledger, manifest, shelf
from pmo_analysis.run.kept import Kept, Wanted, name_files
from pmo_analysis.run.limits import Limits
from pmo_analysis.run.manifest import ROOT, Manifest
from pmo_analysis.run.parameters import check_parameters, read_parameters
from pmo_analysis.run.publish import find_previous, slug
from pmo_analysis.run.warm import Zygote, can_fork, require_kernel, start_zygote

PACK = ROOT / "notebooks" / "customer_pack.ipynb"
SECONDS_PER_PACK = 600
Tick = Callable[[int, int, int], None]


@dataclass(frozen=True, eq=False)
class Packs:
    """Published packs: `manifest` says where and what; failed: group, name, why, those that could not be made."""

    manifest: Manifest
    failed: pd.DataFrame
    made_count: int
    kept_count: int

    @property
    def sentence(self) -> str:
        """How many packs there are, how many of them were made now."""
        count, where = self.made_count + self.kept_count, self.manifest.folder
        kept = f", {self.kept_count} of them kept from before" if self.kept_count else ""
        missing = f"; {len(self.failed)} could not be made" if len(self.failed) else ""
        return f"{count} {'pack' if count == 1 else 'packs'} by {self.manifest.content['by']}{kept}{missing}: {where}"


def run_packs(
    source: str | Path,
    quarter: str | None = None,
    *,
    by: str = "customer",
    only: Collection[str] = (),
    out: str | Path = "reports",
    workers: int = 2,
    wait: bool = False,
    notebook: str | Path = PACK,
    progress: Callable[[str], None] | None = None,
    tick: Tick | None = None,
    **overrides: Any,
) -> Packs:
    """Publish a pack for every customer, segment or category, or for those in `only` (ids or names), and an index.

    The quarter is computed once. Packs that are whole and were made of the same tables, settings and code are kept,
    the rest is made, `workers` at a time; one that fails is listed in `failed` and the others are not touched.
    Published together in one step; where none could be made, what stood before stays. `tick(done, failed, all)` is
    called after each. An interrupted run is taken up again by the same call.

    Raises InputError, SettingError, BusyError or PublishError, each with what to do.
    """
    say = progress or (lambda text: None)
    require_no_secret(source)
    require_kernel()
    given: dict[str, Any] = {"source": str(source), "settings": overrides, "by": by}
    declared = read_parameters(Path(notebook))
    check_parameters(declared, {**given, "quarter": quarter or "", "group": ""}, Path(notebook))
    with ExitStack() as stack:
        zygote = stack.enter_context(start_zygote("packs")) if can_fork() else None
        say(f"reading {name_source(source)}")
        data = load(find_source(str(source)), settings=overrides)
        require_usable(data)
        given["quarter"] = choose_quarter(data, quarter)
        name = f"{slug(data.name)}-{given['quarter']}-packs-by-{by}" + ("-selected" if only else "")
        stack.enter_context(shelf.one_at_a_time(Path(out), name, wait=wait))
        kept = Kept(Path(out), name)
        batch = _prepare(data, Path(notebook), given, kept, say, shelf_folder=Path(out), only=only)
        if zygote and batch.missing:
            zygote.warm(folder=str(kept.told), source=given["source"], quarter=given["quarter"], settings=overrides)
        failed = _make(batch, kept, zygote, workers=workers, say=say, tick=tick)
        return _publish(batch, kept, failed, say)


@dataclass(frozen=True, eq=False)
class _Batch:
    """What is to be made: every pack wanted, those not whole yet, and what the manifest says of them all."""

    notebook: Path
    given: Mapping[str, Any]
    wanted: Sequence[Wanted]
    missing: Sequence[Wanted]
    about: Mapping[str, Any]
    groups: pd.DataFrame


def _prepare(
    data: Dataset,
    notebook: Path,
    given: dict[str, Any],
    kept: Kept,
    say: Callable[[str], None],
    *,
    shelf_folder: Path,
    only: Collection[str],
) -> _Batch:
    """Compute the quarter, write the tables that packs read, and see which packs are whole already."""
    from pmo_analysis.quarter import run_quarter
    from pmo_analysis.quarter.pack_tables import gather_pack_tables
    from pmo_analysis.quarter.packs import list_packs, require_group

    say(f"computing {given['quarter']}")
    before = find_previous(shelf_folder, data, given["quarter"])
    previous = read_previous(before) if before else None
    result = run_quarter(data, given["quarter"], previous=previous)
    tables = gather_pack_tables(result)
    every = list_packs(tables, given["by"])
    chosen = {require_group(tables, given["by"], g) for g in only} or set(every["group"])
    kept.clear_tables()
    write_told(tables, kept.told)
    about = _describe(data, result, given, kept.told, notebook) | {"previous": previous.key if previous else None}
    files = name_files(every["group"])
    names = dict(zip(every["group"], every["name"], strict=True))
    wanted = [Wanted(g, names[g], files[g], _key(about, given["by"], g)) for g in every["group"] if g in chosen]
    missing = [pack for pack in wanted if not kept.is_whole(pack)]
    return _Batch(notebook, given, wanted, missing, about, tables["groups"])


def _describe(data: Dataset, result: Any, given: Mapping[str, Any], told: Path, notebook: Path) -> dict[str, Any]:
    """What the packs are made of: with it each can be known for whole, and verified later."""
    return {
        "kind": "packs", "page": "index.html", "by": given["by"],
        "organisation": result.organisation, "quarter": result.quarter, "parameters": dict(given),
        "settings": manifest.describe_settings(result.settings), "seed": result.settings["seed"],
        "inputs": fingerprint(data).to_dict("records"), "known": fingerprint(result.data).to_dict("records"),
        "schemes": manifest.describe_schemes(result),
        "code": manifest.describe_code(), "notebook_sha256": manifest.file_hash(notebook),
        "told": {path.name: manifest.file_hash(path) for path in sorted(told.glob("*.arrow"))},
    }  # fmt: skip


def _key(about: Mapping[str, Any], by: str, group: str) -> str:
    """The hash of all that a pack is made of."""
    made_of = [by, group, about["code"]["source_sha256"], str(about["code"]["lock_sha256"]), about["notebook_sha256"],
               about["settings"]["sha256"], *(f"{n}={h}" for n, h in sorted(about["told"].items()))]  # fmt: skip
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()


def _make(
    batch: _Batch, kept: Kept, zygote: Zygote | None, *, workers: int, say: Callable[[str], None], tick: Tick | None
) -> dict[str, str]:
    """Make what is missing, some at a time; why each that failed did, by group."""
    count, whole = len(batch.missing), len(batch.wanted) - len(batch.missing)
    say(f"making {count} packs" + (f"; {whole} are whole already" if whole else ""))
    failed: dict[str, str] = {}
    started = time.monotonic()
    with _pool(workers) as pool:
        running = {pool.submit(_make_one, pack, batch, kept, zygote): pack for pack in batch.missing}
        for done, (future, pack) in enumerate(_as_they_end(running), start=1):
            error = future.exception()
            if error is not None:
                if not isinstance(error, PmoError):
                    raise error
                failed[pack.group] = str(error)
                say(f"{pack.group} could not be made: {error}")
            if tick:
                tick(done, len(failed), count)
    say(f"made {count - len(failed)} packs in {time.monotonic() - started:.1f} s")
    return failed


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that begin nothing more once something goes wrong, so that an interrupted run ends soon."""
    pool = ThreadPoolExecutor(max(workers, 1))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _as_they_end(running: dict[Future[None], Wanted]) -> Iterator[tuple[Future[None], Wanted]]:
    left = set(running)
    while left:
        ended, left = wait(left, return_when=FIRST_COMPLETED)
        yield from ((future, running[future]) for future in ended)


def _make_one(pack: Wanted, batch: _Batch, kept: Kept, zygote: Zygote | None) -> None:
    """One notebook in its own kernel, its page, and last of all the word that both are whole."""
    from pmo_analysis.present.page import PACK_SHEETS, make_page

    given = {**batch.given, "group": pack.group}
    if zygote is None:
        given["source"] = str(kept.told)  # a new kernel reads the tables instead of computing them again
    executed = kernels.execute(
        batch.notebook, kept.notebook(pack), given, folder=Path.cwd(), limits=Limits(SECONDS_PER_PACK), zygote=zygote
    )
    title = f"{pack.name}, {batch.given['quarter']}"
    make_page(executed, kept.page(pack), title=title, sheets=PACK_SHEETS, code=False)
    kept.mark_whole(pack)


def _publish(batch: _Batch, kept: Kept, failed: Mapping[str, str], say: Callable[[str], None]) -> Packs:
    """All that is whole, the index and the manifest, put in place in one step."""
    from pmo_analysis.present.pack_index import make_index

    whole = [pack for pack in batch.wanted if pack.group not in failed]
    names = {pack.group: pack.name for pack in batch.wanted}
    rows = [(group, names[group], why) for group, why in failed.items()]
    lost = pd.DataFrame(rows, columns=["group", "name", "why"], dtype="str")
    if not whole:
        raise PublishError(
            f"None of {len(batch.wanted)} packs could be made, nothing was published. First: {rows[0][0]}: {rows[0][2]}"
        )
    say("publishing")
    with shelf.scratch(kept.shelf, kept.name) as folder:
        for pack in whole:
            kept.copy(pack, folder)
        entries = [{"group": p.group, "name": p.name, "file": p.file, "key": p.key} for p in whole]
        make_index(folder / "index.html", batch.about, pd.DataFrame(entries), lost, batch.groups)
        files = {"packs": entries, "failed": lost.to_dict("records"), "files": manifest.describe_files(folder)}
        manifest.write_manifest(folder, {**batch.about, **files})
        shelf.put_in_place(folder, kept.target)
        ledger.enter(kept.target)
    shutil.rmtree(kept.folder, ignore_errors=True)
    published = manifest.read_manifest(kept.target)
    return Packs(published, lost, len(batch.missing) - len(failed), len(batch.wanted) - len(batch.missing))
