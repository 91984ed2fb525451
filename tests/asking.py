"""Services that ask questions of their own, in a small town."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from banyan.apps.service_requests import actions, queries
from tests.towns import FOUNDER, NOW, SmallTown


def attribute(code: str, datatype: str = "string", **words: Any) -> dict[str, Any]:
    """Return an attribute as a catalogue holds it."""
    choices = words.pop("choices", ())
    return {
        "code": code,
        "datatype": datatype,
        "description_zh": f"问：{code}",
        "description_en": f"Which {code}?",
        "values": [{"key": key, "name_zh": f"选{key}", "name_en": key.title()} for key in choices],
        **words,
    }


#: One attribute of each type; the number and the choice have to be answered.
QUESTIONS: Final = (
    attribute("told", variable=False),
    attribute("pole"),
    attribute("height", "number", required=True),
    attribute("since", "datetime"),
    attribute("story", "text"),
    attribute("colour", "singlevaluelist", required=True, choices=("red", "green")),
    attribute("wastes", "multivaluelist", choices=("glass", "paper", "wood")),
)
ANSWERS: Final = {"height": "3.5", "colour": "red", "wastes": ["glass", "wood"], "pole": "RY-17"}


def let_it_ask(town: SmallTown, *attributes: dict[str, Any], code: str = "lamp") -> None:
    """Publish a new version of a service that asks the given questions, one of each type where none are given."""
    with town.scope():
        town.town.refresh_from_db()
        held = queries.catalogue(town.town).offered[code]
        words = {one.name: getattr(held, one.name) for one in fields(actions.NewService)}
        words["attributes"] = list(attributes or QUESTIONS)
        actions.publish_catalogue(actor=FOUNDER, town=town.town, services=[actions.NewService(**words)], at=NOW)
        town.town.refresh_from_db()
