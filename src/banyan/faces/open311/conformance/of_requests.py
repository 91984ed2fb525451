"""Checks of requests: the list, its arguments, one request."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from banyan.faces.open311.conformance.findings import Level, NotApplicable, check
from banyan.faces.open311.conformance.reading import Unreadable, instant_of, read
from banyan.faces.open311.conformance.visiting import Visit, texts

_LIST: Final = "GET Service Requests"
_ONE: Final = "GET Service Request"
_DATES: Final = ("requested_datetime", "updated_datetime", "expected_datetime")
_MOST: Final = 1000
_DAYS: Final = timedelta(days=90)
#: The clocks of two machines differ, and a server may count whole days.
_SLACK: Final = timedelta(days=1)
_TAG: Final = re.compile(r"</?(?:a|b|br|div|i|img|p|script|span|strong|table)\b[^>]*>", re.IGNORECASE)


def _each(visit: Visit) -> Iterator[tuple[str, dict[str, Any]]]:
    n = 0
    for form in visit.forms:
        for one in visit.requests(form):
            n += 1
            yield f"{form}: request {one.get('service_request_id')}", one
    if not n:
        raise NotApplicable("the list of the last 90 days is empty")


def _few(found: Iterable[str], n: int = 5) -> Iterator[str]:
    """Yield the first of what was found: the same fault in a thousand requests is one fault."""
    for i, one in enumerate(found):
        if i == n:
            yield "and more like these"
            return
        yield one


@check("requests.fields", _LIST, "Each request has service_request_id, status, service_code and requested_datetime.")
def _fields(visit: Visit) -> Iterable[str]:
    names = ("service_request_id", "status", "service_code", "requested_datetime")
    yield from _few(f"{at} has no {name}" for at, one in _each(visit) for name in names if not one.get(name))


@check("requests.status", _LIST, "status is open or closed.")
def _status(visit: Visit) -> Iterable[str]:
    yield from _few(
        f"{at}: status is {one.get('status')!r}"
        for at, one in _each(visit)
        if one.get("status") not in ("open", "closed")
    )


@check("requests.strings", "Schema of GeoReport v2 in JSON", "In JSON service_request_id and service_code are strings.")
def _strings(visit: Visit) -> Iterable[str]:
    if "json" not in visit.forms:
        raise NotApplicable("the endpoint offers no JSON")
    if not visit.requests("json"):
        raise NotApplicable("the list of the last 90 days is empty")
    yield from _few(
        f"{name} {one.get(name)!r} is a bare {type(one.get(name)).__name__}"
        for one in visit.requests("json")
        for name in ("service_request_id", "service_code")
        if one.get(name) is not None and not isinstance(one[name], str)
    )


@check("requests.dates", "Date/time format", "Every date and time is of the W3C form, with its zone.")
def _dates(visit: Visit) -> Iterable[str]:
    yield from _few(
        f"{at}: {name} is {one[name]!r}"
        for at, one in _each(visit)
        for name in _DATES
        if one.get(name) and instant_of(one[name]) is None
    )


@check("requests.points", _LIST, "lat and long are degrees of WGS84, both or neither.")
def _points(visit: Visit) -> Iterable[str]:
    yield from _few(
        f"{at}: lat {one.get('lat')!r}, long {one.get('long')!r}" for at, one in _each(visit) if not _is_point(one)
    )


def _is_point(one: dict[str, Any]) -> bool:
    given = [one.get("lat"), one.get("long")]
    if given in ([None, None], ["", ""]):
        return True
    try:
        lat, lon = (float(str(value)) for value in given)
    except ValueError:
        return False
    return math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180


@check("requests.description", _LIST, "description has at most 4000 characters and no HTML.")
def _description(visit: Visit) -> Iterable[str]:
    for at, one in _each(visit):
        words = str(one.get("description") or "")
        if len(words) > 4000:
            yield f"{at}: description has {len(words)} characters"
        elif found := _TAG.search(words):
            yield f"{at}: description holds {found.group()}"


@check("requests.order-of-times", _LIST, "updated_datetime does not lie before requested_datetime.", level=Level.SHOULD)
def _order_of_times(visit: Visit) -> Iterable[str]:
    pairs = [
        (at, instant_of(one.get("requested_datetime")), instant_of(one.get("updated_datetime")))
        for at, one in _each(visit)
    ]
    yield from _few(
        f"{at}: asked {asked}, updated {changed}"
        for at, asked, changed in pairs
        if asked and changed and changed < asked
    )


@check("requests.agree", _LIST, "Both formats list the same requests.")
def _agree(visit: Visit) -> Iterable[str]:
    if len(visit.forms) < 2:
        raise NotApplicable("the endpoint offers one format")
    as_xml, as_json = (set(texts(visit.requests(form), "service_request_id")) for form in visit.forms)
    if len(as_xml ^ as_json) > 2:  # one may have come in between the two reads
        yield f"{len(as_xml ^ as_json)} requests are in one of the two only"


# --- arguments -------------------------------------------------------------------------------------------------------


@check("requests.most", _LIST, "Without arguments at most 1000 requests come.")
def _most(visit: Visit) -> Iterable[str]:
    n = len(visit.requests())
    if n > _MOST:
        yield f"{n} requests came"


@check("requests.ninety-days", _LIST, "Without arguments only requests of the last 90 days come.")
def _ninety_days(visit: Visit) -> Iterable[str]:
    found = [one for one in visit.some_requests() if (at := instant_of(one.get("requested_datetime")))]
    oldest = visit.at - _DAYS - _SLACK
    yield from _few(
        f"{one['service_request_id']} is of {one['requested_datetime']}"
        for one in found
        if (at := instant_of(one["requested_datetime"])) and at < oldest
    )


@check("requests.by-status", _LIST, "status=open and status=closed narrow the list; both together do not.")
def _by_status(visit: Visit) -> Iterable[str]:
    for status in ("open", "closed"):
        wrong = [one for one in visit.requests(status=status) if one.get("status") != status]
        yield from _few(
            (f"status={status} lists {one.get('service_request_id')}, {one.get('status')}" for one in wrong), 2
        )
    whole = {str(one["service_request_id"]) for one in visit.some_requests()}
    both = set(texts(visit.requests(status="open,closed"), "service_request_id"))
    if len(whole ^ both) > 1:
        yield f"status=open,closed lists {len(both)} requests, {len(whole)} come without it"


@check("requests.by-service", _LIST, "service_code narrows the list, also as a list with commas.")
def _by_service(visit: Visit) -> Iterable[str]:
    codes = list(dict.fromkeys(texts(visit.some_requests(), "service_code")))[:2]
    for wanted in dict.fromkeys((codes[0], ",".join(codes))):
        found = list(texts(visit.requests(service_code=wanted), "service_code"))
        strange = sorted(set(found) - set(wanted.split(",")))
        if strange:
            yield f"service_code={wanted} lists {', '.join(strange[:3])} as well"
        if set(found) != set(wanted.split(",")):
            yield f"service_code={wanted} lists {', '.join(sorted(set(found))) or 'nothing'}"


@check("requests.by-id", _LIST, "service_request_id takes a list with commas and overrides all other arguments.")
def _by_id(visit: Visit) -> Iterable[str]:
    some = visit.some_requests(2)[:2]
    ids = {str(one["service_request_id"]) for one in some}
    other = "closed" if some[0].get("status") == "open" else "open"
    for more in ({}, {"status": other, "end_date": "2001-01-02T00:00:00Z", "start_date": "2001-01-01T00:00:00Z"}):
        found = set(texts(visit.requests(service_request_id=",".join(sorted(ids)), **more), "service_request_id"))
        if found != ids:
            how = "by id with other arguments" if more else "by id"
            yield f"asked for {len(ids)} {how}: {len(found & ids)} of them and {len(found - ids)} others came"


@check("requests.by-date", _LIST, "start_date and end_date narrow the list to what was requested between them.")
def _by_date(visit: Visit) -> Iterable[str]:
    times = sorted(at for one in visit.some_requests() if (at := instant_of(one.get("requested_datetime"))))
    if not times:
        raise NotApplicable("no request has a time that can be read")
    middle = times[len(times) // 2]
    since, until = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (middle, middle + timedelta(seconds=1)))
    found = visit.requests(start_date=since, end_date=until)
    if not found:
        yield f"{since} to {until} lists nothing, although a request is of {middle.isoformat()}"
    for one in found:
        at = instant_of(one.get("requested_datetime"))
        if at and not middle - timedelta(seconds=1) <= at <= middle + timedelta(seconds=2):
            yield f"{since} to {until} lists {one.get('service_request_id')} of {one['requested_datetime']}"
            return


@check(
    "requests.span",
    _LIST,
    "From start_date to end_date there are at most 90 days: more is refused or cut.",
    level=Level.SHOULD,
)
def _span(visit: Visit) -> Iterable[str]:
    since = f"{visit.at - timedelta(days=400):%Y-%m-%dT%H:%M:%SZ}"
    answer = visit.get("requests", visit.forms[-1], start_date=since, end_date=f"{visit.at:%Y-%m-%dT%H:%M:%SZ}")
    if answer.status == 400:
        return
    if answer.status != 200:
        yield f"{answer}: 400 or a list is needed"
        return
    found = visit.requests(start_date=since, end_date=f"{visit.at:%Y-%m-%dT%H:%M:%SZ}")
    times = [at for one in found if (at := instant_of(one.get("requested_datetime")))]
    if times and max(times) - min(times) > _DAYS + _SLACK:
        yield f"{answer}: requests from {min(times)} to {max(times)} came"


@check("requests.empty-argument", "Optional Arguments", "An empty argument is the same as one left out.")
def _empty_argument(visit: Visit) -> Iterable[str]:
    empty = dict.fromkeys(("service_code", "status", "start_date", "end_date", "service_request_id"), "")
    answer = visit.get("requests", visit.forms[-1], **empty)
    if answer.status != 200:
        yield f"{answer}: 200 is needed"
        return
    with_, without = (set(texts(found, "service_request_id")) for found in (visit.requests(**empty), visit.requests()))
    if len(with_ ^ without) > 1:
        yield f"{len(with_)} requests come with empty arguments, {len(without)} without them"


# --- one request -----------------------------------------------------------------------------------------------------


@check("request.list-of-one", _ONE, "One request comes as a list of one, the same as in the list.")
def _list_of_one(visit: Visit) -> Iterable[str]:
    known = visit.some_requests()[0]
    request_id = str(known["service_request_id"])
    for form in visit.forms:
        answer = visit.get(f"requests/{request_id}", form)
        if answer.status != 200:
            yield f"{answer}: 200 is needed"
            continue
        try:
            found = read(answer, form)
        except Unreadable as error:
            yield f"{answer}: {error}"
            continue
        if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
            yield f"{answer}: a list of one request is needed"
        elif str(found[0].get("service_request_id")) != request_id:
            yield f"{answer}: it is {found[0].get('service_request_id')!r}"
        elif found[0].get("service_code") != known.get("service_code") and form == visit.forms[-1]:
            codes = found[0].get("service_code"), known.get("service_code")
            yield f"{answer}: service_code is {codes[0]!r}, in the list {codes[1]!r}"
