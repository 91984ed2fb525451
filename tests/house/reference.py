"""The tables that pages of the documentation hold, rendered from the code: states, rights, commands, errors.

A page holds such a table between two comments, ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``; what stands around
them is written by hand.  `tests/house/test_reference.py` compares, `scripts/check --write` renews.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from tests.house.checkout import PACKAGE, product_files, tree

WIDTH: Final = 100


def with_block(page: Path, *, name: str, rendered: str) -> str:
    """Return the text of a page with its block of this name replaced by what was rendered."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    assert begin in text and end in text, f"{page.name} has no place for the block {name}: {begin} ... {end}"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{rendered.strip()}\n\n{end}{after}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


# --- the state table -------------------------------------------------------------------------------------------------


def states() -> str:
    """Render the state table of service requests: a diagram, and each step with its words and its people."""
    from banyan.apps.service_requests.rules import STEPS

    arrows = [f"    {here} --> {there}: {step}" for here, steps in STEPS.items() for step, there in steps.items()]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> received: report", *arrows, "```"])
    return "\n\n".join([diagram, _states_table(), _steps_table()])


def _states_table() -> str:
    from banyan.apps.service_requests.rules import ENDED, STAGE, STEPS, STOPPED

    rows = [
        (
            f"`{here}`",
            ", ".join(f"{step} → `{there}`" for step, there in steps.items()),
            STAGE.get(here, "–"),
            "stands, the request has ended" if here in ENDED else "stands" if here in STOPPED else "runs",
        )
        for here, steps in STEPS.items()
    ]
    # A pause is neither an end nor done work: rules/clocks.py lets both clocks rest in it.
    rows = [(*row[:3], "rests") if row[0] == "`paused`" else row for row in rows]
    return _table(("state", "steps that lead out", "stage clock", "whole clock"), rows)


def _steps_table() -> str:
    from banyan.apps.service_requests.rules import NEEDS, TAKES, Step
    from banyan.kit.policy import MAY

    rows = [
        (
            step.value,
            _people(MAY[f"service_requests.{step}"]),
            ", ".join(f"`{word}`" for word in NEEDS.get(step, ())) or "–",
            ", ".join(f"`{word}`" for word in TAKES.get(step, ())) or "–",
        )
        for step in Step
    ]
    return _table(("step", "who may take it", "needs", "may bring"), rows)


def _people(line: Mapping[object, object]) -> str:
    roles = {str(role): str(near) for role, near in line.items()}
    said = ["the reporter"] if "own" in roles.values() else []
    said += [f"{role} ({near})" for role, near in roles.items() if near != "own"]
    return ", ".join(said)


# --- rights ----------------------------------------------------------------------------------------------------------


def rights() -> str:
    """Render the policy: a row for each verb, a column for each role."""
    from banyan.kit.guard import Role
    from banyan.kit.policy import ANYONE_MAY, MAY

    rows = [
        (f"`{verb}`", "yes" if verb in ANYONE_MAY else "", *(str(line.get(role, "")) for role in Role))
        for verb, line in MAY.items()
    ]
    return _table(("verb", "anyone", *(str(role) for role in Role)), rows)


# --- commands --------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Render the help of every command, as the command line prints it."""
    from banyan.faces.cli import main

    return "\n\n".join(_command_text(path, command) for path, command in _walk("banyan", main))


def _walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, f"{path} lists {name} and does not have it"
            yield from _walk(f"{path} {name}", below)


def _command_text(path: str, command: click.Command) -> str:
    context = click.Context(
        command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=["-h", "--help"]
    )
    command._help_option = None  # Click keeps the one of whoever asked first, with other names
    lines = [line.rstrip() for line in command.get_help(context).splitlines()]
    return "\n".join([f"## `{path}`", "", "```text", *lines, "```"])


# --- errors ----------------------------------------------------------------------------------------------------------


def errors() -> str:
    """Render the tree of errors with code, HTTP status, exit code and sentence, and the codes of single problems."""
    from banyan.base.errors import EXIT_CODE, HTTP_STATUS

    rows = [
        (f"`{error.code}`", str(HTTP_STATUS[error.kind]), str(EXIT_CODE[error.kind]), error.sentence)
        for error in sorted(_error_classes(), key=lambda error: error.code)
    ]
    single = ", ".join(f"`{code}`" for code in sorted(_problem_codes()))
    return "\n\n".join([_table(("code", "HTTP", "exit", "sentence"), rows), f"Codes of single problems: {single}."])


def _error_classes() -> set[type]:
    from banyan.base.errors import BanyanError

    for file in product_files():
        if _is_room_of_errors(file):
            importlib.import_module(".".join(("banyan", *file.relative_to(PACKAGE).with_suffix("").parts)))
    found, waiting = set[type](), [BanyanError]
    while waiting:
        error = waiting.pop()
        found.add(error)
        waiting += error.__subclasses__()
    return {error for error in found if error.__module__.startswith("banyan.") and ".tests" not in error.__module__}


def _is_room_of_errors(file: Path) -> bool:
    """Errors live in rooms of that name, in base and kit; a face that has one of its own says its sentence there."""
    home = file.stem == "errors" or file.relative_to(PACKAGE).parts[0] in ("base", "kit")
    return home or ("    sentence = mark(" in file.read_text(encoding="utf-8") and ".tests" not in str(file))


def _problem_codes() -> set[str]:
    calls = (node for file in product_files() for node in ast.walk(tree(file)) if isinstance(node, ast.Call))
    return {
        node.args[1].value
        for node in calls
        if isinstance(node.func, ast.Name)
        and node.func.id == "Problem"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
        and node.args[1].value
    }
