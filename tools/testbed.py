"""The ground the tests stand on, as a pytest plugin: a database and a home of their own, whatever the settings.

Loaded by `-p` before the settings are read, so a `BANYAN_DATABASE_URL` of a real town never reaches a test.  Tests that
start other programs (a worker, the command line) hand on the same environment and meet the same database.

`BANYAN_TEST_DATABASE` chooses `sqlite` (default) or `postgres`.  On PostgreSQL the owner migrates, and everything else
runs as the application's role.  With pytest-xdist each worker has a database of its own on one server.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools import private_postgres
from tools.private_postgres import OWNER, Server
from tools.steps import ROOT

_put_away = ExitStack()
atexit.register(_put_away.close)  # also when pytest is stopped before it has begun
_SERVER_FOLDER = "_BANYAN_TESTS_SERVER"  # how the workers of pytest-xdist find the server of their parent


def on_postgres() -> bool:
    """Say whether this run stands on PostgreSQL."""
    chosen = os.environ.get("BANYAN_TEST_DATABASE", "sqlite")
    if chosen not in ("sqlite", "postgres"):
        raise pytest.UsageError(f"BANYAN_TEST_DATABASE is {chosen!r}: choose sqlite or postgres.")
    return chosen == "postgres"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Set the environment of the tests before anything reads it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    for key in [key for key in os.environ if key.startswith("BANYAN_") and not key.startswith("BANYAN_TEST_")]:
        del os.environ[key]
    for key in [key for key in os.environ if key.startswith("PG")]:
        del os.environ[key]
    home = Path(tempfile.mkdtemp(prefix=f"banyan-test-{worker}-"))
    _put_away.callback(shutil.rmtree, home, ignore_errors=True)
    os.environ["BANYAN_HOME"] = str(home)
    os.environ["BANYAN_SECRET_KEY"] = "of-the-tests-only-" + "x" * 50
    if on_postgres():
        server, database = _server(), f"banyan_test_{worker}"
        os.environ["BANYAN_DATABASE_URL"] = server.url(database)
        os.environ["BANYAN_OWNER_DATABASE_URL"] = server.url(database, role=OWNER)
    else:
        os.environ["BANYAN_DATABASE_URL"] = f"sqlite:///{home / 'town.sqlite3'}"
    return (yield)


def _server() -> Server:
    held = os.environ.get(_SERVER_FOLDER)
    if held is None:
        if private_postgres.binaries() is None:
            raise pytest.UsageError(private_postgres.MISSING)
        server = _put_away.enter_context(private_postgres.private_postgres())
        os.environ[_SERVER_FOLDER] = str(server.folder)
        return server
    return Server(Path(held))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop the server and remove the home, if this process made them."""
    _put_away.close()


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """The database of this run, with ways around the walls for tests that must climb them."""

    __test__ = False

    vendor: str
    url: str
    server: Server | None
    path: Path | None
    name: str

    def superuser(self) -> Any:
        """Open a connection that no wall holds: the superuser's, or SQLite's plain file; the caller closes it."""
        if self.server is not None:
            return self.server.connect(self.name)
        assert self.path is not None
        return sqlite3.connect(self.path, isolation_level=None, timeout=30)

    def owner(self) -> Any:
        """Open a connection as the role that owns the tables; the caller closes it."""
        if self.server is None:
            return self.superuser()
        import psycopg

        return psycopg.connect(self.server.url(self.name, role=OWNER), autocommit=True)

    def remember(self) -> None:
        """Keep what the migrations left, for `restore`."""
        if self.server is None:
            self._copy(backwards=False)
            return
        with self.server.connect(self.name) as connection:
            connection.execute("CREATE SCHEMA pristine")
            for table in self._filled(connection):
                connection.execute(f'CREATE TABLE pristine."{table}" AS TABLE public."{table}"')

    def restore(self) -> None:
        """Bring the rows back to what the migrations left, past triggers, grants and row security."""
        if self.server is None:
            self._copy(backwards=True)
            return
        with self.server.connect(self.name) as connection, connection.transaction():
            # As a replica no trigger and no foreign key fires: history may be append-only, the test's is over.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in self._filled(connection):
                connection.execute(f'DELETE FROM public."{table}"')
            kept = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'pristine'").fetchall()
            for (table,) in kept:
                connection.execute(f'INSERT INTO public."{table}" SELECT * FROM pristine."{table}"')

    def _filled(self, connection: Any) -> list[str]:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        counts = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM public.\"{table}\")" for (table,) in rows
        )
        return [table for (table,) in connection.execute(counts).fetchall()] if counts else []

    def _copy(self, *, backwards: bool) -> None:
        assert self.path is not None
        pristine = self.path.with_suffix(".pristine")
        source, target = (pristine, self.path) if backwards else (self.path, pristine)
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target, timeout=30)) as there:
            here.backup(there)


@pytest.fixture(scope="session")
def test_database() -> TestDatabase:
    """Name the database of this run."""
    url = os.environ["BANYAN_DATABASE_URL"]
    if on_postgres():
        return TestDatabase("postgresql", url, _server(), None, url.rpartition("/")[2])
    return TestDatabase("sqlite", url, None, Path(url.removeprefix("sqlite:///")), "main")


def make_database(test_database: TestDatabase) -> None:
    """Make the database as a town does: empty, then `banyan migrate`."""
    from django.db import connection

    server = test_database.server
    place = server.folder if server else test_database.path
    if str(connection.settings_dict["HOST" if server else "NAME"]) != str(place):
        raise pytest.UsageError(f"The settings do not lead to the database of the tests at {place}.")
    if server is not None:
        server.create_database(test_database.name)
    _migrate()
    test_database.remember()


def _migrate() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "banyan", "migrate"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise pytest.UsageError(f"banyan migrate failed:\n{done.stdout}{done.stderr}")
