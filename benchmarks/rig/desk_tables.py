"""The tables of the complete desk, from what `benchmarks/requests.py` wrote down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

Told = Mapping[str, Any]

#: What was to be reached.
IMPORT_LEAST: Final = 2000
PAGE_MOST_MS: Final = 300
RATIO_MOST: Final = 1.5
DEADLINES_MOST_S: Final = 5
ROUTING_MOST_S: Final = 60
TOP_THREE_LEAST: Final = 0.75
#: Part of the benchmark -> its name for readers.
_NAMES: Final = {
    "import": "import",
    "routing": "dry run",
    "growth": "ten thousand and a million",
    "deadlines": "deadlines",
    "duplicates": "duplicates",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column holds words, the others numbers."""
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def of_one_database(told: Told) -> str:
    """Return every table of one database."""
    parts = [targets({told["database"]: told}), growth(told) if "growth" in told else "", details(told)]
    return "\n".join(part for part in parts if part)


def targets(told: Mapping[str, Told]) -> str:
    """Return what was to be reached and what was, on each database."""
    wanted = {
        f"import of the whole Boston file, rows/s: at least {IMPORT_LEAST:,} (on SQLite)": _import,
        f"a reader's page meanwhile, p50 / p95 / longest ms: under {PAGE_MOST_MS}": _reader,
        f"list, map and search at a million against ten thousand, times the CPU: at most {RATIO_MOST}": _ratio(
            "cpu_ms"
        ),
        f"the same, times the wait (p50): at most {RATIO_MOST}": _ratio("p50_ms"),
        f"a million deadlines, s: at most {DEADLINES_MOST_S}": lambda one: f"{one['deadlines']['seconds']:.2f}",
        f"dry run of the dispatch of the whole Boston file, s: at most {ROUTING_MOST_S}": _routing,
        f"parent among the first three suggestions: at least {TOP_THREE_LEAST:.0%}": _duplicates,
    }
    rows = [[words, *(_cell(one, read) for one in told.values())] for words, read in wanted.items()]
    return table(("what was to be reached", *(_TITLES[name] for name in told)), rows)


_TITLES: Final = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def _cell(one: Told, read: Any) -> str:
    try:
        return str(read(one))
    except KeyError:
        return ""


def _import(one: Told) -> str:
    return f"{one['import']['rows_per_second']:,.0f}"


def _reader(one: Told) -> str:
    held = one["import"]
    return f"{held['p50_ms']:.0f} / {held['p95_ms']:.0f} / {held['most_ms']:.0f}"


def _ratio(key: str) -> Any:
    def read(one: Told) -> str:
        few, many = one["growth"]["costs"]
        ratios = [many[name][key] / few[name][key] for name in few]
        return f"{min(ratios):.2f} to {max(ratios):.2f}"

    return read


def _routing(one: Told) -> str:
    return f"{one['routing']['seconds']:.1f}"


def _duplicates(one: Told) -> str:
    return f"{one['duplicates']['likeness']['3']:.1%}"


def growth(told: Told) -> str:
    """Return what list, map and search cost among few and among very many requests."""
    (few, many), (here, there) = told["growth"]["sizes"], told["growth"]["costs"]
    head = ("operation", f"CPU ms of {few['n_requests']:,}", f"of {many['n_requests']:,}", "ratio")
    waits = ("p50 / p95 ms", "p50 / p95 ms", "ratio of p50")
    rows = []
    for name, one in here.items():
        other = there[name]
        rows.append(
            [
                one["label"],
                *(f"{each['cpu_ms']:.1f}" for each in (one, other)),
                f"{other['cpu_ms'] / one['cpu_ms']:.2f}",
                *(f"{each['p50_ms']:.0f} / {each['p95_ms']:.0f}" for each in (one, other)),
                f"{other['p50_ms'] / one['p50_ms']:.2f}",
            ]
        )
    words = (
        f"\n{few['n_open']:,} and {many['n_open']:,} of them are open; "
        f"{few['n_words']:,} and {many['n_words']:,} search words.\n"
    )
    return table((*head, *waits), rows) + words


def details(told: Told) -> str:
    """Return in words what was measured beside the targets."""
    lines = []
    if "import" in told:
        one = told["import"]
        lines.append(
            f"* import: {one['n_rows']:,} rows read, {one['n_imported']:,} imported, in {one['seconds']:.1f} s of the "
            f"whole command, checking the file and the search words included; the reader opened {one['n_pages']} pages."
        )
    if "routing" in told:
        one = told["routing"]
        lines.append(
            f"* dry run: {one['n']:,} requests, {one['n_rules']} rules, {one['n_matched']:,} of them taken by a rule, "
            "the others decided by the register of parties."
        )
    if "deadlines" in told:
        lines.append(
            f"* deadlines: {told['deadlines']['n']:,}, starts spread over ten years; reading the calendar included, "
            "storing not."
        )
    if told.get("remark"):
        lines.append(f"* {told['remark']}")
    lines += [f"* {_NAMES[name]} left out: {why}." for name, why in told["left_out"].items()]
    return "\n".join(lines) + "\n" if lines else ""


#: What the numbers are numbers of.
ABOUT: Final = """\
The Boston file is the export of 2015 with 93,963 cases. It comes in through `banyan requests import` in a process of
its own while two web workers serve the town and one reader opens its public list, a page every tenth of a second, on
the same two cores. Ten thousand requests are those of the town of the other tables; a million are the same ones copied
a hundred times, each copy further in the past, with their search words, without history and photos: a longer past, not
a larger desk, so about as many requests are open. Lists, maps and searches are asked for over HTTP, by a manager
signed in by session where it is the board. The dry run decides on stored requests.
"""


def whole(results: Mapping[str, Told]) -> str:
    """Return the part of the README about the complete desk."""
    told = {name: results[name] for name in _TITLES if name in results}
    parts = ["## The complete desk\n", targets(told), ABOUT]
    for name, one in told.items():
        parts += [f"### On {_TITLES[name]}\n", details(one), growth(one) if "growth" in one else ""]
    return "\n".join(part for part in parts if part)
