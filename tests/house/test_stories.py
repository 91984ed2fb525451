"""Every app is told and furnished in the same way, so that who knows one knows all."""

from __future__ import annotations

import re
from typing import Final

from tests.house.checkout import APPS, apps, name, none_of

HEADINGS: Final = {"Purpose", "Words", "States", "Events", "Who may"}
ALWAYS: Final = {"README.md", "models", "queries", "actions", "tests"}
WHEN_NEEDED: Final = {
    *("__init__", "apps", "errors", "events", "rules", "schemas", "forms", "api", "pages", "urls", "cli", "tasks"),
    *("jinja2", "locale", "migrations", "catalogue", "profiles", "static", "__pycache__"),
}


def test_every_app_tells_its_story() -> None:
    offenders = []
    for app in apps():
        readme = app / "README.md"
        text = readme.read_text(encoding="utf-8") if readme.exists() else ""
        missing = HEADINGS - set(re.findall(r"^#+ +(.+?) *$", text, re.M))
        offenders += [f"{name(readme)} lacks the heading '{heading}'" for heading in missing]
    none_of(offenders, sentence="The README of each app says its purpose, words, states, events and who may do what.")


def test_every_app_has_the_rooms_that_are_always_there() -> None:
    offenders = []
    for app in apps():
        present = {_room(entry.name) for entry in app.iterdir()}
        offenders += [f"{name(app)} lacks {room}" for room in ALWAYS - present]
    none_of(offenders, sentence="Each app has its README, models, queries, actions and tests.")


def test_rooms_bear_the_names_of_the_house() -> None:
    offenders = [
        name(entry)
        for app in apps()
        for entry in app.iterdir()
        if _room(entry.name) not in ALWAYS | WHEN_NEEDED and entry.suffix in ("", ".py")
    ]
    none_of(
        offenders, sentence="A room of an app bears one of the names in docs of the house, so that it is found at once."
    )


def test_apps_stand_in_one_folder() -> None:
    strays = [name(entry) for entry in APPS.iterdir() if entry.suffix == ".py" and entry.name != "__init__.py"]

    none_of(strays, sentence="In apps/ there are only folders of apps.")


def _room(entry: str) -> str:
    return entry.removesuffix(".py")
