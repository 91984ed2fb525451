"""`scripts/bench`: measure on this machine, each benchmark on a database of its own, and print the tables.

A benchmark is a file `benchmarks/<name>.py` that prints one Markdown table.  It is started as a program with
`BANYAN_DATABASE_URL`, `BANYAN_OWNER_DATABASE_URL` and `BANYAN_HOME` leading to an empty database and folder of its own,
once on SQLite and once on the private PostgreSQL (with fsync); a line `DATABASES = ("sqlite",)` in it chooses one.
`BANYAN_BENCH_SCALE` says how much of it is wanted (1: all), `BANYAN_BENCH_RESULTS` names the file in which it may write
its figures down as JSON; `--write` renews the tables of `benchmarks/README.md` from them.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools import environment, private_postgres
from tools.demo import prepare
from tools.private_postgres import OWNER, Server
from tools.private_postgres import private_postgres as started
from tools.steps import BUILD, ROOT, StepFailed, command, run_openly, say

FOLDER = ROOT / "benchmarks"
ALL = ("sqlite", "postgres")
#: Where the figures of the last run lie, one file for each benchmark and database.
RESULTS = BUILD / "bench"


def main(words: Sequence[str]) -> int:
    """Run the benchmarks asked for; 0 when each ended well."""
    asked = _read(words)
    if Path(sys.prefix) != environment.FOLDER:
        prepare(extras=["test"], with_tests=True)
        return run_openly([environment.PYTHON, "-m", "tools.bench", *words])
    files = [file for file in sorted(FOLDER.glob("[a-z]*.py")) if not asked.names or file.stem in asked.names]
    unknown = set(asked.names) - {file.stem for file in files}
    if unknown:
        raise StepFailed(f"There is no benchmark by the name of {', '.join(sorted(unknown))} in benchmarks/.")
    chosen = (asked.database,) if asked.database else ALL
    runs = [(file, database) for file in files for database in _databases(file) if database in chosen]
    say(f"Machine: {this_machine()}")
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    codes = [_on_sqlite(file) for file, database in runs if database == "sqlite"]
    on_postgres = [file for file, database in runs if database == "postgres"]
    if on_postgres:
        if private_postgres.binaries() is None:
            raise StepFailed(private_postgres.MISSING)
        with started(durable=True) as server:
            codes += [_on_postgres(file, server) for file in on_postgres]
    if asked.write and not any(codes):
        codes.append(run_openly([environment.PYTHON, "-m", "benchmarks.rig.readme"]))
    return int(any(codes))


def _databases(file: Path) -> tuple[str, ...]:
    """Read `DATABASES` of a benchmark without running it."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["DATABASES"]:
            return tuple(ast.literal_eval(node.value))
    return ALL


def _on_sqlite(file: Path) -> int:
    say(f"\n## {file.stem} on SQLite\n")
    with tempfile.TemporaryDirectory(prefix="banyan-bench-") as home:
        url = f"sqlite:///{home}/town.sqlite3"
        return _run(file, home=home, urls={"BANYAN_DATABASE_URL": url}, database="sqlite")


def _on_postgres(file: Path, server: Server) -> int:
    say(f"\n## {file.stem} on PostgreSQL\n")
    database = server.create_database(f"banyan_bench_{file.stem}")
    urls = {"BANYAN_DATABASE_URL": server.url(database), "BANYAN_OWNER_DATABASE_URL": server.url(database, role=OWNER)}
    with tempfile.TemporaryDirectory(prefix="banyan-bench-") as home:
        code = _run(file, home=home, urls=urls, database="postgres")
    server.drop_database(database)
    return code


def _run(file: Path, *, home: str, urls: dict[str, str], database: str) -> int:
    kept = {key: text for key, text in os.environ.items() if not key.startswith(("BANYAN_", "PG"))}
    env = kept | urls | {"BANYAN_HOME": home, "BANYAN_SECRET_KEY": "of-the-benchmarks-only-" + "x" * 50}
    env |= {name: os.environ[name] for name in ("BANYAN_BENCH_SCALE", "BANYAN_BENCH_BOSTON") if name in os.environ}
    env["BANYAN_BENCH_RESULTS"] = str(RESULTS / f"{file.stem}-{database}.json")
    return run_openly([environment.PYTHON, "-m", f"benchmarks.{file.stem}"], env=env)


def this_machine() -> str:
    """Describe where the numbers come from."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    words = [f"{os.cpu_count()} cores ({model})", f"{memory:.0f} GiB", _system()]
    words += [f"Python {platform.python_version()}", _postgres_version()]
    return ", ".join(words)


def _system() -> str:
    """Name the operating system and its kernel, without what a host adds to the kernel's name."""
    kernel = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {kernel}"
    except OSError:
        return kernel


def _postgres_version() -> str:
    programs = private_postgres.binaries()
    if programs is None:
        return "no PostgreSQL"
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False)
    return said.stdout.strip().replace("postgres (PostgreSQL)", "PostgreSQL")


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure on this machine and print the tables.")
    parser.add_argument("names", nargs="*", help="benchmarks to run (default: all of benchmarks/)")
    parser.add_argument("--database", choices=ALL, help="on this one only")
    parser.add_argument("--scale", type=float, default=1.0, help="try with less (0.01 to 1): figures are not kept")
    parser.add_argument("--write", action="store_true", help="renew the tables of benchmarks/README.md")
    asked = parser.parse_args(words)
    if not 0.001 <= asked.scale <= 1 or (asked.write and asked.scale < 1):
        parser.error("--scale goes from 0.001 to 1, and what is tried with less than 1 is not written down")
    os.environ["BANYAN_BENCH_SCALE"] = str(asked.scale)
    return asked


if __name__ == "__main__":
    command(main)
