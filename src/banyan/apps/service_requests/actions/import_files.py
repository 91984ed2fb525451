"""Bringing in a whole file: it is checked to its last row first, then stored in batches that can be gone on with."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from banyan.apps.service_requests.actions import importing
from banyan.apps.service_requests.actions.import_towns import Named, prepare_town
from banyan.apps.service_requests.models import ImportRun
from banyan.apps.service_requests.rules.imports import Case, Profile, Read, read_case
from banyan.apps.territory.queries import Town
from banyan.base import rowfiles
from banyan.base.errors import InvalidInput, Problem, mark
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor
from banyan.kit.rows import much_to_write

#: Rows stored in one transaction: at some thousand rows a second nobody else waits long for their turn to write.
BATCH: Final = 500
MOST_ROWS: Final = 2_000_000
_TELL_EVERY: Final = 2_000
Progress = Callable[[str, int], None]
_SHAPE: Final = Problem("", "shape", mark("The row has more or fewer cells than the head."))


@dataclass
class Checked:
    """What a file holds, once it was read to its end; nothing is stored yet."""

    n_rows: int = 0
    n_rejected: int = 0
    named: Named = field(default_factory=Named)
    quirks: Counter[str] = field(default_factory=Counter)
    encoding: str = ""


def check_file(path: Path, profile: Profile, *, at: datetime, progress: Progress | None = None) -> Checked:
    """Read a file to its last row and return what it holds; memory holds one row and what the rows name.

    Raises
    ------
    InvalidInput
        The file cannot be read to its end, or columns that the profile names are missing.
    """
    checked, seen = Checked(), set[int]()
    for n, (row, read) in enumerate(_rows(path, profile, at=at, checked=checked), 1):
        if n > MOST_ROWS:
            limit = {"limit": MOST_ROWS}
            raise InvalidInput(mark("The file"), [Problem("file", "too_large", mark("At most {limit} rows."), limit)])
        checked.n_rows = n
        checked.quirks.update(read.quirks)
        if read.case is None:
            checked.n_rejected += 1
            continue
        key = hash(read.case.source_key)
        if key in seen:
            checked.quirks["doubled_key"] += 1
        seen.add(key)
        checked.named.take(read.case, profile.named_service(read.case.service_code))
        if progress and n % _TELL_EVERY == 0:
            progress("checked", row)
    if problems := checked.named.problems():
        raise InvalidInput(mark("The file"), problems)
    return checked


def _rows(
    path: Path, profile: Profile, *, at: datetime, skip: int = 0, checked: Checked | None = None
) -> Iterator[tuple[int, Read]]:
    """Yield each row with its number, read; the first `skip` rows are passed over."""
    with rowfiles.opened(path, layout=profile.layout) as table:
        if missing := profile.missing_columns(table.head):
            raise InvalidInput(mark("The file"), missing)
        if checked is not None:
            checked.encoding = table.encoding
        head, n_columns = table.head, len(table.head)
        for number, cells in table.rows:
            if not any(cells):
                continue
            if skip:
                skip -= 1
            elif len(cells) != n_columns:
                yield number, Read(None, (_SHAPE,))
            else:
                yield number, read_case(dict(zip(head, cells, strict=True)), profile, at=at)


def import_file(
    path: Path,
    *,
    actor: Actor,
    profile: Profile,
    town: Town | None,
    at: datetime,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> tuple[Town, ImportRun]:
    """Bring a whole file into a town, or go on where it was broken off; return the town and the run.

    Parameters
    ----------
    town
        None: the town that the profile founds.

    Raises
    ------
    InvalidInput
        The file or what it names cannot be used; nothing is changed.
    """
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    sha256 = digest(path)
    checked = check_file(path, profile, at=at, progress=progress)
    town = prepare_town(actor=actor, profile=profile, named=checked.named, town=town, at=at)
    with scopes.town(town.id):
        run = importing.begin_import(
            actor=actor, town=town, profile=profile.name, file_name=path.name, sha256=sha256, at=at
        )
        importing.keep_quirks(run_id=run.id, quirks=checked.quirks, n_rows=checked.n_rows)
    for _ in store_rows(path, actor=actor, profile=profile, town=town, run=run, batch=batch, progress=progress):
        pass
    with scopes.town(town.id):
        return town, importing.end_import(actor=actor, run_id=run.id, at=at)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def store_rows(
    path: Path,
    *,
    actor: Actor,
    profile: Profile,
    town: Town,
    run: ImportRun,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Iterator[int]:
    """Store the rows of a checked file from where its run has come to; yield after each batch how far it is.

    Each batch is one scope and one transaction, which also says how far the run has come: whenever it is broken off,
    it goes on at the next row.
    """
    cases: list[Case] = []
    rejected: list[importing.Rejected] = []
    n_done = run.n_read

    def store() -> None:
        with scopes.town(town.id):
            importing.import_batch(
                actor=actor,
                town=town,
                run_id=run.id,
                cases=cases,
                rejected=rejected,
                profile=profile.name,
                at=run.started_at,
            )

    with much_to_write():
        for number, read in _rows(path, profile, at=run.started_at, skip=run.n_read):
            if read.case is None:
                rejected.append(importing.Rejected(number, read.source_key, read.problems))
            else:
                cases.append(read.case)
            if len(cases) + len(rejected) >= batch:
                store()
                n_done += len(cases) + len(rejected)
                cases, rejected = [], []
                yield n_done
                if progress and n_done % _TELL_EVERY < batch:
                    progress("stored", n_done)
        if cases or rejected:
            store()
            yield n_done + len(cases) + len(rejected)
