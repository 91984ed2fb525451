"""The ground the tests stand on: their own server and nobody else's, and no part that is missing in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.house.checkout import ROOT
from tools.private_postgres import APP, OWNER, NotOurServer, Server, private_postgres
from tools.testbed import TestDatabase

PLAIN_TEST = """

import pytest

def test_it_stands():
    assert True

@pytest.mark.skip(reason="the part is missing")
def test_it_waits_for_a_part():
    assert True

@pytest.mark.may_skip("only in summer")
@pytest.mark.skip(reason="it is winter")
def test_it_waits_for_summer():
    assert True
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with private_postgres() as running:
        yield running


@pytest.mark.postgres
def test_the_application_owns_nothing_and_bypasses_nothing(server: Server) -> None:
    database = server.create_database("town_of_roles")

    with psycopg.connect(server.url(database, role=APP)) as app:
        powers = app.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE of_the_application (id int)")
    with psycopg.connect(server.url(database, role=OWNER)) as owner:
        owner.execute("CREATE TABLE of_the_owner (id int)")

    assert powers == (False, False, False, False)


@pytest.mark.postgres
def test_nothing_is_written_to_a_server_that_is_not_ours(server: Server, tmp_path: Path) -> None:
    with private_postgres() as other:
        disguised = Server(other.folder.with_name(f"{other.folder.name}-disguised"))
        disguised.folder.symlink_to(other.folder)
        try:
            with pytest.raises(NotOurServer, match="nothing was written"):
                disguised.create_database("stray")
        finally:
            disguised.folder.unlink()
        with other.connect() as connection:
            names = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}

    assert "stray" not in names
    assert server.create_database("own") == "own"


@pytest.mark.postgres
def test_the_server_listens_on_no_network_address(server: Server) -> None:
    with server.connect() as connection:
        said = connection.execute("SHOW listen_addresses").fetchone()
    assert said == ("",)


@pytest.mark.postgres
def test_the_server_leaves_nothing_behind() -> None:
    with private_postgres() as short_lived:
        pid = int((short_lived.data / "postmaster.pid").read_text().splitlines()[0])

    assert not short_lived.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.django_db(transaction=True)
def test_a_town_of_one_test_is_gone_before_the_next(test_database: TestDatabase) -> None:
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    Session.objects.create(session_key="left-over", session_data="", expire_date=timezone.now())

    test_database.restore()

    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_tests_run_in_the_database_that_was_made_for_them(test_database: TestDatabase) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        if test_database.vendor == "sqlite":
            cursor.execute("PRAGMA database_list")
            assert Path(cursor.fetchone()[2]) == test_database.path
        else:
            assert test_database.server is not None
            cursor.execute("SELECT current_user, current_database()")
            assert cursor.fetchone() == (APP, test_database.name)
            assert connection.settings_dict["HOST"] == str(test_database.server.folder)


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skip_for_a_missing_part_is_a_failure_in_continuous_integration(tmp_path: Path, ci: str, code: int) -> None:
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "test_plain.py").write_text(PLAIN_TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:django",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            str(tmp_path),
        ],
        cwd=tmp_path,
        env=os.environ | {"CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stdout + done.stderr
    assert ("1 passed, 1 skipped, 1 error" if ci else "1 passed, 2 skipped") in done.stdout
    assert ("Skipped, which is a failure" in done.stdout) is bool(ci)
