"""What a service asks beside the usual: the service definition of GeoReport v2, and the values of its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.rules.attributes import LISTS, Datatype
from banyan.kit.templating import bi


def definition(service: queries.ServiceView) -> dict[str, Any]:
    """Return the definition of a service in the reader's language; `order` counts from 1 without a gap."""
    attributes = [_attribute(one, i) for i, one in enumerate(service.attributes, start=1)]
    return {"service_code": service.code, "attributes": attributes}


def _attribute(one: Mapping[str, Any], order: int) -> dict[str, Any]:
    found = {
        "variable": one["variable"],
        "code": one["code"],
        "datatype": one["datatype"],
        "required": one["required"],
        "datatype_description": bi(one, "datatype_description"),
        "order": order,
        "description": bi(one, "description"),
    }
    if one["datatype"] in LISTS:
        found["values"] = [{"key": value["key"], "name": bi(value)} for value in one["values"]]
    return found


def values(kept: Mapping[str, Any], service: queries.ServiceView, *, with_words: bool) -> list[dict[str, Any]]:
    """Return the values of the attributes as everybody may read them, one entry for each that was chosen.

    Parameters
    ----------
    with_words
        Whether values in free words may be read as well, not only numbers, times and choices.
    """
    found = []
    for one in service.attributes:
        if one["code"] not in kept or (one["datatype"] in (Datatype.STRING, Datatype.TEXT) and not with_words):
            continue
        names = {value["key"]: bi(value) for value in one["values"]}
        held = kept[one["code"]]
        found += [
            {"label": bi(one, "description"), "name": names.get(value, value), "value": value, "code": one["code"]}
            for value in (held if isinstance(held, list) else [held])
        ]
    return found
