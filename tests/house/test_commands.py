"""The few commands to learn explain themselves, and say plainly what they lack."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

OLD_PYTHON = """#!/bin/sh
case "$*" in
  --version) echo "Python 3.8.10" ;;
  *) exit 1 ;;
esac
"""
PYTHON_WITHOUT_VENV = """#!/bin/sh
case "$*" in
  *ensurepip*) exit 1 ;;
  *print*) echo 3.11 ;;
esac
"""


def run(command: str, *words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {key: text for key, text in os.environ.items() if not key.startswith("BANYAN_")}
    env |= {"PATH": str(path)} if path else {}
    return subprocess.run([ROOT / "scripts" / command, *words], env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def path_with(tmp_path: Path) -> Path:
    """Return a folder for PATH that has what a shell needs and no Python."""
    for name in ("dirname", "sh"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    return tmp_path


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("demo", ("--port", "--reset", "--postgres")),
        ("test", ("--database", "--tests-only")),
        ("check", ("--write",)),
        ("bench", ("--database",)),
    ],
)
def test_every_command_explains_its_options(command: str, options: tuple[str, ...]) -> None:
    done = run(command, "--help")

    assert done.returncode == 0, done.stderr
    assert [option for option in options if option not in done.stdout] == []


def test_the_demonstration_knows_what_its_command_asks_of_it() -> None:
    from banyan.faces.cli.house import demo

    known = {option for parameter in demo.params for option in parameter.opts}

    assert {"--port", "--reset", "--postgres"} <= known


def test_an_impossible_port_is_refused_before_anything_is_made() -> None:
    done = run("demo", "--port", "70000")

    assert done.returncode == 2
    assert "choose from 1 to 65535" in done.stderr


def test_a_machine_without_python_is_told_what_is_needed(path_with: Path) -> None:
    done = run("demo", path=path_with)

    assert done.returncode == 69
    assert "needs Python 3.11 or newer; this machine offers no Python 3" in done.stderr


def test_an_old_python_is_named_with_its_version(path_with: Path) -> None:
    put(path_with, "python3", OLD_PYTHON)

    done = run("test", path=path_with)

    assert done.returncode == 69
    assert "this machine offers Python 3.8.10" in done.stderr


def test_a_python_without_venv_is_told_the_missing_package(path_with: Path) -> None:
    put(path_with, "python3", PYTHON_WITHOUT_VENV)

    done = run("check", path=path_with)

    assert done.returncode == 69
    assert "python3.11-venv" in done.stderr
