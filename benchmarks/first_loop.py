"""What the first loop costs: create, steps, lists, pages, memory; over HTTP against two real web workers.

The figures are told as Markdown and, with `BANYAN_BENCH_RESULTS`, written down as JSON for `benchmarks/README.md`.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banyan.faces.settings")
django.setup()

from django.db import connection  # noqa: E402

from banyan.faces.cli.house import prepare_database  # noqa: E402
from benchmarks.rig import asking, serving, statements, town  # noqa: E402
from benchmarks.rig.operations import Operation, lists, operations  # noqa: E402
from benchmarks.rig.readme import of_one_database, write_down  # noqa: E402
from benchmarks.rig.serving import Web  # noqa: E402
from benchmarks.rig.town import Bench  # noqa: E402
from tools.private_postgres import Server  # noqa: E402

FEW, MIDDLE, MANY = 1_000, 20_000, 100_000


def main() -> int:
    """Measure on the database of the environment."""
    folder = Path(connection.settings_dict["HOST"]) if connection.vendor == "postgresql" else None
    if folder is not None:
        statements.set_up(folder, autovacuum="off")  # what it works would be counted to whoever asks meanwhile
    prepare_database()
    bench = town.settle()
    told: dict[str, Any] = {"database": connection.vendor, "n_requests": MIDDLE, "lists": {}}
    for size in (FEW, MIDDLE, MANY):
        _say(f"bringing in requests up to {size:,}")
        town.fill(bench, up_to=size)
        _tidy(folder)
        if size == MIDDLE:
            told |= _whole(bench, folder)
        else:
            told["lists"][str(size)] = _lists(bench, folder)
    print(of_one_database(told))
    write_down(told, file=os.environ.get("BANYAN_BENCH_RESULTS", ""))
    return 0


def _whole(bench: Bench, folder: Path | None) -> dict[str, Any]:
    """Measure everything at the size at which the closest peer was measured."""
    wanted = operations(bench)
    counts = {operation.name: _counted(operation) for operation in wanted}
    with serving.serving(postgres_folder=folder) as web:
        started = asdict(web.memory())
        _warm(web, wanted)
        warm = asdict(web.memory())
        costs = {operation.name: _measured(web, operation) for operation in wanted}
        after = asdict(web.memory())
        outside = _outside(web, wanted, folder) if folder is not None else counts
    if outside != counts:
        raise RuntimeError(f"The two ways of counting statements disagree: {counts} in process, {outside} in the log.")
    found = [{"name": o.name, "label": o.label, **costs[o.name], "statements": counts[o.name]} for o in wanted]
    return {"operations": found, "memory": {"started": started, "warm": warm, "after": after}}


def _lists(bench: Bench, folder: Path | None) -> dict[str, Any]:
    wanted = lists(bench)
    with serving.serving(postgres_folder=folder) as web:
        _warm(web, wanted)
        return {operation.name: {"label": operation.label, **_measured(web, operation)} for operation in wanted}


def _warm(web: Web, wanted: list[Operation]) -> None:
    """Ask everything on fresh connections, so often that each worker has answered it."""
    for operation in wanted:
        for chain in operation.chains(asking.N_WARMING if len(operation.chains(1)[0]) == 1 else 2):
            asking.ask_once(web, chain)


def _measured(web: Web, operation: Operation) -> dict[str, Any]:
    _say(operation.label)
    alone, together = operation.chains(operation.n_alone), operation.chains(operation.n_together)
    got = asking.measure(web, alone=alone, together=together)
    return asdict(got) | {"cpu_ms": got.cpu_ms}


def _counted(operation: Operation) -> dict[str, Any]:
    """Count in this process, the second time: the first fills the memory that a process keeps."""
    statements.in_process(operation.chains(1)[0])
    return _summed(statements.in_process(operation.chains(1)[0]))


def _summed(found: list[statements.Statements]) -> dict[str, Any]:
    """Tell the most that one request took; the kinds of step differ."""
    each = [one.counted for one in found]
    most = max(found, key=lambda one: one.counted)
    return {"least": min(each), "most": most.counted, "savepoints": most.savepoints, "sign_in": most.sign_in}


def _outside(web: Web, wanted: list[Operation], folder: Path) -> dict[str, Any]:
    """Count again in the log of the database, while the real web processes answer."""
    found = {}
    with statements.writing_statements(folder) as log:
        for operation in wanted:
            counted = []
            chain = operation.chains(1)[0]
            log.read()
            for ask in chain:
                asking.ask_once(web, [ask])
                counted.append(log.read())
            found[operation.name] = _summed(counted)
    return found


def _tidy(folder: Path | None) -> None:
    """Do what autovacuum would have done by now."""
    if folder is None:
        return
    with Server(folder).connect(connection.settings_dict["NAME"]) as superuser:
        superuser.execute("VACUUM ANALYZE")


_BEGUN: Final = time.monotonic()


def _say(words: str) -> None:
    print(f"  [{time.monotonic() - _BEGUN:5.0f} s] {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
