"""What the complete desk costs: a real import beside readers, a million requests, a million deadlines, dry runs.

The figures are told as Markdown and, with `BANYAN_BENCH_RESULTS`, written down as JSON for `benchmarks/README.md`.
`BANYAN_BENCH_SCALE` (`scripts/bench --scale`) below 1 tries everything with less; figures made so are never kept.
A town that was filled before is taken as it is: `BANYAN_HOME` and the database of an earlier run, given again.
"""

from __future__ import annotations

import csv
import gzip
import http.client
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banyan.faces.settings")
django.setup()

from django.db import connection  # noqa: E402

from banyan.apps.service_requests import queries  # noqa: E402
from banyan.apps.service_requests.queries import routing as dispatching  # noqa: E402
from banyan.apps.territory import queries as territory  # noqa: E402
from banyan.base.calendar import Calendar  # noqa: E402
from banyan.base.rng import stream  # noqa: E402
from banyan.engines import deadlines  # noqa: E402
from banyan.faces.cli.house import prepare_database  # noqa: E402
from banyan.kit import scopes  # noqa: E402
from benchmarks.rig import asking, million, serving, statements, town  # noqa: E402
from benchmarks.rig.desk import desk_operations  # noqa: E402
from benchmarks.rig.desk_tables import of_one_database  # noqa: E402
from benchmarks.rig.readme import write_down  # noqa: E402
from benchmarks.rig.town import Bench  # noqa: E402
from tools.private_postgres import Server  # noqa: E402
from tools.steps import ROOT  # noqa: E402

SCALE: Final = float(os.environ.get("BANYAN_BENCH_SCALE", "1"))
FEW: Final = max(500, int(10_000 * min(1.0, SCALE * 10)))
TIMES: Final = max(2, int(100 * SCALE))
N_DEADLINES: Final = max(1000, int(1_000_000 * SCALE))
#: Where the real cases lie; a checkout without them leaves those rows out.
BOSTON: Final = Path(
    os.environ.get("BANYAN_BENCH_BOSTON") or ROOT.parent / "shared" / "data" / "requests" / "boston311_2015_open.csv.gz"
)
PAUSE_S: Final = 0.1


def main() -> int:
    """Measure on the database of the environment."""
    folder = Path(connection.settings_dict["HOST"]) if connection.vendor == "postgresql" else None
    if folder is not None:
        statements.set_up(folder, autovacuum="off", max_wal_size="8GB")
    prepare_database()
    told: dict[str, Any] = {"database": connection.vendor, "scale": SCALE, "left_out": {}}
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "import": lambda: _import(folder),
        "routing": _dry_run,
        "deadlines": _deadlines,
        "growth": lambda: _growth(folder),
        "duplicates": _duplicates,
    }
    for name, measure in parts.items():
        _say(name)
        try:
            told[name] = measure()
        except LeftOut as why:
            told["left_out"][name] = str(why)
            _say(f"left out: {why}")
        not_yet = {later: "this run was broken off before" for later in parts if later not in told}
        whole = told | {"left_out": not_yet | told["left_out"]}
        write_down(whole, file=os.environ.get("BANYAN_BENCH_RESULTS", ""))
    print(of_one_database(told))
    return 0


class LeftOut(Exception):
    """A row cannot be measured here, and why."""


# --- a real file comes in while somebody reads -----------------------------------------------------------------------


def _import(folder: Path | None) -> dict[str, Any]:
    """Bring the whole file in through the command line while a reader asks for the public list of the same town."""
    if not BOSTON.exists():
        raise LeftOut("the file of real cases is not there")
    file = _file()
    report = Path(os.environ["BANYAN_HOME"]) / "import.json"
    words = ["requests", "import", str(file), "--profile", "boston311", "--report", str(report)]
    banyan = Path(sys.executable).parent / "banyan"
    with serving.serving(postgres_folder=folder) as web, _reading(web.port, "/t/boston311/requests/") as waited_ms:
        begun = time.perf_counter()
        subprocess.run([str(banyan), *words], check=True, stdout=subprocess.DEVNULL)
        took_s = time.perf_counter() - begun
    counts = json.loads(report.read_text(encoding="utf-8"))
    n_read = int(counts["read"])
    quantiles = np.percentile(waited_ms, [50, 95, 100]) if waited_ms else [float("nan")] * 3
    return {
        "n_rows": n_read,
        "n_imported": int(counts["imported"]),
        "seconds": took_s,
        "rows_per_second": n_read / took_s,
        "n_pages": len(waited_ms),
        **{f"{name}_ms": float(number) for name, number in zip(("p50", "p95", "most"), quantiles, strict=True)},
    }


