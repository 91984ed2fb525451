"""The demonstration by one command: it comes up, names its people, keeps its data, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.journeys.ground import free_port
from tools.steps import ROOT

pytestmark = pytest.mark.journey
PATIENCE_S = 120


@contextmanager
def _demo(home: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("BANYAN_", "PG"))}
    log = home.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "banyan.faces.cli", "demo", "--scale", "0.05", "--port", str(port)],
            cwd=ROOT,
            env=inherited | {"BANYAN_HOME": str(home), "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen[bytes], log: Path, *, word: str = "Ready") -> str:
    """Wait for the last word of the welcome, or a later line, and return everything that was said."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        said = log.read_text(encoding="utf-8")
        if re.search(rf"\] {word}$", said, re.M):
            return said
        assert process.poll() is None, said
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


def _children_after_interrupt(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Press Ctrl-C and return the children that are still there once the command has ended."""
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2, children
    os.kill(process.pid, signal.SIGINT)
    process.wait(timeout=40)
    _, alive = psutil.wait_procs(children, timeout=10)
    return alive


def _page(port: int, path: str = "/t/rongjiang/requests/") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return answer.read().decode()


def test_the_demonstration_comes_up_keeps_its_data_and_leaves_nothing_running(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with _demo(home, port) as (process, log):
        said = _ready(process, log)
        for role in ("resident", "worker", "coordinator", "manager", "operator", "auditor"):
            assert f"{role}@example.org" in said
        assert "rongjiang-demo" in said and f"http://127.0.0.1:{port}/" in said
        assert _requests_on(_page(port))
        _ready(process, log, word="The three months are complete")
        first = _requests_on(_page(port))
        assert first
        assert _children_after_interrupt(process) == []

    with _demo(home, port) as (process, log):
        said = _ready(process, log)
        assert "replayed" not in said, "The second start generated again."
        assert _requests_on(_page(port)) == first
        assert _children_after_interrupt(process) == []


def _requests_on(page: str) -> list[str]:
    return re.findall(r"/requests/([-0-9a-f]{36})/", page)
