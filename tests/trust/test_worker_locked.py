"""Promise: while somebody else holds the lock of the database, no task is lost and none is done twice."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django_q.models import OrmQ

from banyan.kit import jobs, scopes
from banyan.kit.patience import patiently
from tests.towns import SmallTown, small_town
from tests.trust.slow_news import ATTEMPTS
from tests.trust.test_worker_killed import n_notices, wait_until, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]  # SQLite alone has one lock for all writers


class Holder:
    """Another writer: holds the lock of the database for a while, again and again, on a connection of its own."""

    def __init__(self, *, held_s: float, free_s: float, times: int) -> None:
        self.held_s, self.free_s, self.times = held_s, free_s, times
        self.has_it = threading.Event()
        self.thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with sqlite3.connect(connection.settings_dict["NAME"], timeout=30, isolation_level=None) as other:
            for _ in range(self.times):
                other.execute("BEGIN IMMEDIATE")
                self.has_it.set()
                time.sleep(self.held_s)
                other.execute("COMMIT")
                time.sleep(self.free_s)

    @contextmanager
    def holding(self) -> Iterator[None]:
        self.thread.start()
        assert self.has_it.wait(timeout=10)
        try:
            yield
        finally:
            self.thread.join()


@contextmanager
def impatient(wait_ms: int) -> Iterator[None]:
    """Let our own connection wait for a lock this long only."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout={wait_ms}")
    try:
        yield
    finally:
        connection.close()


def telling(town: SmallTown, folder: Path) -> dict[str, object]:
    folder.mkdir()
    words = {"account_id": str(town.accounts["resident"]), "cause_id": str(uuid4()), "folder": str(folder)}
    return words | {"is_committed": True}


def n_attempts(folder: Path) -> int:
    return len((folder / ATTEMPTS).read_text().splitlines()) if (folder / ATTEMPTS).exists() else 0


def test_a_task_that_meets_a_locked_database_begins_anew_and_is_done_once(tmp_path: Path) -> None:
    town = small_town()
    words = telling(town, tmp_path / "told")

    with impatient(50), Holder(held_s=0.6, free_s=0, times=1).holding():
        jobs.run("tests.trust.slow_news.tell_and_wait", str(town.town.id), words=words)

    assert n_attempts(tmp_path / "told") == 1
    assert n_notices(town, words["cause_id"]) == 1  # type: ignore[arg-type]


def test_a_lock_that_never_opens_is_said_and_what_is_no_lock_is_not_tried_again() -> None:
    town, tries = small_town(), list[float]()

    def write() -> None:
        tries.append(time.monotonic())
        with scopes.town(town.town.id), scopes.action_transaction():
            raise AssertionError("nobody gets here")

    holder = Holder(held_s=1.0, free_s=0, times=1)
    with impatient(10), holder.holding(), pytest.raises(OperationalError, match="locked"):
        patiently(write, rests_s=(0.01, 0.01))
    assert len(tries) == 3

    def ask_nowhere() -> None:
        tries.append(time.monotonic())
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")

    with pytest.raises(OperationalError, match="no such table"):
        patiently(ask_nowhere, rests_s=(0.01,))
    assert len(tries) == 4


def test_a_worker_gets_through_while_the_lock_is_hardly_ever_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, log = small_town(), tmp_path / "log"
    given = [telling(town, tmp_path / str(n)) for n in range(6)]
    with town.scope():
        for words in given:
            jobs.enqueue("tests.trust.slow_news.tell_and_wait", town_id=town.town.id, **words)
    monkeypatch.setenv("BANYAN_SQLITE_WAIT_S", "0.1")

    with Holder(held_s=0.6, free_s=0.15, times=16).holding(), worker(log):
        wait_until(lambda: not OrmQ.objects.exists(), what="the queue is worked off", log=log)

    assert [n_attempts(tmp_path / str(n)) for n in range(6)] == [1] * 6
    assert [n_notices(town, words["cause_id"]) for words in given] == [1] * 6  # type: ignore[arg-type]
