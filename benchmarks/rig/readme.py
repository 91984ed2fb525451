"""The tables of `benchmarks/README.md`, from what the benchmarks wrote down."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.rig import desk_tables
from tools.bench import RESULTS, this_machine
from tools.steps import ROOT

README: Final = ROOT / "benchmarks" / "README.md"
KEPT: Final = ROOT / "benchmarks" / "results.json"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
TITLES: Final = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
Told = Mapping[str, Any]

#: Signalen 2.50 with persistent connections, 20,000 signals: statements, CPU ms, p50/p95 ms, requests/s of two.
PEER: Final = {
    "create": ("public create", 45, 65, "69 / 91", 20.8),
    "step": ("change status", 41, 103, "110 / 150", 17.9),
    "note": ("add a note", 38, 93, "95 / 124", 19.9),
    "list_100": ("list of 100", 513, 978, "982 / 1,225", 2.0),
    "list_20": ("list of 20", 113, 268, "274 / 430", 7.0),
    "detail": ("detail", 17, 65, "64 / 93", 29.0),
    "points": ("GeoJSON page of 4,000", 4, 138, "138 / 201", 13.8),
}
PEER_MEMORY: Final = "350 to 370"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column holds words, the others numbers."""
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def of_one_database(told: Told) -> str:
    """Return the tables of the first loop on one database."""
    parts = [operations(told), lists(told), memory(told)]
    return "\n".join(parts)


def operations(told: Told) -> str:
    """Return what each operation costs."""
    head = ("operation", "SQL", "CPU ms", "web + database", "p50 / p95 ms", "requests/s, two at a time", "KiB")
    rows = (
        (
            one["label"],
            _span(one["statements"]),
            f"{one['cpu_ms']:.1f}",
            f"{one['web_ms']:.1f} + {one['database_ms']:.1f}",
            f"{one['p50_ms']:.0f} / {one['p95_ms']:.0f}",
            f"{one['per_second']:.0f}",
            f"{one['n_bytes'] / 1024:.1f}",
        )
        for one in told["operations"]
    )
    return table(head, rows)


def _span(counted: Told) -> str:
    least, most = counted["least"], counted["most"]
    told = str(most) if least == most else f"{least} to {most}"
    savepoints = f", {counted['savepoints']} of them savepoints" if counted["savepoints"] else ""
    return f"{told}{savepoints} (+ {counted['sign_in']} sign-in)"


def lists(told: Told) -> str:
    """Return the same lists among few and among many requests."""
    few, many = sorted(told["lists"], key=int)
    head = ("list of 100", f"CPU ms of {int(few):,}", f"of {int(many):,}", "ratio", "p50 ms", "p50 ms", "ratio")
    rows = []
    for name, here in told["lists"][few].items():
        there = told["lists"][many][name]
        cells = [here["label"]]
        for key in ("cpu_ms", "p50_ms"):
            cells += [f"{here[key]:.1f}", f"{there[key]:.1f}", f"{there[key] / here[key]:.2f}"]
        rows.append(cells)
    return table(head, rows)


def memory(told: Told) -> str:
    """Return what the web processes hold."""
    moments = {"started": "answering", "warm": "each worker has answered everything", "after": "after the run"}
    rows = (
        (words, f"{told['memory'][key]['workers']:.0f}", f"{told['memory'][key]['parent']:.0f}")
        for key, words in moments.items()
    )
    return table(("memory, PSS", "two workers, MiB", "their parent, MiB"), rows)


def targets(told: Mapping[str, Told], first_page: Told | None) -> str:
    """Return what was to be reached, and what was."""
    wanted = {
        "create": ("create with routing, clock, history, tasks", 12, 20),
        "list_100": ("list of 100 with status, place, deadline, party", 8, 30),
        "step": ("one step of the state table", 12, 20),
    }
    rows = [
        [f"{label}: SQL, CPU ms", f"{sql}, {cpu}", *(_reached(_operation(one, name)) for one in told.values())]
        for name, (label, sql, cpu) in wanted.items()
    ]
    held = [f"{one['memory']['after']['workers']:.0f}" for one in told.values()]
    rows.append(["memory of two web workers, MiB", "200", *held])
    rows.append(["the same list at 100,000 and at 1,000, times the CPU", "1.5", *map(_worst_ratio, told.values())])
    if first_page is not None:
        reached = [f"{first_page['page_s']:.0f}" if name == "sqlite" else "" for name in told]
        rows.append(["`scripts/demo` to the first page, packages cached, s", "60", *reached])
    return table(("what", "at most", *(TITLES[name] for name in told)), rows)


