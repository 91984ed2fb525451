"""Files are named after a thing, stay small, and name no machine and no registry."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Final

from tests.house.checkout import PACKAGE, ROOT, Function, files, functions, name, none_of, product_files, python_files

NAMELESS: Final = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "manager",
    "managers",
    "data",
    "info",
    "process",
    "misc",
}
MOST_LINES_OF_A_FILE: Final = 500
MOST_LINES_OF_A_FUNCTION: Final = 60
MOST_POSITIONAL: Final = 2
MOST_BYTES: Final = 1_000_000
STRICT_ROOMS: Final = {"rules", "actions", "queries"}
STRICT_FLOORS: Final = {"base", "kit", "engines"}

#: Written in pieces, or this file would offend against itself.
ADDRESS_OF_A_REGISTRY: Final = re.compile(
    "|".join(
        (
            r"--?(?:extra-)?index" + r"-url",
            r'"resolved"\s*:\s*"http',
            r"registry\s*[=:]\s*[\"']?http",
            r"registry\.npm" + r"js\.org",
            r"//(?:www\.)?pypi\." + r"org/simple",
        )
    )
)
PATH_OF_A_MACHINE: Final = re.compile(
    r"(?<![\w.])/(?:" + "|".join(("root", r"home/[a-z]\w*", r"Users/\w+", "work" + "/main", "work" + "/shared")) + r")/"
)


def test_no_file_is_called_utils() -> None:
    offenders = [name(file) for file in files() if file.suffix == ".py" and file.stem in NAMELESS]

    none_of(offenders, sentence="If it cannot be named it is not a thing yet; these names say nothing.")


def test_no_file_outgrows_its_room() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in python_files()}

    none_of(
        (f"{name(file)} has {n} lines" for file, n in lengths.items() if n >= MOST_LINES_OF_A_FILE),
        sentence=f"A file of {MOST_LINES_OF_A_FILE} lines or more wants to become a folder of the same name.",
    )


def test_no_function_is_longer_than_a_page() -> None:
    offenders = [
        f"{name(file)}:{node.lineno} {node.name} has {_n_lines(node)} lines"
        for file in python_files()
        for node in functions(file)
        if _n_lines(node) > MOST_LINES_OF_A_FUNCTION
    ]
    none_of(offenders, sentence=f"No function is over {MOST_LINES_OF_A_FUNCTION} lines, its docstring not counted.")


def test_a_call_reads_as_a_sentence() -> None:
    offenders = [
        f"{name(file)}:{node.lineno} {node.name}({', '.join(given)})"
        for file in product_files()
        if file.relative_to(PACKAGE).parts[0] in STRICT_FLOORS or file.stem in STRICT_ROOMS
        for node in functions(file)
        if not node.name.startswith("_") and len(given := _positional(node)) > MOST_POSITIONAL
    ]
    none_of(offenders, sentence="At most two arguments by position, the rest by keyword.")


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    offenders = []
    for file in files():
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            here = f"{name(file)}:{number} {line.strip()[:100]}"
            offenders += [here] if ADDRESS_OF_A_REGISTRY.search(line) or PATH_OF_A_MACHINE.search(line) else []
            offenders += [here] if len(ROOT.parts) > 2 and f"{ROOT}/" in line else []
    none_of(offenders, sentence="A checkout works on every machine and with every registry.")


def test_no_file_is_heavier_than_a_megabyte() -> None:
    offenders = [
        f"{name(file)} has {file.stat().st_size} bytes" for file in files() if file.stat().st_size > MOST_BYTES
    ]

    none_of(offenders, sentence="Large things are generated or fetched, not kept under version control.")


def test_the_commands_can_be_run() -> None:
    commands = [ROOT / "scripts" / word for word in ("demo", "test", "check", "bench")] + [ROOT / ".ci" / "run"]

    none_of(
        (name(file) for file in commands if not os.access(file, os.X_OK) or not _first_line(file).startswith("#!")),
        sentence="Each command is there, has its run bit and names its interpreter.",
    )


def _n_lines(node: Function) -> int:
    docstring = node.body[0] if ast.get_docstring(node) is not None else None
    of_docstring = docstring.end_lineno - docstring.lineno + 1 if docstring and docstring.end_lineno else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - of_docstring


def _positional(node: Function) -> list[str]:
    given = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return given[1:] if given[:1] in (["self"], ["cls"]) else given


def _first_line(file: Path) -> str:
    return file.read_text(encoding="utf-8").partition("\n")[0] if file.exists() else ""
