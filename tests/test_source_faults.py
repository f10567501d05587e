"""A source that fails in the middle of a run leaves the last good report, one message, and a rerun that succeeds."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
import pytest
from conftest import _await_port, _free_port, _postgres_programs
from organisations import write_least
from test_faults import SECONDS, command, content, notebook_that, publish, report_of, scratch_of, told, verified
from typed_tables import write_postgres

from pmo_analysis.intake.load import load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_least(tmp_path_factory.mktemp("organisation") / "data", quarters=2, seed=2)


@dataclass
class Server:
    """A PostgreSQL of the test's own, which may be killed."""

    programs: Path
    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://pmo@127.0.0.1:{self.port}/postgres"

    @property
    def user(self) -> str | None:
        return "postgres" if os.geteuid() == 0 else None

    def prepare(self) -> None:
        initialise = [self.programs / "initdb", "-D", self.home / "data", "-U", "pmo", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initialise, "--locale=C", "--no-sync"],
            user=self.user,
            group=self.user,
            cwd=self.home,
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        log = self.home / "log"
        log.unlink(missing_ok=True)
        asked = [self.programs / "postgres", "-D", self.home / "data", "-p", str(self.port), "-k", self.home]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                asked, user=self.user, group=self.user, cwd=self.home, stdout=output, stderr=output
            )
        _await_port(self.process, self.port, log)

    def kill(self) -> None:
        """As if the power failed: no client is waited for, nothing is written."""
        if self.process:
            self.process.send_signal(3)
            self.process.wait(timeout=60)


@pytest.fixture
def server() -> Iterator[Server]:
    programs = _postgres_programs()
    home = Path(tempfile.mkdtemp(prefix="pmo-postgres-"))
    own = Server(programs, home, _free_port())
    if own.user:
        shutil.chown(home, own.user)
    own.prepare()
    own.start()
    yield own
    own.kill()
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.server
def test_a_postgres_killed_in_the_middle_of_a_query(source, tmp_path, server):
    """The hours are asked for while the server dies; once it is up again the report is made."""
    shelf, notebook = tmp_path / "reports", notebook_that(tmp_path)
    url = write_postgres(load(source), server.url, "house")
    first = publish(url, notebook, shelf)
    assert first.returncode == 0, first.stderr
    good = content(report_of(shelf))
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE house.effort RENAME TO effort_rows")
        connection.execute("CREATE VIEW house.effort AS SELECT r.* FROM house.effort_rows AS r, pg_sleep(60)")
        running = subprocess.Popen(
            command(url, notebook, shelf), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        asking = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        deadline = time.monotonic() + SECONDS
        while not connection.execute(asking).fetchall() and time.monotonic() < deadline:
            time.sleep(0.1)
    server.kill()
    out, said = running.communicate(timeout=SECONDS)
    failed = subprocess.CompletedProcess(running.args, running.returncode, out, said)
    assert (failed.returncode, "whether the server runs" in told(failed)) == (1, True), said
    assert content(report_of(shelf)) == good and not scratch_of(shelf)
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP VIEW house.effort")
        connection.execute("ALTER TABLE house.effort_rows RENAME TO effort")
    assert verified(report_of(shelf))
    again = publish(url, notebook, shelf)
    assert again.returncode == 0, again.stderr


def test_a_half_written_duckdb_file_is_told_and_read_once_it_is_whole(source, tmp_path):
    """A copy that was cut off is no source; the one before it still is."""
    whole, half = tmp_path / "whole.duckdb", tmp_path / "half.duckdb"
    with duckdb.connect(str(whole)) as file:
        for path in source.glob("*.csv"):
            file.execute(f"CREATE TABLE {path.stem} AS FROM read_csv('{path}', all_varchar = true)")
    text = whole.read_bytes()
    for share in (0.3, 0.7, 0.95):
        half.write_bytes(text[: int(len(text) * share)])
        failed = publish(half, notebook_that(tmp_path), tmp_path / "reports")
        assert failed.returncode == 1, failed.stderr
        assert "half.duckdb" in told(failed)
        assert not (tmp_path / "reports").exists() or not any((tmp_path / "reports").rglob("manifest.json"))