def _file() -> Path:
    """Return the whole file, or its beginning where less is asked for."""
    if SCALE >= 1:
        return BOSTON
    with gzip.open(BOSTON, "rt", encoding="utf-8", newline="") as whole:
        rows = [row for row, _ in zip(csv.reader(whole), range(1 + int(94_000 * SCALE)), strict=False)]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    cut = Path(os.environ["BANYAN_HOME"]) / "beginning.csv.gz"
    cut.write_bytes(gzip.compress(out.getvalue().encode()))
    return cut


@contextmanager
def _reading(port: int, path: str) -> Iterator[list[float]]:
    """Let one reader ask for a page again and again until the block ends; only pages that are there are counted."""
    waited_ms: list[float] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            begun = time.perf_counter()
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            client.request("GET", path)
            answer = client.getresponse()
            answer.read()
            client.close()
            if answer.status == 200:
                waited_ms.append(1000 * (time.perf_counter() - begun))
            over.wait(PAUSE_S if answer.status == 200 else 1.0)  # the town is founded once the file is checked

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield waited_ms
    finally:
        over.set()
        reader.join(timeout=60)


# --- where would they all have gone ----------------------------------------------------------------------------------


def _dry_run() -> dict[str, Any]:
    """Ask of every case of the file where it would go by forty rules, and why."""
    held = territory.town_named("boston311")
    if held is None:
        raise LeftOut("there is no town of real cases to try rules on")
    with scopes.town(held.id):
        body = _rules(held)
        begun = time.perf_counter()
        past = dispatching.over_past(held, rules=dispatching.compiled_for(held, body))
        took_s = time.perf_counter() - begun
    n_matched = past.n - past.n_unmatched
    return {"n": past.n, "n_rules": len(body["rules"]), "n_matched": n_matched, "seconds": took_s}


def _rules(held: territory.Town) -> dict[str, Any]:
    """Return rules by service, urgency, words and working time; the last ones take the fewest."""
    groups = sorted({service.group for service in queries.catalogue(held).offered.values()})
    rules = []
    for group in groups[:20]:
        for name, when in (("day", {"is_working_time": True}), ("night", {"is_working_time": False, "words": ["a"]})):
            words = {"code": f"{group[:20]}-{name}", "name_zh": group, "name_en": group, "is_active": True}
            rules.append(words | {"when": {"groups": [group], **when}, "then": {"party": "responsible"}})
    return {"rules": rules[::-1]}


# --- ten thousand and a million --------------------------------------------------------------------------------------


def _growth(folder: Path | None) -> dict[str, Any]:
    """Ask for list, map and search among few and among very many requests."""
    bench, is_full = _bench()
    found: dict[str, Any] = {"sizes": [], "costs": []}
    if not is_full:
        town.fill(bench, up_to=FEW)
        _tidy(folder)
        _keep(bench, is_full=False)
    for n_copies in (0, TIMES - 1):
        if n_copies and not is_full:
            _say(f"copying {FEW:,} requests {n_copies} times")
            bench.n_requests = million.multiply(bench, times=n_copies, folder=folder)
            _keep(bench, is_full=True)
        if not n_copies and is_full:
            continue  # the few were measured before the town was filled
        with scopes.town(bench.town.id):
            found["sizes"].append(million.sizes())
        found["costs"].append(_costs(bench, folder))
    return found if len(found["costs"]) == 2 else _with_earlier(found)


def _costs(bench: Bench, folder: Path | None) -> dict[str, Any]:
    wanted = desk_operations(bench)
    with serving.serving(postgres_folder=folder) as web:
        for operation in wanted:
            for chain in operation.chains(asking.N_WARMING):
                asking.ask_once(web, chain)
        told = {}
        for operation in wanted:
            _say(f"  {operation.label}")
            alone, together = operation.chains(operation.n_alone), operation.chains(operation.n_together)
            got = asking.measure(web, alone=alone, together=together)
            told[operation.name] = {"label": operation.label, **asdict(got), "cpu_ms": got.cpu_ms}
    _kept_costs().write_text(json.dumps(told), encoding="utf-8") if bench.n_requests == FEW else None
    return told


