"""What is public is explained, in the words of the field and in both languages."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.house.checkout import (
    PACKAGE,
    ROOT,
    files,
    functions,
    name,
    none_of,
    product_files,
    public_definitions,
    python_files,
    tree,
)
from tests.house.test_files import STRICT_FLOORS, STRICT_ROOMS

SETTINGS_PAGE: Final = ROOT / "docs" / "reference" / "settings.md"
SETTING: Final = re.compile(r"\bBANYAN_[A-Z][A-Z0-9_]*[A-Z0-9]\b")
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
FEWEST_WORDS: Final = 2  # a subject and a verb
#: Django says what these do; ours do the same with more care.
SAID_BY_DJANGO: Final = {
    "save",
    "delete",
    "get_queryset",
    "bulk_create",
    "bulk_update",
    "clean",
    "ready",
    "deconstruct",
}


def test_everything_public_is_explained() -> None:
    offenders = [
        f"{name(file)}:{node.lineno} {called}"
        for file in product_files()
        if file.relative_to(PACKAGE).parts[0] in STRICT_FLOORS or STRICT_ROOMS & {file.stem, *file.parts}
        for called, node in public_definitions(file)
        if not ast.get_docstring(node) and not _explained_elsewhere(node) and not _is_bare_property(node)
    ]
    none_of(
        offenders,
        sentence="Public functions and classes of base, kit, engines, rules, actions and queries have a docstring.",
    )


def test_every_module_says_what_it_is_for() -> None:
    offenders = [
        name(file)
        for file in product_files()
        if file.relative_to(PACKAGE).parts[0] in STRICT_FLOORS and tree(file).body and not ast.get_docstring(tree(file))
    ]
    none_of(offenders, sentence="A module of base, kit and engines begins with a docstring.")


def test_names_of_tests_are_sentences() -> None:
    offenders = [
        f"{name(file)}:{node.lineno} {node.name}"
        for file in python_files()
        if file.name.startswith("test_")
        for node in functions(file)
        if node.name.startswith("test_") and node.name.count("_") < FEWEST_WORDS
    ]
    none_of(offenders, sentence="The name of a test is a sentence, true or false.")


def test_every_setting_is_explained_on_the_page_of_settings() -> None:
    explained = set(SETTING.findall(SETTINGS_PAGE.read_text(encoding="utf-8"))) if SETTINGS_PAGE.exists() else set()
    read = _settings_read()

    none_of(
        [
            f"{setting} is read in {where} and not explained"
            for setting, where in read.items()
            if setting not in explained
        ]
        + [f"{setting} is explained and read nowhere" for setting in explained - set(read)],
        sentence=f"{name(SETTINGS_PAGE)} explains every setting there is, and no other.",
    )


def test_the_glossary_speaks_both_languages() -> None:
    pages = [file for file in files() if file.name == "glossary.md" and "docs" in file.parts]
    rows = [row for page in pages for row in _rows(page.read_text(encoding="utf-8"))]

    assert rows, "docs/ has no glossary.md with a table of words."
    none_of(
        (" | ".join(row) for row in rows if not _both(row)),
        sentence="Each row of the glossary has a word in English and one in Chinese.",
    )


def _explained_elsewhere(node: ast.AST) -> bool:
    """Overloads and overrides are explained where they are first declared."""
    if getattr(node, "name", "") in SAID_BY_DJANGO:
        return True
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in getattr(node, "decorator_list", [])}
    return bool(names & {"overload", "override", "setter"})


def _is_bare_property(node: ast.AST) -> bool:
    """A property of a Protocol has a body of three dots: what it means is said once, by the class."""
    body = getattr(node, "body", [])
    return len(body) == 1 and isinstance(body[0], ast.Expr) and getattr(body[0].value, "value", None) is Ellipsis


def _settings_read() -> dict[str, str]:
    readers = [file for file in files() if _reads_settings(name(file))]
    found: dict[str, str] = {}
    for file in readers:
        for setting in SETTING.findall(file.read_text(encoding="utf-8")):
            found.setdefault(setting, name(file))
    return found


def _reads_settings(path: str) -> bool:
    in_product = path.startswith("src/") and path.endswith(".py") and "/tests/" not in path
    return in_product or path.startswith(("tools/", "scripts/", ".ci/")) or path == "conftest.py"


def _rows(text: str) -> list[list[str]]:
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    is_rule = [all(set(cell) <= set("-: ") for cell in row) for row in cells]
    heads = {index - 1 for index, rule in enumerate(is_rule) if rule}
    return [row for index, row in enumerate(cells) if not is_rule[index] and index not in heads]


def _both(row: list[str]) -> bool:
    return any(CHINESE.search(cell) for cell in row) and any(re.search(r"[A-Za-z]{2}", cell) for cell in row)
