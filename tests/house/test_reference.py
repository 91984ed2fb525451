"""The pages of reference say what the code says: renewed by `scripts/check --write`, never by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.house import reference
from tests.house.checkout import ROOT, none_of

DOCS = ROOT / "docs"


@pytest.mark.parametrize(
    ("page", "name", "render"),
    [
        ("explanation/the-loop-of-a-request.md", "states", reference.states),
        ("reference/rights.md", "rights", reference.rights),
        ("reference/command-line.md", "commands", reference.commands),
        ("reference/errors.md", "errors", reference.errors),
    ],
)
def test_a_page_of_reference_is_what_the_code_says(
    page: str, name: str, render: Callable[[], str], snapshot: Callable[[str, Path], None]
) -> None:
    path = DOCS / page

    snapshot(reference.with_block(path, name=name, rendered=render()), path)


def test_every_page_of_the_documentation_is_reached_from_its_start() -> None:
    start = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = [page for page in DOCS.rglob("*.md") if page != DOCS / "README.md" and page.parent.name != "decisions"]

    none_of(
        (page.relative_to(DOCS).as_posix() for page in pages if f"({page.relative_to(DOCS).as_posix()})" not in start),
        sentence="docs/README.md leads to every page of the documentation.",
    )


def test_every_decision_stands_in_the_list_of_decisions() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")

    none_of(
        (page.name for page in (DOCS / "decisions").glob("[0-9]*.md") if f"({page.name})" not in listed),
        sentence="docs/decisions/README.md lists every decision.",
    )


def test_every_decision_says_what_would_change_our_mind() -> None:
    wanted = ("## Context", "## Decision", "## Consequences", "## What would change our mind")

    none_of(
        (
            f"{page.name} lacks '{heading}'"
            for page in (DOCS / "decisions").glob("[0-9]*.md")
            for heading in wanted
            if heading not in page.read_text(encoding="utf-8").splitlines()
        ),
        sentence="A decision has its context, the decision, its consequences and what would change our mind.",
    )


def test_the_description_for_catalogues_of_public_code_is_complete() -> None:
    said = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))

    needed = {"publiccodeYmlVersion", "name", "url", "platforms", "developmentStatus", "softwareType", "description"}
    assert needed | {"legal", "maintenance", "localisation"} <= set(said)
    assert said["legal"]["license"] == "Apache-2.0"
    assert set(said["description"]) == set(said["localisation"]["availableLanguages"]) == {"en", "zh-Hans"}
    for words in said["description"].values():
        assert len(words["shortDescription"].strip()) <= 150
        assert 150 <= len(words["longDescription"].strip()) <= 10_000
        assert words["features"]
    assert all(contact["name"] for contact in said["maintenance"]["contacts"])
