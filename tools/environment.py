"""The virtual environment of the checkout: made once, renewed when a pin changes.  Standard library only."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.steps import ROOT, StepFailed, run_quietly, step, turn

FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "banyan-stamp.json"
CONSTRAINTS = ROOT / "constraints.txt"
NETWORK = "Packages could not be brought. Is the network there, or a package index configured for pip and uv?"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the environment was made from."""

    digest: str = ""
    extras: tuple[str, ...] = ()


def ensure(*, extras: Iterable[str] = ()) -> None:
    """Make the environment hold the pinned packages of the product and of the named extras; nothing to do is quick."""
    with turn("environment"):
        stamp = _read_stamp()
        wanted = sorted({*extras, *stamp.extras})
        digest = _digest()
        if stamp == Stamp(digest, tuple(wanted)) and _works():
            return
        if not _works():
            _make()
        _install(wanted)
        STAMP.write_text(json.dumps({"digest": digest, "extras": wanted}) + "\n")


def _make() -> None:
    with step(f"Making the virtual environment .venv with Python {sys.version.split()[0]}"):
        # Symlinks: a copied interpreter would lose its library on some systems.
        builder = venv.EnvBuilder(clear=FOLDER.exists(), with_pip=True, symlinks=True)
        try:
            builder.create(FOLDER)
        except (OSError, subprocess.CalledProcessError) as failed:
            version = ".".join(map(str, sys.version_info[:2]))
            raise StepFailed(
                f"The virtual environment could not be made: {failed}\n"
                f"On Debian and Ubuntu the package python{version}-venv brings what is missing."
            ) from failed


def _install(extras: list[str]) -> None:
    uv = FOLDER / "bin" / "uv"
    pinned = _pin("uv")
    if not uv.exists() or _version(uv) != pinned:
        with step("Bringing uv into it"):
            run_quietly(
                [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"uv=={pinned}"],
                failing=NETWORK,
            )
    name = f".[{','.join(extras)}]" if extras else "."
    with step("Installing the pinned packages" + (f" with those for: {', '.join(extras)}" if extras else "")):
        run_quietly(
            [
                *(uv, "pip", "install", "--quiet", "--python", PYTHON),
                *("--constraint", CONSTRAINTS, "--build-constraint", CONSTRAINTS, "--editable", name),
            ],
            failing=NETWORK,
            env=quiet_uv(),
        )


def quiet_uv() -> dict[str, str]:
    """Return the environment in which uv works on exactly what it is told, whatever the caller has activated."""
    return {key: text for key, text in os.environ.items() if key not in ("VIRTUAL_ENV", "CONDA_PREFIX")}


def pins() -> dict[str, str]:
    """Return the pinned version of every package by its normalised name."""
    lines = (line.split("#")[0].strip() for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines())
    return {name.strip(): version.strip() for name, _, version in (line.partition("==") for line in lines if line)}


def _pin(name: str) -> str:
    try:
        return pins()[name]
    except KeyError:
        raise StepFailed(f"constraints.txt does not pin {name}.") from None


def _digest() -> str:
    parts = [(ROOT / "pyproject.toml").read_bytes(), CONSTRAINTS.read_bytes(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _read_stamp() -> Stamp:
    try:
        held = json.loads(STAMP.read_text())
        return Stamp(held["digest"], tuple(held["extras"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Stamp()


def _works() -> bool:
    """Say whether the environment belongs to this checkout and its Python still runs and is new enough."""
    try:
        home = subprocess.run(
            [PYTHON, "-c", "import sys; assert sys.version_info >= (3, 11); print(sys.prefix)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return False
    return Path(home).resolve() == FOLDER.resolve() and (FOLDER / "bin" / "pip").exists()


def _version(uv: Path) -> str:
    words = run_quietly([uv, "--version"], failing="uv does not run.").split()
    return words[1] if len(words) > 1 else ""
