"""Counting SQL statements, in two ways that have to agree.

In process: Django's test client over the whole stack of the product, with the statements that Django records.
From outside: the log of the private PostgreSQL while the real web processes answer (`log_statement = all`).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.rig.asking import Ask
from tools.private_postgres import APP, Server

#: What is not counted to an operation, first match; savepoints are counted, and told besides.
_ASIDE: Final = {
    "transaction": re.compile(r"^(BEGIN|COMMIT|ROLLBACK)\b(?! TO)"),
    "scope": re.compile(r"^SELECT set_config"),
    "check of the connection": re.compile(r"^SELECT 1$"),
    "settings of the connection": re.compile(r"^(SET|SHOW|PRAGMA|SELECT pg_catalog)\b", re.I),
    "sign-in": re.compile(
        r'^SELECT .* FROM "(accounts_(apitoken|membership|account)|territory_town|django_session)"', re.S
    ),
}
_SAVEPOINT: Final = re.compile(r"^(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO)\b")


@dataclass(frozen=True, slots=True)
class Statements:
    """How many SQL statements one request takes."""

    counted: int
    savepoints: int
    """Of those counted."""
    sign_in: int
    """Token or session, roles, town: not counted."""


def sorted_out(texts: Sequence[str]) -> Statements:
    """Count statements by kind."""
    kinds = [next((kind for kind, form in _ASIDE.items() if form.search(text)), "") for text in texts]
    counted = [text for text, kind in zip(texts, kinds, strict=True) if not kind]
    savepoints = sum(bool(_SAVEPOINT.search(text)) for text in counted)
    return Statements(len(counted), savepoints, Counter(kinds)["sign-in"])


def in_process(asks: Sequence[Ask]) -> list[Statements]:
    """Count the statements of each request through the stack in this process, one warm-up by the caller before."""
    client, found = Client(), []
    for ask in asks:
        headers = dict(ask.headers)
        content_type = headers.pop("Content-Type", "application/octet-stream")
        with CaptureQueriesContext(connection) as captured:
            answer = client.generic(ask.method, ask.path, ask.body, content_type=content_type, headers=headers)
        if answer.status_code != ask.status:
            said = f"{answer.status_code}, not {ask.status}: {answer.content[:600]!r}"
            raise RuntimeError(f"{ask.method} {ask.path}: {said}")
        found.append(sorted_out([query["sql"].strip() for query in captured.captured_queries]))
    return found


class ServerLog:
    """The log of the private PostgreSQL while it writes every statement down."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "log"
        self.place = self.file.stat().st_size

    def read(self) -> Statements:
        """Count the statements of the application since the last reading."""
        with self.file.open("rb") as log:
            log.seek(self.place)
            written = log.read()
        self.place += len(written)
        lines = re.split(r"^<(?=\w*>)", written.decode(), flags=re.M)
        ours = [line.split(": ", 2)[2].strip() for line in lines if line.startswith(f"{APP}> LOG:  statement: ")]
        return sorted_out([re.sub(r"\n\t", "\n", text) for text in ours])


@contextmanager
def writing_statements(folder: Path) -> Iterator[ServerLog]:
    """Let the private server write every statement of the application into its log."""
    set_up(folder, log_statement="all", log_line_prefix="<%u> ")
    try:
        yield ServerLog(folder)
    finally:
        set_up(folder, log_statement="none", log_line_prefix="%m [%p] ")


def set_up(folder: Path, **settings: str) -> None:
    """Change settings of the private server while it runs."""
    with Server(folder).connect() as superuser:
        for name, value in settings.items():
            superuser.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        superuser.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)  # the sessions read it at their next statement, once the signal has reached them
