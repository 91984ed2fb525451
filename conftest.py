"""What holds for every test: where it may run, and that a missing part is a failure where CI=true."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools import machine
from tools.check import WRITE
from tools.testbed import TestDatabase, make_database, on_postgres

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server", "test_database"}


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks of this house."""
    for line in (
        "journey: a person's way through the pages in a real browser; on SQLite only",
        "postgres: needs the private PostgreSQL of the tests; left out on SQLite",
        "sqlite: speaks of SQLite alone; left out on PostgreSQL",
        "snapshot: compares with a committed file that scripts/check --write renews",
        "may_skip(reason): may be skipped where CI=true, for a reason that is not a missing part",
    ):
        config.addinivalue_line("markers", line)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what belongs to the other database; on PostgreSQL also whatever meets no database."""
    for item in items:
        if "snapshot" in getattr(item, "fixturenames", ()):
            item.add_marker("snapshot")
    left_out = [item for item in items if not _belongs_here(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _belongs_here(item)]


def _belongs_here(item: pytest.Item) -> bool:
    marks = {mark.name for mark in item.iter_markers()}
    if not on_postgres():
        return "postgres" not in marks
    return "postgres" in marks or (_meets_database(item, marks) and not marks & {"journey", "sqlite"})


def _meets_database(item: pytest.Item, marks: set[str]) -> bool:
    from django.test import TransactionTestCase

    kind = getattr(item, "cls", None)
    is_django = isinstance(kind, type) and issubclass(kind, TransactionTestCase)
    return "django_db" in marks or is_django or bool(DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Turn a skip into a failure where CI=true, unless the test states why it may skip."""
    report = yield
    allowed = any(mark.args and str(mark.args[0]).strip() for mark in item.iter_markers("may_skip"))
    if not allowed and not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """Turn the skip of a whole file into a failure where CI=true."""
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: Any) -> None:
    if report.skipped and machine.is_ci():
        said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Skipped, which is a failure where CI=true: {said}"


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,  # noqa: ARG001 - asked for its effect
    django_db_blocker: Any,
    test_database: TestDatabase,
) -> Iterator[None]:
    """Make the database of the tests in the place of Django's own, and bring it back after each test that commits."""
    from django.db import connections
    from django.test import TransactionTestCase

    def put_back(_self: TransactionTestCase) -> None:
        test_database.restore()

    with django_db_blocker.unblock():
        make_database(test_database)
    with pytest.MonkeyPatch.context() as patch:
        # Django would truncate with the connection of the application, which rightly may not.
        patch.setattr(TransactionTestCase, "_fixture_teardown", put_back)
        yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def snapshot() -> Callable[[str, Path], None]:
    """Return a check that a text is the one committed at a path; `scripts/check --write` writes it there instead."""

    def same(text: str, path: Path) -> None:
        if os.environ.get(WRITE):
            path.write_text(text, encoding="utf-8")
        held = path.read_text(encoding="utf-8") if path.exists() else ""
        assert text == held, f"{path.name} is not what was promised; if the change is wanted: scripts/check --write"

    return same


@pytest.fixture(scope="session")
def chromium() -> str:
    """Name the Chromium of this machine, or skip with the name of what is missing."""
    found = machine.chromium()
    if found is None:
        pytest.skip(machine.CHROMIUM_MISSING)
    return str(found)


@pytest.fixture(scope="session")
def chromium_switches() -> list[str]:
    """Return the switches with which Chromium runs without a screen, a sandbox of its own or a word to the outside."""
    switches = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
    switches += ["--disable-component-update", "--disable-sync"]
    return switches + (["--no-sandbox"] if os.geteuid() == 0 or machine.is_ci() else [])


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the text of axe-core, to be put into a page."""
    from tools.assets import FOR_TESTS

    found = FOR_TESTS / "axe-core" / "axe.min.js"
    if not found.exists():
        pytest.skip("axe-core is missing: scripts/test brings it.")
    return found.read_text(encoding="utf-8")


@pytest.fixture
def small_town(db: None) -> Any:  # noqa: ARG001
    """A small town with people in every role (tests/towns.py)."""
    from tests.towns import small_town as found

    return found()
