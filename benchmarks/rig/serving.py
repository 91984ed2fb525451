"""The web processes that are measured, started by `banyan serve`, and what they and the database have worked."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

PATIENCE_S: Final = 60
MIB: Final = 2**20
N_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class Worked:
    """Processor time in seconds since the processes began: of the web, of the sessions of the database, of its own."""

    web: float
    database: float
    background: float
    """Writers, checkpointer and the like of the database; told beside the rest, counted to no request."""

    def __sub__(self, other: Worked) -> Worked:
        return Worked(self.web - other.web, self.database - other.database, self.background - other.background)


@dataclass(frozen=True, slots=True)
class Memory:
    """Proportional set size in MiB: shared pages are divided among those who share them."""

    workers: float
    parent: float


@dataclass(frozen=True, slots=True)
class Web:
    """A running web server."""

    port: int
    parent: psutil.Process
    postmaster: psutil.Process | None

    def workers(self) -> list[psutil.Process]:
        """Return the processes that answer."""
        found = [child for child in self.parent.children() if "resource_tracker" not in " ".join(child.cmdline())]
        assert len(found) == N_WORKERS, found
        return found

    def memory(self) -> Memory:
        """Return what the processes hold."""
        return Memory(sum(_pss(worker) for worker in self.workers()), _pss(self.parent))

    def worked(self) -> Worked:
        """Return the processor time so far.

        Sessions of the database that have ended are counted through their parent, which waits for them.
        """
        web = sum(_seconds(process) for process in (self.parent, *self.workers()))
        if self.postmaster is None:
            return Worked(web, 0.0, 0.0)
        ended = self.postmaster.cpu_times()
        sessions, background = ended.children_user + ended.children_system, _seconds(self.postmaster)
        for child in self.postmaster.children():
            if _is_session(child):
                sessions += _seconds(child)
            else:
                background += _seconds(child)
        return Worked(web, sessions, background)


def _is_session(process: psutil.Process) -> bool:
    """Say whether a process of PostgreSQL serves a client: its title names role and database."""
    return "banyan_" in " ".join(process.cmdline())


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _pss(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / MIB


@contextmanager
def serving(*, postgres_folder: Path | None) -> Iterator[Web]:
    """Run `banyan serve` with two workers on a free port until the block ends."""
    port = _free_port()
    words = [Path(sys.executable).parent / "banyan", "serve", "--port", str(port), "--workers", str(N_WORKERS)]
    child = subprocess.Popen([str(word) for word in words], env=os.environ | {"BANYAN_REPORTS_PER_HOUR": "0"})
    try:
        _await(port, child)
        yield Web(port, psutil.Process(child.pid), _postmaster(postgres_folder))
    finally:
        child.terminate()
        child.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _await(port: int, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and child.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("The web server does not answer.")


def _postmaster(folder: Path | None) -> psutil.Process | None:
    if folder is None:
        return None
    return psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
