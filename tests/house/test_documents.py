"""The papers of the house are there, dated, and lead somewhere."""

from __future__ import annotations

import re
from typing import Final

from tests.house.checkout import ROOT, files, name, none_of

PAPERS: Final = (
    *("README.md", "README.zh-Hans.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", "publiccode.yml"),
    *("docs/tutorials", "docs/how-to", "docs/reference", "docs/explanation", "docs/decisions", "benchmarks/README.md"),
)
DATE: Final = re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b")
LINK: Final = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
CODE: Final = re.compile(r"```.*?```|`[^`\n]*`", re.S)


def test_the_papers_of_the_house_are_there() -> None:
    none_of((paper for paper in PAPERS if not (ROOT / paper).exists()), sentence="These papers are missing.")


def test_the_changelog_tells_what_is_new() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.search(r"^## .+\n+(?:.+\n+)*?[-*] \S", text, re.M), "CHANGELOG.md has no version with a line under it."


def test_the_licence_is_apache() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_readme_names_the_two_commands() -> None:
    for paper in ("README.md", "README.zh-Hans.md"):
        text = (ROOT / paper).read_text(encoding="utf-8")
        assert "scripts/demo" in text and "scripts/test" in text, paper


def test_every_decision_has_a_number_and_a_date() -> None:
    decisions = [file for file in files() if file.parent == ROOT / "docs" / "decisions" and file.name != "README.md"]
    sound = {f for f in decisions if re.match(r"\d{4}-", f.name) and DATE.search(f.read_text(encoding="utf-8"))}

    assert decisions, "docs/decisions holds no decision."
    none_of(
        (name(file) for file in set(decisions) - sound),
        sentence="A decision is called NNNN-its-name.md and says its date.",
    )


def test_every_link_in_the_papers_leads_somewhere() -> None:
    offenders = []
    for paper in (file for file in files() if file.suffix == ".md"):
        text = CODE.sub("", paper.read_text(encoding="utf-8"))
        for target in LINK.findall(text):
            path = target.partition("#")[0]
            outside = re.match(r"[a-z][a-z+.-]*:", target)
            if path and not outside and not (paper.parent / path).exists():
                offenders.append(f"{name(paper)}: {target}")
    none_of(offenders, sentence="These links lead nowhere.")
