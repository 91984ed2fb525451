"""`scripts/demo`: from an empty checkout to the demonstration town.  Standard library only."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from tools import assets, environment
from tools.steps import command, run_quietly


def main(words: Sequence[str]) -> int:
    """Prepare what is missing, then hand over to `banyan demo`."""
    asked = _read(words)
    prepare()
    options = ["--port", str(asked.port)]
    options += ["--reset"] if asked.reset else []
    options += ["--postgres", asked.postgres] if asked.postgres else []
    options += ["--scale", str(asked.scale)] if asked.scale is not None else []
    banyan = environment.FOLDER / "bin" / "banyan"
    os.execv(banyan, [str(banyan), "demo", *options])


def prepare(*, extras: Sequence[str] = (), with_tests: bool = False) -> None:
    """Make the environment, bring the assets, compile the catalogues; each only where something changed."""
    environment.ensure(extras=extras)
    assets.ensure(with_tests=with_tests)
    run_quietly([environment.PYTHON, "-m", "tools.translations", "compile"], failing="The catalogues do not compile.")


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Prepare Banyan in this folder (.venv, front-end assets) and run the demonstration town. "
        "The first start brings packages from the network; a later start keeps the town and takes a few seconds. "
        "Ctrl-C stops it.",
    )
    parser.add_argument("--port", type=int, default=8000, help="where the pages appear, 1 to 65535 (default 8000)")
    parser.add_argument("--reset", action="store_true", help="forget the town and generate it again")
    parser.add_argument("--postgres", metavar="URL", help="use this PostgreSQL database in the place of SQLite")
    parser.add_argument("--scale", type=float, help="size of the town's life, dwellings and requests (default 1)")
    asked = parser.parse_args(words)
    if not 1 <= asked.port <= 65535:
        parser.error(f"--port {asked.port}: choose from 1 to 65535")
    return asked


if __name__ == "__main__":
    command(main)
