"""Promise: a worker killed by -9 in the middle of a task loses nothing and doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django_q.models import OrmQ, Success
from django_q.tasks import async_task

from banyan.apps.audit import queries as audit
from banyan.apps.notices.models import Notice
from banyan.kit import jobs
from tests.house.checkout import ROOT
from tests.towns import SmallTown, small_town
from tests.trust.slow_news import ATTEMPTS, HOLD

#: The broker hands a task out again this long after its worker took it; short, or the test would last minutes.
RETRY_S = 13
PATIENCE_S = 90


@contextmanager
def worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `banyan worker` on the database of the tests, in a process group of its own; it is killed at the end."""
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        "BANYAN_TASK_WORKERS": "2",
        "BANYAN_TASK_TIMEOUT_S": str(RETRY_S - 1),
        "BANYAN_TASK_RETRY_S": str(RETRY_S),
        "BANYAN_TASK_POLL_S": "0.1",
    }
    with log.open("ab") as out:
        command = [Path(sys.executable).parent / "banyan", "worker"]
        child = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        yield child
    finally:
        kill(child)


def kill(child: subprocess.Popen[bytes]) -> None:
    """Kill a worker with everything it started, at once."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(timeout=10)


def wait_until(is_so: Callable[[], bool], *, what: str, log: Path) -> None:
    """Wait for something to come true, or fail with what the workers said."""
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > until:
            pytest.fail(f"It did not happen in {PATIENCE_S} s: {what}\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


class Slow:
    """A slow task and what it leaves: attempts in a folder, a notice in an inbox."""

    def __init__(self, town: SmallTown, folder: Path, *, is_committed: bool) -> None:
        self.town, self.folder, self.cause_id = town, folder, uuid4()
        folder.mkdir()
        (folder / HOLD).touch()
        with town.scope():
            jobs.enqueue(
                "tests.trust.slow_news.tell_and_wait",
                town_id=town.town.id,
                account_id=str(town.accounts["resident"]),
                cause_id=str(self.cause_id),
                folder=str(folder),
                is_committed=is_committed,
            )

    def n_attempts(self) -> int:
        file = self.folder / ATTEMPTS
        return len(file.read_text().splitlines()) if file.exists() else 0

    def n_notices(self) -> int:
        return n_notices(self.town, self.cause_id)

    def let_go(self) -> None:
        (self.folder / HOLD).unlink()


def n_notices(town: SmallTown, cause_id: UUID) -> int:
    with town.scope():
        return Notice.objects.filter(cause_id=cause_id).count()


@pytest.mark.django_db(transaction=True)
def test_a_task_whose_worker_was_killed_is_done_once_more_and_its_effect_is_there_once(tmp_path: Path) -> None:
    log, town = tmp_path / "log", small_town()
    with worker(log) as first:
        committed = Slow(town, tmp_path / "committed", is_committed=True)
        wait_until(lambda: committed.n_attempts() == 1, what="the first task commits", log=log)
        open_ended = Slow(town, tmp_path / "open", is_committed=False)
        wait_until(lambda: open_ended.n_attempts() == 1, what="the second task is in its transaction", log=log)

        kill(first)

    assert (committed.n_notices(), open_ended.n_notices()) == (1, 0), "one was killed after its commit, one before"
    assert OrmQ.objects.count() == 2, "both are still the broker's to hand out"
    assert not Success.objects.exists()
    for slow in (committed, open_ended):
        slow.let_go()
    # Work of our own, in the same go: the news of a real report, and the sealing job.
    received = town.report()
    async_task("banyan.apps.audit.tasks.seal_towns")
    connection.close()

    with worker(log):
        wait_until(lambda: not OrmQ.objects.exists(), what="the queue is worked off", log=log)

    assert (committed.n_attempts(), open_ended.n_attempts()) == (2, 2)
    assert (committed.n_notices(), open_ended.n_notices()) == (1, 1)
    assert Success.objects.count() == 4
    with town.scope():
        told = list(Notice.objects.filter(subject_id=received.id).values_list("account_id", "verb"))
        findings = audit.verify()
    assert told == [(town.accounts["coordinator"], "received")]
    assert findings.is_clean, findings.found
    assert findings.n_unsealed == 0
