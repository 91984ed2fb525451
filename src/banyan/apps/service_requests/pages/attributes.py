"""What a service asks beside the words: asked in the report, told on the page of a request, edited by the office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.http import QueryDict
from django.utils import timezone

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.rules import Draft
from banyan.apps.service_requests.rules.attributes import MOST_ATTRIBUTES, Datatype, said
from banyan.kit.templating import bi, language

#: A list of more choices than these becomes a field to choose from in place of buttons.
_MOST_BUTTONS: Final = 6
#: Rows for new attributes that the form of the office offers.
_SPARE: Final = 2
_COLUMNS: Final = (
    *("code", "datatype", "order", "description_zh", "description_en"),
    *("datatype_description_zh", "datatype_description_en", "values"),
)
_FLAGS: Final = ("required", "variable")


# --- in a report -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute as a field of the report, with what was typed into it."""

    name: str
    look: str
    """told, line, number, datetime, text, buttons, choice or boxes"""
    label: str
    hint: str
    is_required: bool
    options: Sequence[tuple[str, str]]
    values: Sequence[str]


def fields(service: queries.ServiceView, typed: QueryDict) -> list[Field]:
    """Return the fields that a service adds to the report, in its order."""
    return [_field(one, typed.getlist(f"attribute[{one['code']}]")) for one in service.attributes]


def _field(attribute: Mapping[str, Any], values: Sequence[str]) -> Field:
    looks = {Datatype.STRING: "line", Datatype.SINGLE: "buttons", Datatype.MULTI: "boxes"}
    datatype = Datatype(attribute["datatype"])
    look = looks.get(datatype, str(datatype)) if attribute["variable"] else "told"
    if look == "buttons" and len(attribute["values"]) > _MOST_BUTTONS:
        look = "choice"
    return Field(
        name=f"attribute[{attribute['code']}]",
        look=look,
        label=bi(attribute, "description"),
        hint=bi(attribute, "datatype_description"),
        is_required=attribute["required"],
        options=[(one["key"], bi(one)) for one in attribute["values"]],
        values=values,
    )


def named(problems: Sequence[dict[str, str]], service: queries.ServiceView) -> list[dict[str, str]]:
    """Return problems, each that is about a question with its words: a list of “This is needed” helps nobody."""
    words = {f"attribute[{one['code']}]": bi(one, "description") for one in service.attributes}
    return [
        {
            **one,
            "sentence": f"{words[one['where']]}{'：' if _tongue() == 'zh' else ' '}{one['sentence']}",
        }
        if one["where"] in words
        else one
        for one in problems
    ]


def with_attributes(draft: Draft, service: queries.ServiceView, typed: QueryDict) -> Draft:
    """Return a draft with what was typed into the fields of its service."""
    given = {}
    for one in service.attributes:
        values = typed.getlist(f"attribute[{one['code']}]")
        if any(values):
            given[one["code"]] = [_zoned(v) for v in values] if one["datatype"] == Datatype.DATETIME else values
    return replace(draft, attributes=given)


def _zoned(text: str) -> str:
    """Return a time as a browser sends it, without a zone, with the town's."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at.replace(tzinfo=timezone.get_current_timezone()).isoformat() if at.tzinfo is None else text


def told(values: Mapping[str, Any], service: queries.ServiceView) -> list[tuple[str, str]]:
    """Return (what was asked, what was answered) in the reader's language, in the order of the service."""
    asked = {one["code"]: one for one in service.attributes}
    order = [*(code for code in asked if code in values), *(code for code in values if code not in asked)]
    return [
        (bi(asked.get(code), "description") or code, said(values[code], asked.get(code), language=_tongue()))
        for code in order
    ]


def _tongue() -> str:
    return "zh" if language() == "zh-hans" else "en"


# --- in the office ---------------------------------------------------------------------------------------------------


def typed_of(service: queries.ServiceView | None) -> dict[str, Any]:
    """Return what stands in the fields of the office's form for the attributes of a service."""
    found: dict[str, Any] = {}
    for i, one in enumerate(service.attributes if service else ()):
        found |= {f"a{i}_{name}": one[name] for name in _COLUMNS}
        found |= {f"a{i}_{name}": "on" for name in _FLAGS if one[name]}
        found[f"a{i}_values"] = "\n".join(f"{v['key']} | {v['name_zh']} | {v['name_en']}" for v in one["values"])
    return found


def rows(typed: Mapping[str, Any]) -> range:
    """Return the numbers of the rows that the form shows: those that are filled, and some to spare."""
    filled = [i for i in range(MOST_ATTRIBUTES) if _is_filled(typed, i)]
    return range(min(MOST_ATTRIBUTES, (filled[-1] + 1 if filled else 0) + _SPARE))


def _is_filled(typed: Mapping[str, Any], i: int) -> bool:
    return any(str(typed.get(f"a{i}_{name}", "")).strip() for name in _COLUMNS if name not in ("datatype", "order"))


def read_rows(typed: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """Return the attributes that the form of the office holds, None where the form has no such part."""
    if not typed.get("has_attributes"):
        return None
    return [_read_row(typed, i) for i in range(MOST_ATTRIBUTES) if _is_filled(typed, i)]


def _read_row(typed: Mapping[str, str], i: int) -> dict[str, Any]:
    found: dict[str, Any] = {name: typed.get(f"a{i}_{name}", "").strip() for name in _COLUMNS}
    found |= {name: typed.get(f"a{i}_{name}") == "on" for name in _FLAGS}
    order = found.pop("order")
    if order:
        found["order"] = int(order) if order.isdecimal() and len(order) < 5 else 0
    found["datatype"] = found["datatype"] or str(Datatype.STRING)
    found["values"] = [_choice(line) for line in found["values"].splitlines() if line.strip()]
    return found


def _choice(line: str) -> dict[str, str]:
    """Return one choice of a line ``key | name in Chinese | name in English``."""
    words = [word.strip() for word in line.replace("｜", "|").split("|")]
    key, zh, en = [*words, "", ""][:3]
    return {"key": key, "name_zh": zh, "name_en": en}


def field_of(where: str, typed: Mapping[str, Any]) -> str:
    """Return the field of the form that a problem of ``attributes[0].code`` is about."""
    inside, bracket, rest = where.removeprefix("attributes[").partition("]")
    filled = [i for i in range(MOST_ATTRIBUTES) if _is_filled(typed, i)]
    if not bracket or not inside.isdecimal() or int(inside) >= len(filled):
        return where
    name = rest.removeprefix(".").partition("[")[0].partition(".")[0]
    name = {"description": "description_zh"}.get(name, name)
    return f"a{filled[int(inside)]}_{name}"
