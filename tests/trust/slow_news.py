"""A task that tells a piece of news and then waits, so that its worker can be killed in the middle of it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import UUID

from django.db import transaction

from banyan.apps.notices import actions as notices
from tests.towns import NOW

ATTEMPTS = "attempts"
HOLD = "hold"


def tell_and_wait(*, account_id: str, cause_id: str, folder: str, is_committed: bool) -> None:
    """Put the news into an inbox; wait before the commit, or after it and before the broker hears that it is done."""
    subject = ("service_request", UUID(cause_id))
    notices.tell([UUID(account_id)], subject=subject, verb="closed", cause_id=UUID(cause_id), at=NOW)
    if is_committed:
        transaction.on_commit(lambda: _wait(Path(folder)))
    else:
        _wait(Path(folder))


def _wait(folder: Path) -> None:
    with (folder / ATTEMPTS).open("a") as attempts:
        attempts.write(f"{os.getpid()}\n")
    while (folder / HOLD).exists():
        time.sleep(0.02)
