"""Checks that write: they report once in each format, so they are made only when asked for, on a test endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote

from banyan.faces.open311.conformance.findings import Look, NotApplicable, check
from banyan.faces.open311.conformance.of_discovery import wrong_refusal, wrong_type
from banyan.faces.open311.conformance.of_services import attributes_of
from banyan.faces.open311.conformance.reading import Unreadable, is_true, read
from banyan.faces.open311.conformance.visiting import NOBODY, Visit
from banyan.faces.open311.conformance.wire import Fields

_POST: Final = "POST Service Request"
_WORDS: Final = "A test of the interface (Open311 conformance). Please close it.\nSecond line: 测试，请关闭。"
_SAMPLES: Final = {"number": "1", "datetime": "2026-01-01T00:00:00Z", "text": "test", "string": "test"}


def _check(code: str, words: str, clause: str = _POST) -> Callable[[Look], Look]:
    return check(code, clause, words, writes=True)


def _point(visit: Visit) -> dict[str, str]:
    """Return a place to report: the one that was given, else that of a request in the list."""
    if visit.point is not None:
        return {"lat": str(visit.point[0]), "long": str(visit.point[1])}
    for one in visit.requests():
        if one.get("lat") and one.get("long"):
            return {"lat": str(one["lat"]), "long": str(one["long"])}
    raise NotApplicable("no place to report is known: --at LAT,LONG names one")


def _keyed(visit: Visit) -> dict[str, str]:
    if not visit.api_key:
        raise NotApplicable("no API key was given")
    return {"api_key": visit.api_key}


def _plain_service(visit: Visit) -> dict[str, Any]:
    """Return a service that gives an identifier or a token and asks nothing more, if there is one."""
    services = [one for one in visit.services() if one.get("service_code") and one.get("type") != "blackbox"]
    if not services:
        raise NotApplicable("no service gives an identifier")
    return next((one for one in services if is_true(one.get("metadata")) is False), services[0])


def _answers(visit: Visit) -> dict[str, str | list[str]]:
    """Return an answer to each question of a definition that has to be answered."""
    found: dict[str, str | list[str]] = {}
    for one in attributes_of(visit.definition()[1]):
        if not is_true(one.get("required")) or not is_true(one.get("variable")):
            continue
        values = [str(value["key"]) for value in one.get("values") or () if value.get("key")]
        if one["datatype"] == "multivaluelist":
            found[f"attribute[{one['code']}][]"] = values[:2]
        else:
            found[f"attribute[{one['code']}]"] = values[0] if values else _SAMPLES.get(str(one["datatype"]), "test")
    return found


@_check("write.without-key", "A report without an API key, or with a wrong one, is a 403 with errors.")
def _without_key(visit: Visit) -> Iterable[str]:
    fields = {"service_code": str(_plain_service(visit)["service_code"]), "description": _WORDS, **_point(visit)}
    for form in visit.forms:
        for key in ({}, {"api_key": NOBODY}):
            yield from wrong_refusal(visit.post("requests", form, fields | key), form, status=403)


@_check("write.unknown-service", "A report of an unknown service_code is a 404 with errors.")
def _unknown_service(visit: Visit) -> Iterable[str]:
    fields = {"service_code": NOBODY, "description": _WORDS, **_keyed(visit), **_point(visit)}
    for form in visit.forms:
        yield from wrong_refusal(visit.post("requests", form, fields), form, status=404)


@_check("write.without-service", "A report without a service_code is a 400 with errors.")
def _without_service(visit: Visit) -> Iterable[str]:
    fields = {"description": _WORDS, **_keyed(visit), **_point(visit)}
    for form in visit.forms:
        yield from wrong_refusal(visit.post("requests", form, fields), form, status=400)


@_check("write.half-a-place", "A report with lat and without long is a 400 with errors.")
def _half_a_place(visit: Visit) -> Iterable[str]:
    fields = {"service_code": str(_plain_service(visit)["service_code"]), "description": _WORDS, **_keyed(visit)}
    fields["lat"] = _point(visit)["lat"]
    for form in visit.forms:
        yield from wrong_refusal(visit.post("requests", form, fields), form, status=400)


@_check("write.missing-attribute", "A report without a required attribute is a 400 with errors.")
def _missing_attribute(visit: Visit) -> Iterable[str]:
    service, _ = visit.definition()
    if not _answers(visit):
        raise NotApplicable("no attribute of the definition is required")
    fields = {"service_code": str(service["service_code"]), "description": _WORDS, **_keyed(visit), **_point(visit)}
    for form in visit.forms:
        yield from wrong_refusal(visit.post("requests", form, fields), form, status=400)


@_check("write.received", "A report is answered with an identifier or a token, never both, in a list of one.")
def _received(visit: Visit) -> Iterable[str]:
    service = _plain_service(visit)
    more = _answers(visit) if is_true(service.get("metadata")) else {}
    for form in visit.forms:
        fields = {"service_code": str(service["service_code"]), "description": _WORDS, **_keyed(visit), **_point(visit)}
        yield from _reported(visit, form, {**fields, **more})


@_check("write.attributes", "A report answers a definition with attribute[code] and attribute[code][].")
def _attributes(visit: Visit) -> Iterable[str]:
    service, _ = visit.definition()
    fields = {"service_code": str(service["service_code"]), "description": _WORDS, **_keyed(visit), **_point(visit)}
    yield from _reported(visit, visit.forms[-1], {**fields, **_answers(visit)})


def _reported(visit: Visit, form: str, fields: Fields) -> Iterable[str]:
    answer = visit.post("requests", form, fields)
    if answer.status not in (200, 201):
        yield f"{answer}: 200 or 201 is needed: {answer.body[:300].decode('utf-8', 'replace')}"
        return
    yield from wrong_type(answer, form)
    try:
        found = read(answer, form)
    except Unreadable as error:
        yield f"{answer}: {error}"
        return
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        yield f"{answer}: a list of one is needed"
        return
    request_id, token = found[0].get("service_request_id"), found[0].get("token")
    if bool(request_id) == bool(token):
        yield f"{answer}: {'both' if token else 'neither'} service_request_id {'and' if token else 'nor'} token came"
    visit.kept.setdefault("made", []).append((str(request_id or ""), str(token or "")))


@_check(
    "write.can-be-read",
    "What was reported can be read again by its identifier, or its token leads there.",
    "GET Service Request",
)
def _can_be_read(visit: Visit) -> Iterable[str]:
    if not visit.kept.get("made"):
        raise NotApplicable("nothing was reported")
    for request_id, token in visit.kept["made"]:
        path = f"requests/{quote(request_id, safe='')}" if request_id else f"tokens/{quote(token, safe='')}"
        answer = visit.get(path, visit.forms[-1])
        found = visit.listed(path, visit.forms[-1]) if answer.status == 200 else []
        if answer.status != 200 or len(found) != 1:
            yield f"{answer}: the request is needed"
        elif request_id and str(found[0].get("service_request_id")) != request_id:
            yield f"{answer}: it is {found[0].get('service_request_id')!r}"
