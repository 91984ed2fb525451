"""What the tests of the house read: the files of this checkout and the parts of its Python sources."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "banyan"
APPS = PACKAGE / "apps"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is, or is about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return tuple(sorted(ROOT / name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


def python_files() -> list[Path]:
    """Return our Python sources, without the migrations that Django writes."""
    return [file for file in files() if file.suffix == ".py" and "migrations" not in file.parts]


def product_files() -> list[Path]:
    """Return the Python sources of the product, without tests."""
    return [file for file in python_files() if file.is_relative_to(PACKAGE) and "tests" not in file.parts]


def apps() -> list[Path]:
    """Return the folder of every app."""
    return sorted(folder for folder in APPS.iterdir() if (folder / "__init__.py").exists())


def name(path: Path) -> str:
    """Return a path as the reader knows it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(file: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def functions(file: Path) -> Iterator[Function]:
    """Return every function and method of a file."""
    return (node for node in ast.walk(tree(file)) if isinstance(node, Function))


def public_definitions(file: Path) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Return the public functions and classes of a file and the public methods of these classes, with their names."""
    for node in tree(file).body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from ((f"{node.name}.{m.name}", m) for m in _public_methods(node))


def _public_methods(node: ast.ClassDef) -> Iterator[Function]:
    return (m for m in node.body if isinstance(m, Function) and not m.name.startswith("_"))


def none_of(offenders: Iterable[str], *, sentence: str) -> None:
    """Fail with the sentence and every offender, one a line."""
    __tracebackhide__ = True
    if listed := sorted(offenders):
        pytest.fail(f"{sentence}\n  " + "\n  ".join(listed), pytrace=False)