def _reached(one: Told) -> str:
    return f"{one['statements']['most']}, {one['cpu_ms']:.1f}"


def _worst_ratio(told: Told) -> str:
    few, many = sorted(told["lists"], key=int)
    pairs = [(told["lists"][few][name], told["lists"][many][name]) for name in told["lists"][few]]
    ratios = [there["cpu_ms"] / here["cpu_ms"] for here, there in pairs]
    return f"{min(ratios):.2f} to {max(ratios):.2f}"


def _operation(told: Told, name: str) -> Told:
    found: Told = next(one for one in told["operations"] if one["name"] == name)
    return found


def beside_the_peer(told: Told) -> str:
    """Return our figures on PostgreSQL beside those of the closest peer."""
    head = ("operation", "SQL", "Signalen", "CPU ms", "Signalen", "p50 / p95 ms", "Signalen", "requests/s", "Signalen")
    rows = []
    for name, (label, sql, cpu, waits, rate) in PEER.items():
        one = _operation(told, name)
        waited = f"{one['p50_ms']:.0f} / {one['p95_ms']:.0f}"
        cells = [label, str(one["statements"]["most"]), str(sql), f"{one['cpu_ms']:.1f}", str(cpu), waited, waits]
        rows.append([*cells, f"{one['per_second']:.0f}", f"{rate:.0f}"])
    held = f"Two web workers: {told['memory']['after']['workers']:.0f} MiB (PSS); Signalen {PEER_MEMORY}.\n"
    return table(head, rows) + "\n" + held


def first_page_told(told: Told) -> str:
    """Return how long a newcomer waits."""
    head = ("`scripts/demo`", "the server answers, s", "the first page of the town, s")
    rows = [
        ["from an empty clone, packages cached", f"{told['health_s']:.1f}", f"{told['page_s']:.1f}"],
        ["started again", f"{told['again_health_s']:.1f}", f"{told['again_page_s']:.1f}"],
    ]
    return table(head, rows)


def whole(results: Told) -> str:
    """Return the measured part of the README."""
    told = {name: results["first_loop"][name] for name in TITLES if name in results["first_loop"]}
    first_page = results.get("first_page")
    parts = [
        f"{results['machine']}. Measured on {results['on']}.\n",
        "## What was to be reached\n",
        targets(told, first_page),
    ]
    if "postgresql" in told:
        parts += ["## Beside the closest peer\n", _PEER_WORDS, beside_the_peer(told["postgresql"])]
    for name, one in told.items():
        parts += [f"## On {TITLES[name]}, {one['n_requests']:,} requests\n", operations(one), lists(one), memory(one)]
    if "requests" in results:
        parts.append(desk_tables.whole(results["requests"]))
    if first_page is not None:
        parts += ["## The first page\n", first_page_told(first_page)]
    return "\n".join(parts)


_PEER_WORDS: Final = """\
Signalen 2.50 (Django, PostgreSQL, PostGIS) was measured at 20,000 signals with two workers and persistent connections
on another quiet two-core machine: its columns were not measured in this run, so ratios are indicative. Statements per
request do not depend on the machine. Its routing and mail run in background workers that were not counted; our routing,
clocks, history and the enqueuing of news are inside the request, our telling of news is not. Our lists are those of a
manager, signed in by token; our map answers 5,000 points.
"""


def gathered() -> dict[str, Any]:
    """Return everything the benchmarks wrote down, over what was kept before for those that did not run."""
    results: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"first_loop": {}}
    for file in sorted(RESULTS.glob("*.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        name = file.stem.rpartition("-")[0]
        if "database" in told:
            results.setdefault(name, {})[told["database"]] = told
        else:
            results[name] = told
    return results | {"machine": this_machine(), "on": datetime.now(UTC).date().isoformat()}


def main() -> int:
    """Renew the results that are kept and the tables made from them."""
    results = gathered()
    KEPT.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n\n{whole(results)}\n{END}{after}", encoding="utf-8")
    return 0


def write_down(told: Told, *, file: str) -> None:
    """Write the figures of one benchmark where `main` finds them."""
    if file:
        Path(file).write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
