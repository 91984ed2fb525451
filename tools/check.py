"""`scripts/check`: style, types, import contracts, templates, catalogues, house tests; `--write` renews what can be."""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tools import environment
from tools.demo import prepare
from tools.steps import BUILD, ROOT, command, run_openly, say

#: Snapshots renew themselves when this is set.
WRITE: Final = "BANYAN_TEST_WRITE"
#: What pytest answers when no test was chosen.
NO_TESTS_COLLECTED: Final = 5


def main(words: Sequence[str]) -> int:
    """Return 0 when every check is green."""
    asked = _read(words)
    prepare(extras=["test"], with_tests=True)
    checks = _writers() if asked.write else []
    checks += _checks()
    checks += [] if asked.without_house_tests else [("house tests", _house_tests)]
    red = [name for name, check in checks if not _green(name, check)]
    say("All checks are green." if not red else f"Not green: {', '.join(red)}")
    return int(bool(red))


def _green(name: str, check: Callable[[], tuple[int, str]]) -> bool:
    begun = time.monotonic()
    code, output = check()
    took = time.monotonic() - begun
    say(f"{'ok    ' if code == 0 else 'not ok'} {name}" + (f"  ({took:.0f} s)" if took >= 1 else ""))
    if code and output.strip():
        say(output.rstrip())
    return code == 0


def _checks() -> list[tuple[str, Callable[[], tuple[int, str]]]]:
    python = str(environment.PYTHON)
    return [
        ("ruff check", _program(python, "-m", "ruff", "check", "--quiet", ".")),
        ("ruff format", _program(python, "-m", "ruff", "format", "--check", "--quiet", ".")),
        ("mypy", _program(python, "-m", "mypy", "--no-error-summary", "src/banyan", "tools")),
        ("import contracts", _program(str(environment.FOLDER / "bin" / "lint-imports"), "--no-cache")),
        ("templates", _program(python, "-m", "tools.templates")),
        ("translations", _program(python, "-m", "tools.translations", "check")),
    ]


def _writers() -> list[tuple[str, Callable[[], tuple[int, str]]]]:
    python = str(environment.PYTHON)
    return [
        ("order of imports", _program(python, "-m", "ruff", "check", "--quiet", "--select", "I", "--fix", ".")),
        ("format written", _program(python, "-m", "ruff", "format", "--quiet", ".")),
        ("catalogues written", _program(python, "-m", "tools.translations", "update")),
        ("snapshots written", _snapshots_written),
    ]


def _program(*words: str) -> Callable[[], tuple[int, str]]:
    """Return a check that runs a program, with settings of its own and not those of a real town."""

    def check() -> tuple[int, str]:
        kept = {key: text for key, text in os.environ.items() if not key.startswith("BANYAN_")}
        env = kept | {
            "BANYAN_HOME": str(BUILD / "check"),
            "BANYAN_SECRET_KEY": "x" * 50,
            "DJANGO_SETTINGS_MODULE": "banyan.faces.settings",
        }
        done = subprocess.run(
            words, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        return done.returncode, done.stdout

    return check


def _house_tests() -> tuple[int, str]:
    return _pytest("tests/house"), ""


def _snapshots_written() -> tuple[int, str]:
    code = _pytest("-m", "snapshot", "-p", "no:xdist", env={WRITE: "1"})
    return (0 if code == NO_TESTS_COLLECTED else code), ""


def _pytest(*words: str, env: Mapping[str, str] | None = None) -> int:
    program = [str(environment.PYTHON), "-m", "pytest", "-q", "-p", "no:randomly", *words]
    return run_openly(program, env=os.environ | {"BANYAN_TEST_DATABASE": "sqlite"} | dict(env or {}))


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/check",
        description="The fast checks of the house. Part of scripts/test.",
    )
    parser.add_argument("--write", action="store_true", help="format, renew snapshots and catalogues first")
    parser.add_argument("--without-house-tests", action="store_true", help="leave tests/house to the caller")
    return parser.parse_args(words)


if __name__ == "__main__":
    command(main)
