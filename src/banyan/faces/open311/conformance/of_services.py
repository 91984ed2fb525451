"""Checks of the list of services and of their definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from banyan.faces.open311.conformance.findings import Level, NotApplicable, check
from banyan.faces.open311.conformance.reading import is_true
from banyan.faces.open311.conformance.visiting import Visit

_LIST: Final = "GET Service List"
_DEFINITION: Final = "GET Service Definition"
_TYPES: Final = ("realtime", "batch", "blackbox")
_DATATYPES: Final = ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist")


@check("services.fields", _LIST, "Each service has service_code, service_name, metadata (true or false) and type.")
def _fields(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        found = visit.services(form)
        if not found:
            raise NotApplicable("the list is empty")
        for i, one in enumerate(found):
            name = f"{form}: service {i + 1} ({one.get('service_code')})"
            yield from (f"{name} has no {field}" for field in ("service_code", "service_name") if not one.get(field))
            if is_true(one.get("metadata")) is None:
                yield f"{name}: metadata is {one.get('metadata')!r}, true or false is needed"
            if one.get("type") not in _TYPES:
                yield f"{name}: type is {one.get('type')!r}, one of {', '.join(_TYPES)} is needed"


@check("services.codes", _LIST, "Each service_code is there once.")
def _codes(visit: Visit) -> Iterable[str]:
    codes = [str(one.get("service_code")) for one in visit.services()]
    yield from (f"{code} stands {codes.count(code)} times" for code in sorted(set(codes)) if codes.count(code) > 1)


@check("services.strings", "Schema of GeoReport v2 in JSON", "In JSON service_code is a string.")
def _strings(visit: Visit) -> Iterable[str]:
    if "json" not in visit.forms:
        raise NotApplicable("the endpoint offers no JSON")
    for one in visit.services("json"):
        if not isinstance(one.get("service_code"), str):
            yield f"service_code {one.get('service_code')!r} is a bare {type(one.get('service_code')).__name__}"


@check("services.whole", _LIST, "Each service has description, keywords and group, if empty.", level=Level.SHOULD)
def _whole(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        for name in ("description", "keywords", "group"):
            n = sum(name not in one for one in visit.services(form))
            if n:
                yield f"{form}: {name} is missing in {n} services"


@check("services.agree", _LIST, "Both formats list the same services.")
def _agree(visit: Visit) -> Iterable[str]:
    if len(visit.forms) < 2:
        raise NotApplicable("the endpoint offers one format")
    as_xml, as_json = ([str(one.get("service_code")) for one in visit.services(form)] for form in visit.forms)
    if sorted(as_xml) != sorted(as_json):
        yield f"only in one of the two: {', '.join(sorted(set(as_xml) ^ set(as_json))) or 'some more than once'}"


# --- definitions -----------------------------------------------------------------------------------------------------


def attributes_of(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the attributes of a definition; `NotApplicable` where they are no list."""
    found = definition.get("attributes")
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise NotApplicable("the definition has no list of attributes")
    return [dict(one) for one in found]


@check("definition.shape", _DEFINITION, "A service with metadata=true has a definition with its code and attributes.")
def _shape(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        service, found = visit.definition(form)
        if str(found.get("service_code")) != str(service["service_code"]):
            yield f"{form}: service_code is {found.get('service_code')!r}, {service['service_code']!r} was asked for"
        if not isinstance(found.get("attributes"), list) or not found["attributes"]:
            yield f"{form}: attributes are {found.get('attributes')!r}, a list of one or more is needed"


@check(
    "definition.fields", _DEFINITION, "Each attribute has variable, code, datatype, required, order and description."
)
def _attribute_fields(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        for one in attributes_of(visit.definition(form)[1]):
            name = f"{form}: attribute {one.get('code')}"
            if not one.get("code") or not one.get("description"):
                yield f"{name} has no code or no description"
            if one.get("datatype") not in _DATATYPES:
                yield f"{name}: datatype is {one.get('datatype')!r}, one of {', '.join(_DATATYPES)} is needed"
            for flag in ("variable", "required"):
                if is_true(one.get(flag)) is None:
                    yield f"{name}: {flag} is {one.get(flag)!r}, true or false is needed"


@check("definition.order", _DEFINITION, "order is a positive whole number, there once, and 1 comes first.")
def _order(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        given = [one.get("order") for one in attributes_of(visit.definition(form)[1])]
        orders = [int(str(one)) if str(one).isascii() and str(one).isdecimal() else 0 for one in given]
        if any(one < 1 for one in orders):
            yield f"{form}: order is {given}, positive whole numbers are needed"
        elif len(set(orders)) < len(orders):
            yield f"{form}: order is {given}, one number stands twice"
        elif orders and min(orders) != 1:
            yield f"{form}: order is {given}, it does not begin with 1"


@check("definition.values", _DEFINITION, "A list has values, each with a key of its own and a name.")
def _values(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        lists = [one for one in attributes_of(visit.definition(form)[1]) if "valuelist" in str(one.get("datatype"))]
        if not lists:
            raise NotApplicable("no attribute of the definition is a list")
        for one in lists:
            values = one.get("values")
            if not isinstance(values, list) or not values:
                yield f"{form}: attribute {one.get('code')} has no values"
                continue
            if not all(isinstance(value, Mapping) and value.get("key") and value.get("name") for value in values):
                yield f"{form}: a value of attribute {one.get('code')} has no key or no name"
                continue
            keys = [str(value["key"]) for value in values]
            if len(set(keys)) < len(keys):
                yield f"{form}: a key of attribute {one.get('code')} stands twice"
