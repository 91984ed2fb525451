"""Checks of service discovery and of what holds for every answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from banyan.faces.open311.conformance.findings import Level, NotApplicable, check
from banyan.faces.open311.conformance.reading import (
    NAMESPACE,
    TYPES,
    Unreadable,
    instant_of,
    local_name,
    read,
    tree_of,
)
from banyan.faces.open311.conformance.visiting import FORMS, NOBODY, SPECIFICATION, Visit
from banyan.faces.open311.conformance.wire import Answer

_DISCOVERY: Final = "Service Discovery"
_FORMATS: Final = "GeoReport v2, Format Support"
_ENDPOINT: Final = ("specification", "url", "changeset", "type", "formats")


def wrong_type(answer: Answer, form: str) -> Iterator[str]:
    """Yield what is wrong with the Content-Type of an answer: the type of the format, UTF-8 if a charset is named."""
    kind, _, rest = answer.content_type.partition(";")
    if kind.strip().lower() != TYPES[form]:
        yield f"{answer}: Content-Type is “{answer.content_type}”, {TYPES[form]} is needed"
    elif "charset" not in rest.lower():
        yield f"{answer}: Content-Type “{answer.content_type}” names no charset, utf-8 is needed"
    elif rest.lower().partition("charset=")[2].strip(" \"'") not in ("utf-8", "utf8"):
        yield f"{answer}: Content-Type “{answer.content_type}” names another charset than utf-8"


@check("discovery.both-formats", _DISCOVERY, "Discovery answers in XML and in JSON.")
def _both_formats(visit: Visit) -> Iterable[str]:
    if not visit.discovery_at:
        yield "no discovery was found beside or inside the endpoint (--discovery says where it is)"
        return
    for form in FORMS:
        answer, found = visit.discovery(form)
        if answer.status != 200 or not isinstance(found, Mapping):
            yield f"{answer}: no discovery in {form}"
        yield from wrong_type(answer, form) if answer.status == 200 else ()


@check("discovery.fields", _DISCOVERY, "Discovery names changeset, contact, key_service and endpoints.")
def _fields(visit: Visit) -> Iterable[str]:
    for form, found in _discoveries(visit):
        for name in ("changeset", "contact", "key_service", "endpoints"):
            if not found.get(name):
                yield f"{form}: {name} is missing or empty"


@check("discovery.endpoints", _DISCOVERY, "Each endpoint has specification, url, changeset, type and formats.")
def _endpoints(visit: Visit) -> Iterable[str]:
    for form, one in _all_endpoints(visit):
        for name in _ENDPOINT:
            if not one.get(name):
                yield f"{form}: {name} of the endpoint {one.get('url')} is missing or empty"
        if one.get("type") and one["type"] not in ("production", "test"):
            yield f"{form}: type is “{one['type']}”, production or test is needed"


@check(
    "discovery.formats", _DISCOVERY, "An endpoint of GeoReport v2 offers text/xml; formats are a list of media types."
)
def _formats(visit: Visit) -> Iterable[str]:
    for form, one in _all_endpoints(visit):
        formats = one.get("formats")
        if not isinstance(formats, list) or not all(isinstance(each, str) and "/" in each for each in formats):
            yield f"{form}: formats are {formats!r}, a list of media types is needed"
        elif one.get("specification") == SPECIFICATION and TYPES["xml"] not in formats:
            yield f"{form}: the endpoint {one.get('url')} does not offer text/xml"


@check("discovery.changeset", _DISCOVERY, "Every changeset is a date and time with its zone that lies in the past.")
def _changeset(visit: Visit) -> Iterable[str]:
    given = [(form, found.get("changeset")) for form, found in _discoveries(visit)]
    given += [(form, one.get("changeset")) for form, one in _all_endpoints(visit)]
    for form, text in given:
        at = instant_of(text)
        if at is None:
            yield f"{form}: changeset “{text}” is no W3C date and time with a zone"
        elif at > visit.at:
            yield f"{form}: changeset {text} lies in the future"


@check("discovery.agree", _DISCOVERY, "Both formats say the same.", level=Level.SHOULD)
def _agree(visit: Visit) -> Iterable[str]:
    found = dict(_discoveries(visit))
    if len(found) < 2:
        raise NotApplicable("discovery can be read in one format only")
    for name in ("contact", "changeset", "key_service"):
        if _plain(found["xml"].get(name)) != _plain(found["json"].get(name)):
            yield f"{name}: “{found['xml'].get(name)}” in XML, “{found['json'].get(name)}” in JSON"


@check("discovery.names-v2", _DISCOVERY, "Discovery names an endpoint of GeoReport v2.", level=Level.SHOULD)
def _names_v2(visit: Visit) -> Iterable[str]:
    for form, found in _discoveries(visit):
        endpoints = found.get("endpoints") or []
        if not any(isinstance(one, Mapping) and one.get("specification") == SPECIFICATION for one in endpoints):
            yield f"{form}: no endpoint has the specification {SPECIFICATION}"


def _plain(value: Any) -> str:
    return " ".join(str(value or "").split())


def _discoveries(visit: Visit) -> list[tuple[str, Mapping[str, Any]]]:
    found = [(form, visit.discovery(form)[1]) for form in FORMS]
    held = [(form, one) for form, one in found if isinstance(one, Mapping)]
    if not held:
        raise NotApplicable("discovery cannot be read")
    return held


def _all_endpoints(visit: Visit) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        (form, one)
        for form, found in _discoveries(visit)
        for one in found.get("endpoints") or ()
        if isinstance(one, Mapping)
    ]


# --- every answer ----------------------------------------------------------------------------------------------------

_SAMPLES: Final = ("services", "requests")


@check("formats.content-type", _FORMATS, "XML is text/xml; charset=utf-8, JSON is application/json; charset=utf-8.")
def _content_types(visit: Visit) -> Iterable[str]:
    for path in _SAMPLES:
        for form in visit.forms:
            answer = visit.get(path, form)
            if answer.status == 200:
                yield from wrong_type(answer, form)


@check(
    "formats.xml", _FORMATS, "XML has its declaration with encoding UTF-8, is well-formed and has no foreign namespace."
)
def _xml(visit: Visit) -> Iterable[str]:
    for path, root in (("services", "services"), ("requests", "service_requests")):
        answer = visit.get(path, "xml")
        if answer.status != 200:
            yield f"{answer}: 200 is needed"
            continue
        head = answer.body[:200].decode("utf-8", "replace").lower().replace("'", '"')
        if not head.startswith("<?xml") or 'encoding="utf-8"' not in head.partition("?>")[0]:
            yield f"{answer}: it does not begin with an XML declaration that says encoding UTF-8"
        try:
            tree = tree_of(answer.body)
        except Unreadable as error:
            yield f"{answer}: {error}"
            continue
        if local_name(tree) != root:
            yield f"{answer}: the outermost element is {local_name(tree)}, {root} is needed"
        strange = {space for one in tree.iter() if (space := str(one.tag).rpartition("}")[0].lstrip("{"))}
        yield from (f"{answer}: elements of the namespace {space}" for space in sorted(strange - {NAMESPACE}))


@check("formats.json", _FORMATS, "JSON is well-formed (no bare 001) and drops the outer container: lists are arrays.")
def _json(visit: Visit) -> Iterable[str]:
    if "json" not in visit.forms:
        raise NotApplicable("the endpoint offers no JSON")
    for path in _SAMPLES:
        answer = visit.get(path, "json")
        if answer.status != 200:
            yield f"{answer}: 200 is needed"
            continue
        try:
            found = read(answer, "json")
        except Unreadable as error:
            yield f"{answer}: {error}"
            continue
        if not isinstance(found, list):
            yield f"{answer}: the outermost value is a {type(found).__name__}, an array is needed"


# --- errors ----------------------------------------------------------------------------------------------------------


def wrong_refusal(answer: Answer, form: str, *, status: int) -> Iterator[str]:
    """Yield what is wrong with a refusal: its status of HTTP, its format, its list of errors."""
    if answer.status != status:
        yield f"{answer}: {status} is needed"
    yield from wrong_type(answer, form)
    try:
        found = read(answer, form)
    except Unreadable as error:
        yield f"{answer}: {error}"
        return
    if not isinstance(found, list) or not found:
        yield f"{answer}: a list of errors is needed"
        return
    for one in found:
        if not isinstance(one, Mapping) or not one.get("code") or not one.get("description"):
            yield f"{answer}: an error needs code and description, {one!r} was given"


@check("errors.unknown-service", "GET Service Definition; Errors", "An unknown service_code is a 404 with errors.")
def _unknown_service(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        yield from wrong_refusal(visit.get(f"services/{NOBODY}", form), form, status=404)


@check("errors.unknown-request", "GET Service Request; Errors", "An unknown service_request_id is a 404 with errors.")
def _unknown_request(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        yield from wrong_refusal(visit.get(f"requests/{NOBODY}", form), form, status=404)


@check("errors.unknown-token", "GET service_request_id from a token", "An unknown token is a 404 with errors.")
def _unknown_token(visit: Visit) -> Iterable[str]:
    if not any(str(one.get("type")) == "batch" for one in visit.services()):
        answer = visit.get(f"tokens/{NOBODY}", "xml")
        if answer.status == 404 and not answer.content_type.startswith(TYPES["xml"]):
            raise NotApplicable("no service gives tokens, and the endpoint has no such resource")
    for form in visit.forms:
        yield from wrong_refusal(visit.get(f"tokens/{NOBODY}", form), form, status=404)


@check(
    "errors.unknown-jurisdiction",
    "Definitions, jurisdiction_id; Errors",
    "An unknown jurisdiction_id is a 404 with errors (who serves one jurisdiction may ignore it).",
)
def _unknown_jurisdiction(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        answer = visit.get("services", form, jurisdiction_id=NOBODY)
        if answer.status == 200:
            raise NotApplicable("the endpoint ignores jurisdiction_id: it serves one jurisdiction")
        yield from wrong_refusal(answer, form, status=404)


@check("errors.bad-date", "GET Service Requests; Errors", "An argument that cannot be read is a 400 with errors.")
def _bad_date(visit: Visit) -> Iterable[str]:
    for form in visit.forms:
        yield from wrong_refusal(visit.get("requests", form, start_date="yesterday"), form, status=400)