def _kept_costs() -> Path:
    return Path(os.environ["BANYAN_HOME"]) / "bench-few.json"


def _with_earlier(found: dict[str, Any]) -> dict[str, Any]:
    """Put what the few cost in the run that filled the town beside what the many cost now."""
    held = json.loads(_kept().read_text(encoding="utf-8"))
    few = {"n_requests": FEW, "n_open": held["n_open"], "n_words": held["n_words"]}
    costs = json.loads(_kept_costs().read_text(encoding="utf-8"))
    return {"sizes": [few, *found["sizes"]], "costs": [costs, *found["costs"]]}


def _kept() -> Path:
    return Path(os.environ["BANYAN_HOME"]) / "bench.json"


def _bench() -> tuple[Bench, bool]:
    """Return the town, founded now or filled in an earlier run, and whether it holds everything already."""
    if not _kept().exists():
        return town.settle(), False
    held = json.loads(_kept().read_text(encoding="utf-8"))
    _say(f"taking the town with {held['n_requests']:,} requests of an earlier run")
    bench = town.reopened(held)
    return bench, bool(held["is_full"])


def _keep(bench: Bench, *, is_full: bool) -> None:
    with scopes.town(bench.town.id):
        sizes = million.sizes() if not is_full else json.loads(_kept().read_text(encoding="utf-8"))
    few = {name: sizes[name] for name in ("n_open", "n_words")}
    _kept().write_text(json.dumps({**town.as_kept(bench), **few, "is_full": is_full}), encoding="utf-8")


def _tidy(folder: Path | None) -> None:
    """Do what autovacuum would have done by now."""
    if folder is not None:
        with Server(folder).connect(connection.settings_dict["NAME"]) as superuser:
            superuser.execute("VACUUM ANALYZE")


# --- deadlines -------------------------------------------------------------------------------------------------------


def _deadlines() -> dict[str, Any]:
    """Compute the deadlines of very many requests of ten years anew, from reading the calendar on."""
    rng = stream(town.SEED, "deadlines")
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")
    ten_years = np.timedelta64(3650, "D").astype("timedelta64[us]").astype(np.int64)
    starts = now - rng.integers(0, int(ten_years), N_DEADLINES).astype("timedelta64[us]")
    minutes = rng.choice([30, 60, 120, 240, 480, 1440, 2880, 7200, 10_080, 20_160], N_DEADLINES)
    begun = time.perf_counter()
    calendar = Calendar.from_json(territory.open_towns()[0].calendar)
    deadlines.add_minutes_to_many(calendar, starts, minutes=minutes)
    return {"n": N_DEADLINES, "seconds": time.perf_counter() - begun}


# --- duplicates ------------------------------------------------------------------------------------------------------


def _duplicates() -> dict[str, Any]:
    """Let the benchmark of duplicates measure, on a small database of its own: it founds the same town."""
    if SCALE < 1:
        raise LeftOut("it has one size only")
    if connection.vendor != "sqlite":
        raise LeftOut("which reports are suggested does not depend on the database")
    if not (Path(__file__).parent / "duplicates.py").exists():
        raise LeftOut("there is no benchmark of duplicates here")
    with tempfile.TemporaryDirectory(prefix="banyan-bench-") as home:
        file = Path(home) / "told.json"
        own = {"BANYAN_HOME": home, "BANYAN_DATABASE_URL": f"sqlite:///{home}/town.sqlite3"}
        env = os.environ | own | {"BANYAN_BENCH_RESULTS": str(file)}
        words = [sys.executable, "-m", "benchmarks.duplicates"]
        subprocess.run(words, env=env, check=False, stdout=subprocess.DEVNULL)
        if not file.exists():
            raise LeftOut("the benchmark of duplicates did not end")
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told


_BEGUN: Final = time.monotonic()


def _say(words: str) -> None:
    print(f"  [{time.monotonic() - _BEGUN:5.0f} s] {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
