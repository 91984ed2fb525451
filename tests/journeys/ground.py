"""What the journeys walk on: a home with the demonstration town, a web server and a worker, stopped by pid."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tools.steps import ROOT

#: Share of the demonstration town's life that is generated: 40 grids and some fifty requests.
SCALE = 0.02
SLUG = "rongjiang"
_PATIENCE_S = 60
_GENERATE = """
import django
django.setup()
from django.utils import timezone
from banyan.demo.generating import generate
generate(scale={scale}, now=timezone.now(), say=lambda _: None)
"""


@dataclass
class House:
    """A running Banyan: its home, its address, its processes."""

    home: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kept: dict[Any, Any] = field(default_factory=dict)
    """Sessions of people who have signed in, by who they are and in which language."""

    @property
    def base(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of every process of this house: none of the settings of the other tests."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("BANYAN_", "PG"))}
        return inherited | {
            "BANYAN_HOME": str(self.home),
            "BANYAN_DEMO": "1",
            "BANYAN_SECRET_KEY": "of-the-journeys-only-" + "x" * 40,
            "DJANGO_SETTINGS_MODULE": "banyan.faces.settings",
            "PYTHONPATH": str(ROOT / "src"),
        }

    def banyan(self, *words: str) -> str:
        """Run a command to its end and return what it said; it has to succeed."""
        return self._run("-m", "banyan.faces.cli", *words)

    def found(self) -> None:
        """Prepare the database and let the demonstration town live in it."""
        self.banyan("migrate")
        self._run("-c", _GENERATE.format(scale=SCALE))

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self) -> None:
        """Start web server and worker, and wait until the first page can be had."""
        commands = {"serve": ["serve", "--port", str(self.port), "--workers", "1"], "worker": ["worker"]}
        for name, words in commands.items():
            with (self.home / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "banyan.faces.cli", *words],
                    cwd=ROOT,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        wait_until_it_answers(self.port, *self.processes.values())

    def stop(self) -> None:
        """Stop both processes by their ids."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=5)

    def said(self, name: str = "serve") -> str:
        """Return what a process has written, for a test that fails."""
        return (self.home / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    @cached_property
    def plan(self) -> Any:
        """The plan of the demonstration town: the same seed gives the same town everywhere."""
        from banyan.demo import geometry
        from banyan.demo.generating import SEED

        return geometry.plan_town(seed=SEED, scale=SCALE)

    @cached_property
    def people(self) -> Any:
        """Who works and lives in the demonstration town."""
        from banyan.demo import parties

        return parties.organise(self.plan)

    def member(self, key: str) -> Any:
        """Return somebody of the staff by key, such as ``lighting_contractor-worker-1`` or ``demo-coordinator``."""
        return next(one for one in self.people.staff if one.key == key)

    def point_in(self, grid: str) -> tuple[float, float]:
        """Return longitude and latitude of a point well inside a grid."""
        from shapely import Polygon

        ring = next(one.ring for one in self.plan.grids if one.code == grid)
        point = Polygon(ring).representative_point()
        return point.x, point.y


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def fresh_phone() -> str:
    """Return a number that nobody of the town has."""
    return f"137{secrets.randbelow(10**8):08}"


def wait_until_it_answers(port: int, *processes: subprocess.Popen[Any]) -> None:
    """Wait until the server says that it is well; a process that ended is told at once."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        assert all(process.poll() is None for process in processes), "A process ended at once."
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("The web server does not answer.")


@contextmanager
def running_house(home: Path, *, pattern: Path) -> Iterator[House]:
    """Copy a house that was founded once for all workers of this run, run it, and stop it."""
    with pattern.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (pattern / "founded").exists():
            pattern.mkdir(exist_ok=True)
            House(pattern, free_port()).found()
            (pattern / "founded").touch()
    shutil.copytree(pattern, home, dirs_exist_ok=True)
    house = House(home, free_port())
    house.start()
    try:
        yield house
    finally:
        house.stop()
