"""`scripts/test`: prepare everything, run the checks, then every test on SQLite and the database's on PostgreSQL."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from tools import environment, machine
from tools.check import NO_TESTS_COLLECTED
from tools.demo import prepare
from tools.steps import ROOT, command, run_openly, say, settle


def main(words: Sequence[str]) -> int:
    """Return 0 when the checks and both runs are green."""
    asked, passed_on = _read(words)
    missing = machine.bring_missing_parts()
    prepare(extras=["test"], with_tests=True)
    codes = []
    if not asked.tests_only:
        say("\n== Checks of the house")
        codes.append(run_openly([environment.PYTHON, "-m", "tools.check", "--without-house-tests"]))
    databases = [asked.database] if asked.database else ["sqlite", "postgres"]
    if "postgresql" in missing and "postgres" in databases:
        databases.remove("postgres")
    closings = []
    for database in databases:
        say(f"\n== Tests on {'PostgreSQL' if database == 'postgres' else 'SQLite'}")
        code, closing = _pytest(database, passed_on)
        codes.append(code)
        closings.append(closing)
    say("")
    if "postgresql" in missing:
        say(f"The tests on PostgreSQL did not run. {machine.PARTS['postgresql']}")
    if codes and not asked.tests_only and codes[0]:
        say("The checks of the house found something, see above.")
    for closing in closings:
        say(closing)
    ran = codes if asked.tests_only else codes[1:]
    found_none = all(code == NO_TESTS_COLLECTED for code in ran)
    return int(found_none or any(code not in (0, NO_TESTS_COLLECTED) for code in codes))


def _pytest(database: str, words: Sequence[str]) -> tuple[int, str]:
    """Run pytest on one database; show everything but its closing line, which is returned with the exit code."""
    env = os.environ | {"BANYAN_TEST_DATABASE": database, "PYTHONUNBUFFERED": "1"}
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    spread = [] if any(word.startswith(("-n", "--pdb", "--numprocesses")) for word in words) else ["-n", "2"]
    child = subprocess.Popen(
        [environment.PYTHON, "-m", "pytest", *spread, *colour, *words],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert child.stdout is not None
    held = ""
    try:
        for line in child.stdout:
            if line.strip():
                if held:
                    say(held)
                held = line.rstrip()
        return child.wait(), held
    except KeyboardInterrupt as stop:
        settle(child, stop)
        raise


def _read(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        description="Install what the tests need, run scripts/check, every test on SQLite, and again on a private "
        "PostgreSQL those that meet a database. All other words go to pytest, with paths from the top of the checkout.",
    )
    parser.add_argument("--database", choices=("sqlite", "postgres"), help="run on this one only")
    parser.add_argument("--tests-only", action="store_true", help="leave out the checks of the house")
    return parser.parse_known_args(words)


if __name__ == "__main__":
    command(main)
