"""Names of views by table, where some tables are fetched only when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

Make = Callable[[], str]


class Views(Mapping[str, str]):
    """The view of each table in the engine; `later` makes those that are not there yet, once.

    `fetched` are the tables whose rows are there, for these views and all made of them.
    """

    def __init__(
        self, made: Mapping[str, str], later: Mapping[str, Make] | None = None, fetched: set[str] | None = None
    ) -> None:
        self._made = dict(made)
        self._later = dict(later or {})
        self.fetched = set(made) if fetched is None else fetched

    def __getitem__(self, table: str) -> str:
        if table not in self._made:
            self._made[table] = self._later[table]()
            self.fetched.add(table)
        return self._made[table]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._made, *self._later)))

    def __len__(self) -> int:
        return len(self._made.keys() | self._later.keys())

    def over(self, others: Mapping[str, str]) -> Views:
        """The same views, of some tables others."""
        return Views({**self._made, **others}, self._wait(set(others)), self.fetched)

    def then(self, make: Callable[[str, str], str]) -> Views:
        """What `make` makes of each table and its view; of a table not yet fetched, when that is first asked for."""
        waiting = {table: partial(_make, make, table, fetch) for table, fetch in self._wait(set()).items()}
        return Views({table: make(table, view) for table, view in self._made.items()}, waiting, self.fetched)

    def _wait(self, without: set[str]) -> dict[str, Make]:
        tables = self._later.keys() - self._made.keys() - without
        return {table: partial(self.__getitem__, table) for table in sorted(tables)}


def _make(make: Callable[[str, str], str], table: str, fetch: Make) -> str:
    return make(table, fetch())
